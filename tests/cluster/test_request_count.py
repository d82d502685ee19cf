"""How many API requests a run costs, counted by the API server itself; and that a request at rest costs none.

Beyond creating the run and its Job a plain run takes at most three: a PATCH when it has run for a while, the GET of its
log, and the PATCH of its end. What is coalesced for each request comes on top and is printed: its status, Events,
retention. Neighbour: `audit_log.py`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.cluster.audit_log import AuditLog, Call
from tests.cluster.manifests import job_template, sleeper
from tests.cluster.run_end import FINISHED, Body, Runs, request

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

COUNT: Final = 20
MAKING: Final = frozenset({Call("create", "processruns"), Call("create", "jobs")})
COALESCED: Final = frozenset(
    {
        Call("patch", "processrequests/status"),
        Call("create", "jobs (dry run)"),
        Call("create", "events"),
        Call("patch", "events"),
        Call("deletecollection", "processruns"),
        Call("deletecollection", "jobs"),
        Call("list", "processruns"),
    }
)
QUIET_SECONDS: Final = 20


@pytest.fixture
def audit(kubeconfig: Path) -> AuditLog:
    path = kubeconfig.parent / "logs" / "audit.log"
    if not path.exists():
        pytest.skip("the API server of this cluster writes no audit log")
    return AuditLog(path)


def case(says: str, script: str, phase: str, most: float, job: Body | None = None) -> Any:
    return pytest.param(script, job or {}, phase, most, id=says)


@pytest.mark.parametrize(
    ("script", "job", "phase", "most"),
    [
        case("a success within two seconds", "echo hello", "Succeeded", 2),
        case("a failure within two seconds", "echo hello; exit 3", "Failed", 2),
        case("a longer success", "echo hello; sleep 5", "Succeeded", 3),
        case("a longer failure", "echo hello; sleep 5; exit 3", "Failed", 3),
        case("a run that meets its deadline", sleeper(600), "Failed", 5, {"activeDeadlineSeconds": 4}),
    ],
)
def test_a_run_costs(
    cluster: Kubectl, namespace: str, audit: AuditLog, script: str, job: Body, phase: str, most: float
) -> None:
    every_second = {"schedule": {"secondly": {"every": 1}, "maxRuns": COUNT}}
    history = {"successful": 0, "failed": 0, "other": 0}
    settle(audit)
    before = audit.calls(namespace=namespace)
    assert not before
    applied = request("counted", script, job=job, timing=every_second, history={**history, "successful": COUNT, "failed": COUNT})
    Runs(cluster, namespace).apply(applied)

    def all_over() -> bool:
        phases = [run["status"]["phase"] for run in cluster.objects("prun", namespace)]
        return len(phases) == COUNT and set(phases) == {phase}

    cluster.wait_until(all_over, 90, what=f"{COUNT} runs are {phase}", namespace=namespace)
    settle(audit)
    calls = audit.calls(namespace=namespace)
    show(calls)
    assert calls[Call("create", "processruns")] == COUNT
    assert calls[Call("create", "jobs")] == COUNT
    per_run = sum(count for call, count in calls.items() if call not in MAKING | COALESCED) / COUNT
    assert per_run <= most


def settle(audit: AuditLog) -> None:
    """Wait until the operator has had nothing to say for two seconds."""
    quiet_since, before = time.monotonic(), audit.calls()
    while time.monotonic() < quiet_since + 2:
        time.sleep(0.2)
        if (now := audit.calls()) != before:
            quiet_since, before = time.monotonic(), now


def show(calls: Counter[Call]) -> None:
    print()
    for call, count in sorted(calls.items()):
        print(f"  {count:5} {count / COUNT:6.2f} per run  {call}")
