"""Status in Helm, Flux (kstatus) and Argo CD for every version of the objects in some scenarios, beside the phase.

A scenario is played in memory, and each version that its API server stored is given to kstatus itself.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from lupa import LuaRuntime
from tests.flow.memory_api import Body, Cluster
from tests.flow.scenario import Scenario, play
from tests.flow.scenarios_backfill import BACKFILLS
from tests.flow.scenarios_once import ONCE
from tests.flow.scenarios_shared import SHARED
from tests.flow.scenarios_steps import STEPS

from process_operator.resources.kinds import PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.names import API_VERSION

PLAYED: Final = (*ONCE.all[:12], *BACKFILLS.all[:6], *STEPS.all[:3], *SHARED.all)
OURS: Final = (PROCESS, PROCESS_REQUEST, PROCESS_RUN, PROCESS_BACKFILL)
HEALTH: Final = Path(__file__).parents[2] / "config" / "argo-cd" / "health.lua"
AS_ARGO: Final = {"InProgress": {"Progressing"}, "Failed": {"Degraded"}, "Current": {"Healthy", "Suspended"}}
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


def wanted(seen: Body) -> str:
    """What an object should be for whoever waits for it."""
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


def versions_of(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> list[Body]:
    """Every version of our objects that a scenario stores."""
    seen: list[Body] = []
    store = Cluster._store

    def watched(cluster: Cluster, kind: Kind, body: Body) -> Any:
        stored = store(cluster, kind, body)
        if kind in OURS:
            seen.append({"apiVersion": API_VERSION, "kind": kind.kind, **stored})
        return stored

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "_store", watched)
        play(scenario)
    return seen


def argo_cd() -> Callable[[Body], str]:
    """The health that Argo CD shows with the script that the project ships for it."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    script: Any = lua.eval(f"function(obj) {HEALTH.read_text()} end")

    def health(seen: Body) -> str:
        status: str = script(lua.table_from(seen, recursive=True))["status"]
        return status

    return health


def test_kstatus_says_what_the_phase_says(
    kstatus: list[str], monkeypatch: pytest.MonkeyPatch, findings: dict[str, int]
) -> None:
    seen = [version for scenario in PLAYED for version in versions_of(scenario, monkeypatch)]
    lines = "".join(json.dumps(version) + "\n" for version in seen)
    said = subprocess.run(kstatus, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    assert len(said) == len(seen) > 0
    health = argo_cd()
    differ = []
    for version, line in zip(seen, said, strict=True):
        found, _, words = line.partition("\t")
        phase = version["status"].get("phase")
        by_lua = health(version)
        if found != wanted(version) or by_lua not in AS_ARGO[found]:
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
