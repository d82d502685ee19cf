"""Status in Helm, Flux (kstatus) and Argo CD for every version of the objects in some scenarios, beside the phase.

A scenario is played in memory, and each version that its API server stored is given to kstatus itself.
"""

from __future__ import annotations

import json
import subprocess
from typing import Final

import pytest
from tests.builders.objects import Object
from tests.flow.argo_cd import health_of
from tests.flow.scenarios_backfill import BACKFILLS
from tests.flow.scenarios_once import ONCE
from tests.flow.scenarios_shared import SHARED
from tests.flow.scenarios_steps import STEPS
from tests.flow.stored_versions import versions_of

PLAYED: Final = (*ONCE.all[:12], *BACKFILLS.all[:6], *STEPS.all[:3], *SHARED.all)
AS_ARGO: Final = {"InProgress": {"Progressing"}, "Failed": {"Degraded"}, "Current": {"Healthy", "Suspended"}}
RUN_IS_WORKING: Final = {"Progressing"}
"""Argo CD's health of a working run, which kstatus calls Current: a sync hook waits for its end, as for that of a Job."""
RESULT_OF_A_RUN: Final = {"Healthy", "Suspended"}
"""Argo CD's health of an accepted request whose one run did not succeed: there it never follows the last run."""
DELETED_AT: Final = "2027-03-01T12:00:00Z"
BY_PHASE: Final[dict[str, dict[str, str]]] = {
    "ProcessRequest": {
        "Pending": "InProgress",
        "Invalid": "Failed",
        "Failed": "Failed",
        "Canceled": "Failed",
        "Scheduled": "Current",
        "Active": "Current",
        "Suspended": "Current",
        "Succeeded": "Current",
        "Finished": "Current",
    },
    "ProcessRun": {"Pending": "InProgress", "Running": "Current", "Succeeded": "Current"}
    | dict.fromkeys(("Failed", "Missed", "Skipped", "Canceled", "Unknown"), "Failed"),
    "ProcessBackfill": {
        "Pending": "InProgress",
        "Running": "InProgress",
        "Succeeded": "Current",
        "Failed": "Failed",
        "Canceled": "Failed",
    },
}


def wanted(seen: Object) -> str:
    """Expected state of an object for a client that waits for it."""
    status = seen["status"]
    conditions = {found["type"]: found["status"] for found in status.get("conditions") or ()}
    if status["observedGeneration"] != seen["metadata"]["generation"]:
        return "InProgress"
    if seen["kind"] == "Process":
        return {"True": "Current"}.get(
            conditions["Ready"], "Failed" if conditions["Stalled"] == "True" else "InProgress"
        )
    by_phase = BY_PHASE[seen["kind"]][status["phase"]]
    return "InProgress" if by_phase == "Current" and conditions.get("Ready") == "False" else by_phase


def wanted_in_argo_cd(seen: Object, found: str) -> set[str]:
    """The healths that Argo CD may show for an object that is `found` in kstatus."""
    status = seen["status"]
    conditions = {found["type"]: found["status"] for found in status.get("conditions") or ()}
    if seen["kind"] == "ProcessRun" and status["phase"] == "Running":
        return RUN_IS_WORKING
    if seen["kind"] == "ProcessRequest" and found == "Failed" and conditions["Accepted"] == "True":
        return RESULT_OF_A_RUN
    if seen["kind"] in ("ProcessRun", "ProcessBackfill") and found == "InProgress":
        # A spec that is edited after the end changes the generation and nothing else.
        return AS_ARGO[BY_PHASE[seen["kind"]][status["phase"]]]
    return AS_ARGO[found]


def asked(kstatus: list[str], seen: list[Object]) -> list[tuple[str, str]]:
    """Status and message of kstatus for each object."""
    lines = "".join(json.dumps(version) + "\n" for version in seen)
    said = subprocess.run(kstatus, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    assert len(said) == len(seen) > 0
    return [(status, message) for status, _, message in (line.partition("\t") for line in said)]


def test_kstatus_says_what_the_phase_says(
    kstatus: list[str], monkeypatch: pytest.MonkeyPatch, findings: dict[str, int]
) -> None:
    seen = [version for scenario in PLAYED for version in versions_of(scenario, monkeypatch)]
    differ = []
    for version, (found, words) in zip(seen, asked(kstatus, seen), strict=True):
        phase = version["status"].get("phase")
        by_lua = health_of(version).status
        if found != wanted(version) or by_lua not in wanted_in_argo_cd(version, found):
            differ.append(f"{version['kind']} {version['metadata']['name']} {phase}: {found}, {words}; {by_lua}")
        key = f"{version['kind']} {phase}: {found}"
        findings[key] = findings.get(key, 0) + 1
    assert differ == []
    reached = {key.split(": ")[0] for key in findings}
    assert reached >= {
        "ProcessRequest Failed",
        "ProcessRequest Active",
        "ProcessRun Running",
        "ProcessBackfill Running",
    }


def test_kstatus_says_terminating_of_whatever_is_being_deleted(
    kstatus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [version for scenario in (*ONCE.all[:1], *SHARED.all[:1]) for version in versions_of(scenario, monkeypatch)]
    doomed = [{**body, "metadata": {**body["metadata"], "deletionTimestamp": DELETED_AT}} for body in seen]
    assert {body["kind"] for body in doomed} == {"Process", "ProcessRequest", "ProcessRun", "ProcessBackfill"}
    assert {status for status, _ in asked(kstatus, doomed)} == {"Terminating"}
