"""Argo CD's health and actions of real objects: every version that the scenarios store.

Neighbour: `tests/oracles/test_kstatus.py` compares the health with kstatus.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Final

import pytest
from tests.builders.objects import Object
from tests.flow.argo_cd import act, buttons_of, has_scripts, health_of, merge_patch
from tests.flow.stored_versions import OURS, versions_of
from tests.flow.test_scenarios import SCENARIOS

from process_operator.resources.kind import NOT_OBSERVED
from process_operator.resources.names import ANNOTATION_RESCHEDULE, ANNOTATION_SUSPEND_REASON, ANNOTATION_SUSPENDED_BY

PLAYED: Final = (
    "Run Immediately that succeeds",
    "Run Immediately that fails",
    "Run Immediately, rescheduled twice",
    "Run Immediately that is created suspended, then resumed",
    "Run Later that waits in a suspended Job",
    "a run that is canceled while it runs",
    "a request whose Process is missing, then appears",
    "a request with a parameter that is missing, then given",
    "a backfill of five ticks, one after the other",
    "a backfill that is canceled",
)
HEALTH_BY_PHASE: Final = {
    "ProcessRun": {"Pending": "Progressing", "Running": "Progressing", "Succeeded": "Healthy"}
    | dict.fromkeys(("Failed", "Missed", "Skipped", "Canceled", "Unknown"), "Degraded"),
    "ProcessBackfill": {
        "Pending": "Progressing",
        "Running": "Progressing",
        "Succeeded": "Healthy",
        "Failed": "Degraded",
        "Canceled": "Degraded",
    },
}


@cache
def _played() -> tuple[Object, ...]:
    with pytest.MonkeyPatch.context() as patch:
        scenarios = {scenario.title: scenario for scenario in SCENARIOS}
        return tuple(version for title in PLAYED for version in versions_of(scenarios[title], patch))


@pytest.fixture(scope="module")
def versions() -> dict[str, list[Object]]:
    """The versions of each kind, in the order in which they were stored."""
    found = defaultdict(list)
    for version in _played():
        found[version["kind"]].append(version)
    return found


def _conditions(body: Object) -> dict[str, Object]:
    return {found["type"]: found for found in body.get("status", {}).get("conditions") or ()}


def _is_observed(body: Object) -> bool:
    return bool(body.get("status", {}).get("observedGeneration") == body["metadata"]["generation"])


def test_every_kind_has_a_health_script() -> None:
    assert all(has_scripts(kind.kind, of="health.lua") for kind in OURS)


@pytest.mark.parametrize("kind", HEALTH_BY_PHASE)
def test_health_of_work_follows_its_phase(versions: dict[str, list[Object]], kind: str) -> None:
    seen = {}
    for body in versions[kind]:
        phase = body.get("status", {}).get("phase", "Pending")
        seen[phase] = health_of(body)
        assert seen[phase].status == HEALTH_BY_PHASE[kind][phase], body
        assert phase in seen[phase].message
    assert set(seen) >= {"Pending", "Running", "Succeeded"}


def test_health_of_a_request_never_follows_the_result_of_a_run(versions: dict[str, list[Object]]) -> None:
    results = set()
    for body in versions["ProcessRequest"]:
        conditions = _conditions(body)
        if not _is_observed(body) or conditions["Accepted"]["status"] != "True":
            continue
        if conditions["Ready"]["status"] != "True":
            continue
        last = body["status"].get("lastRun")
        found = health_of(body)
        assert found.status == ("Suspended" if body["spec"].get("suspend") else "Healthy"), body
        if last is not None:
            assert f"last run {last['name']}: {last['phase']}" in found.message
            results.add(last["phase"])
    assert results >= {"Pending", "Running", "Succeeded", "Failed", "Canceled"}


def test_a_request_that_is_not_accepted_is_degraded_unless_the_cause_can_go_away(
    versions: dict[str, list[Object]],
) -> None:
    seen = set()
    for body in versions["ProcessRequest"]:
        conditions = _conditions(body)
        if not _is_observed(body) or conditions["Accepted"]["status"] == "True":
            continue
        found = health_of(body)
        assert found.status == ("Degraded" if conditions["Stalled"]["status"] == "True" else "Progressing")
        assert conditions["Accepted"]["reason"] in found.message
        seen.add(found.status)
    assert seen == {"Degraded", "Progressing"}


def test_an_object_that_the_operator_has_not_processed_is_progressing(versions: dict[str, list[Object]]) -> None:
    unseen = [
        body
        for kind in ("ProcessRequest", "ProcessRun", "ProcessBackfill")
        for body in versions[kind]
        if body["status"]["observedGeneration"] == NOT_OBSERVED
    ]
    edited = [body for body in versions["ProcessRequest"] if not _is_observed(body) and body not in unseen]
    assert {body["kind"] for body in unseen} == {"ProcessRequest", "ProcessRun", "ProcessBackfill"}
    assert edited
    assert {health_of(body).status for body in [*unseen, *edited]} == {"Progressing"}


def test_buttons_of_a_request_follow_its_state(versions: dict[str, list[Object]]) -> None:
    seen = set()
    for body in versions["ProcessRequest"]:
        is_suspended = bool(body["spec"].get("suspend"))
        accepted = _conditions(body).get("Accepted")
        assert buttons_of(body) == {
            "run": accepted is None or accepted["status"] == "True",
            "suspend": not is_suspended,
            "resume": is_suspended,
            "reschedule": not is_suspended,
        }
        seen.add((is_suspended, accepted and accepted["status"]))
    assert seen >= {(False, None), (False, "True"), (False, "False"), (True, "True")}


def test_run_creates_a_run_that_the_verb_allows(versions: dict[str, list[Object]]) -> None:
    body = versions["ProcessRequest"][-1]
    ((operation, run),) = act(body, "run")
    assert operation == "create"
    assert run == {
        "apiVersion": body["apiVersion"],
        "kind": "ProcessRun",
        "metadata": {"generateName": f"{body['metadata']['name']}-", "namespace": body["metadata"]["namespace"]},
        "spec": {"request": {"name": body["metadata"]["name"]}, "trigger": "Manual"},
    }


@pytest.mark.parametrize(("action", "suspend"), [("suspend", True), ("resume", False)])
def test_suspend_and_resume_change_one_field_and_remove_what_is_said_about_it(
    versions: dict[str, list[Object]], action: str, *, suspend: bool
) -> None:
    annotations = {ANNOTATION_SUSPENDED_BY: "anna", ANNOTATION_SUSPEND_REASON: "stocktaking"}
    removed = dict.fromkeys(annotations)
    pressed = 0
    for body in versions["ProcessRequest"]:
        if not buttons_of(body)[action]:
            continue
        metadata = {**body["metadata"], "annotations": {**body["metadata"].get("annotations", {}), **annotations}}
        ((operation, after),) = act({**body, "metadata": metadata}, action)
        patch = merge_patch({**body, "metadata": metadata}, after)
        assert (operation, patch) == ("patch", {"spec": {"suspend": suspend}, "metadata": {"annotations": removed}})
        ((_, plain),) = act(body, action)
        assert merge_patch(body, plain) == {"spec": {"suspend": suspend}}
        pressed += 1
    assert pressed > 0


def test_reschedule_writes_the_time_and_nothing_else(versions: dict[str, list[Object]]) -> None:
    for body in versions["ProcessRequest"]:
        ((_, after),) = act(body, "reschedule")
        patch = merge_patch(body, after)
        value = patch["metadata"]["annotations"].pop(ANNOTATION_RESCHEDULE)
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", value)
        assert patch == {"metadata": {"annotations": {}}}


@pytest.mark.parametrize("kind", ["ProcessRun", "ProcessBackfill"])
def test_cancel_changes_one_field_of_open_work(versions: dict[str, list[Object]], kind: str) -> None:
    seen = set()
    for body in versions[kind]:
        is_open = body.get("status", {}).get("phase", "Pending") in ("Pending", "Running")
        is_canceled = bool(body["spec"].get("cancel"))
        assert buttons_of(body) == {"cancel": is_open and not is_canceled}
        seen.add((is_open, is_canceled))
        if is_open and not is_canceled:
            ((operation, after),) = act(body, "cancel")
            assert (operation, merge_patch(body, after)) == ("patch", {"spec": {"cancel": True}})
    assert seen >= {(True, False), (True, True), (False, False)}
