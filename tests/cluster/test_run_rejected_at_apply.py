"""Runs that the API server itself rejects, and the few changes of a run that it accepts.

The rules stand beside the models in `process_operator/resources`; here a real API server reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from tests.cluster.spec_patches import Patch, assert_names, assert_rejected, manifest

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

BAD_RUNS = [
    pytest.param({"request": None}, "spec.request", "Required value", id="a run of nothing"),
    pytest.param({"request": {"name": "r" * 64}}, "spec.request.name", "more than 63", id="a run of a long name"),
    pytest.param({"trigger": "Cron"}, "spec.trigger", "supported values", id="an unknown trigger"),
    *(
        pytest.param(
            {"trigger": trigger},
            "spec.scheduledTime",
            "scheduledTime must be set",
            id=f"the trigger {trigger} without a time",
        )
        for trigger in ("Later", "Schedule", "CatchUp", "Backfill")
    ),
    pytest.param({"trigger": "Step"}, "spec.parent", "parent must be set if trigger is Step", id="a step of nothing"),
    pytest.param(
        {"parent": {"name": "close-all", "step": "ledger"}},
        "spec.parent",
        "parent must be set if trigger is Step, and only then",
        id="a manual run with a parent",
    ),
    pytest.param({"cancel": "yes"}, "spec.cancel", "must be of type boolean", id="a cancel in quotes"),
    pytest.param(
        {"trigger": "Immediate", "parameters": {"LEDGER": "tax"}},
        "spec.parameters",
        "parameters may only be set if trigger is Manual",
        id="parameters of a run that no person made",
    ),
    *(
        pytest.param(
            {"parameters": {name: "tax"}},
            "spec.parameters",
            "each name must be the name of an environment variable",
            id=f"parameters with {words}",
        )
        for name, words in (
            ("MY-NAME", "a dash in a name"),
            ("", "an empty name"),
            ("LEDGER\n", "a line break in a name"),
            ("\u202eREGDEL", "a name from right to left"),
            ("N" * 64, "a name of 64 characters"),
        )
    ),
    pytest.param(
        {"parameters": {"PROCESS_RUN": "mine"}},
        "spec.parameters",
        "must not begin with PROCESS_",
        id="parameters with a reserved name",
    ),
    pytest.param(
        {"parameters": {"LEDGER": "x" * 4097}},
        "spec.parameters.LEDGER",
        "may not be more than 4096",  # prose: words of the API server
        id="parameters with a long value",
    ),
    pytest.param(
        {"parameters": {"LEDGER": 7}}, "spec.parameters.LEDGER", "of type string", id="parameters with a number"
    ),
    pytest.param(
        {"parameters": {f"N{number}": "" for number in range(65)}},
        "spec.parameters",
        "must have at most 64 items",
        id="65 parameters",
    ),
    pytest.param({"parameters": ["LEDGER=tax"]}, "spec.parameters", "of type object", id="parameters as a list"),
]


@pytest.mark.parametrize(("patch", "field", "words"), BAD_RUNS)
def test_a_run_is_rejected_for(cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str) -> None:
    assert_rejected(cluster, shared_namespace, manifest("ProcessRun", patch), field=field, words=words)


FULL_RUN: Patch = {
    "trigger": "Step",
    "scheduledTime": "2027-01-01T00:00:00Z",
    "parent": {"name": "close-all", "step": "ledger"},
}
ONLY_CANCEL = "only cancel can be changed"


@dataclass(frozen=True)
class Change:
    """A change of a run that the API server rejects, with the field and the words of its answer."""

    id: str
    change: Patch
    path: str
    before: Patch = field(default_factory=dict)
    words: str = ONLY_CANCEL


CHANGED_RUNS: Final = [
    Change("its request", change={"request": {"name": "other"}}, path="spec"),
    Change("its trigger", change={"trigger": "Immediate"}, path="spec"),
    Change("a time that it did not have", change={"scheduledTime": "2027-01-01T00:00:00Z"}, path="spec"),
    Change("its time", before=FULL_RUN, change={"scheduledTime": "2027-01-02T00:00:00Z"}, path="spec"),
    Change("its time, taken away", before=FULL_RUN, change={"scheduledTime": None}, path="spec"),
    Change("its step", before=FULL_RUN, change={"parent": {"step": "other"}}, path="spec"),
    Change("parameters that it did not have", change={"parameters": {"LEDGER": "tax"}}, path="spec"),
    Change("a parameter", before={"parameters": {"A": "1"}}, change={"parameters": {"A": "2"}}, path="spec"),
    Change("its parameters, taken away", before={"parameters": {"A": "1"}}, change={"parameters": None}, path="spec"),
    Change("a parent", change={"parent": {"name": "a", "step": "b"}, "trigger": "Step"}, path="spec"),
    Change(
        "a cancel, taken back",
        before={"cancel": True},
        change={"cancel": False},
        path="spec.cancel",
        words="cannot be changed back to false",
    ),
    Change(
        "a cancel, removed",
        before={"cancel": True},
        change={"cancel": None},
        path="spec.cancel",
        words="cannot be changed back to false",
    ),
]


@pytest.mark.parametrize("case", CHANGED_RUNS, ids=lambda case: case.id)
def test_a_change_of_a_run_is_rejected(cluster: Kubectl, shared_namespace: str, case: Change) -> None:
    run = manifest("ProcessRun", case.before)
    assert cluster.create(run, shared_namespace).ok
    answer = cluster.patch("prun", run["metadata"]["name"], shared_namespace, {"spec": case.change})
    assert not answer.ok, answer.message
    assert_names(answer.message, case.path, case.words)


def test_a_run_is_canceled_by_a_patch_of_its_spec(cluster: Kubectl, shared_namespace: str) -> None:
    run = manifest("ProcessRun", FULL_RUN)
    assert cluster.create(run, shared_namespace).ok
    for _ in range(2):
        answer = cluster.patch("prun", run["metadata"]["name"], shared_namespace, {"spec": {"cancel": True}})
        assert answer.ok, answer.message


FINISHED = ("Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown")


@pytest.mark.parametrize("phase", FINISHED)
def test_a_finished_run_keeps_its_phase(cluster: Kubectl, shared_namespace: str, phase: str) -> None:
    run = manifest("ProcessRun", {})
    name = run["metadata"]["name"]
    assert cluster.create(run, shared_namespace).ok
    assert cluster.get("prun", name, shared_namespace)["status"]["phase"] == "Pending"
    for step_by_step in ("Running", "Pending", phase):
        answer = cluster.patch(
            "prun", name, shared_namespace, {"status": {"phase": step_by_step}}, subresource="status"
        )
        assert answer.ok, answer.message
    for other in ("Running", "Failed" if phase != "Failed" else "Succeeded", None):
        answer = cluster.patch("prun", name, shared_namespace, {"status": {"phase": other}}, subresource="status")
        assert not answer.ok
        assert_names(answer.message, "status.phase", "the phase of a finished run cannot be changed")
    grown = {"phase": phase, "summary": {"from": "2027-01-01T00:00:00Z", "to": "2027-01-02T00:00:00Z", "count": 11}}
    answer = cluster.patch("prun", name, shared_namespace, {"status": grown}, subresource="status")
    assert answer.ok, answer.message


def test_a_run_cannot_end_before_it_starts(cluster: Kubectl, shared_namespace: str) -> None:
    run = manifest("ProcessRun", {})
    name = run["metadata"]["name"]
    assert cluster.create(run, shared_namespace).ok
    wrong = {"startTime": "2027-01-01T00:00:01Z", "endTime": "2027-01-01T00:00:00Z"}
    answer = cluster.patch("prun", name, shared_namespace, {"status": wrong}, subresource="status")
    assert not answer.ok
    assert_names(answer.message, "status.endTime", "endTime must not be before startTime")
    right = wrong | {"endTime": "2027-01-01T00:00:01Z"}
    answer = cluster.patch("prun", name, shared_namespace, {"status": right}, subresource="status")
    assert answer.ok, answer.message
