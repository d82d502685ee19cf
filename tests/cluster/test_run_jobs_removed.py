"""Runs whose Jobs are deleted or suspended by others, and Jobs whose template asks for their own removal.

All are started at once, disturbed as soon as they have begun to print, and then each test waits for its own.
Neighbours: `test_run_pods_removed.py`, `test_run_kills.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.cluster.run_end import End, check
from tests.cluster.run_requests import FINISHED, LONG, Body, Runs, request, slug

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

WORK = "trap 'echo last words; sleep 2; exit 8' TERM; echo begin; " + LONG
CANCELED = End(
    phase="Canceled", reason="JobDeleted", message="its Job was deleted while it ran", code=8, log="begin\nlast words"
)


def case(says: str, script: str, cascade: str, end: End, **changes: Any) -> Any:
    return pytest.param(request(slug(says), script, **changes), cascade, end, id=says)


CASES = [
    case("deleted in the background while it runs", WORK, "background", CANCELED),
    case("deleted in the foreground while it runs", WORK, "foreground", CANCELED),
    case(
        "orphaned pod that succeeds later",
        "echo begin; sleep 5; echo ended",
        "orphan",
        End(
            phase="Succeeded",
            reason="JobDeleted",
            message="its Job was deleted before it was recorded",
            code=0,
            log="begin\nended",
        ),
    ),
    case(
        "orphaned pod that fails later",
        "echo begin; sleep 5; echo ended; exit 3",
        "orphan",
        End(
            phase="Canceled",
            reason="JobDeleted",
            message="its Job was deleted while it ran",
            code=3,
            log="begin\nended",
        ),
    ),
]


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    for param in CASES:
        applied, cascade, _ = param.values
        pod = runs.pod(applied["metadata"]["name"], printed="begin")
        job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        cluster.run("delete", "job", job, "--namespace", shared_namespace, f"--cascade={cascade}", "--wait=false")
    return runs


@pytest.mark.parametrize(("applied", "cascade", "end"), CASES)
def test_a_run_ends_as_its_deleted_job(runs: Runs, applied: Body, cascade: str, end: End) -> None:
    del cascade
    check(runs.end(applied["metadata"]["name"]), end)


def test_a_run_that_is_paused_starts_over_when_it_is_resumed(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    script = "trap 'echo paused; exit 0' TERM; echo begin; sleep 5 & wait $!; echo ended"
    runs.apply(request("pausing", script, onSuspend="SuspendRunning"))
    runs.pod("pausing", printed="begin")
    assert cluster.patch("preq", "pausing", namespace, {"spec": {"suspend": True}}).ok
    paused = runs.wait("pausing", {"Pending", *FINISHED}, reason="Suspended", seconds=15)["status"]
    assert paused["phase"] == "Pending"
    assert "SuspendRunning" in paused["message"]
    assert not paused.keys() & {"startTime", "exitCode", "log", "endTime"}
    assert cluster.patch("preq", "pausing", namespace, {"spec": {"suspend": False}}).ok
    check(runs.end("pausing"), End(phase="Succeeded", reason="Completed", code=0, log="begin\nended"))


def test_the_log_is_kept_of_a_job_whose_template_removes_it_at_once(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("fleeting", "echo hello", job={"ttlSecondsAfterFinished": 0}))
    run = runs.end("fleeting")
    check(run, End(phase="Succeeded", reason="Completed", code=0, log="hello"))
    name = run["metadata"]["name"]
    cluster.wait_until(
        lambda: cluster.find("job", name, namespace) is None, 30, what="the Job is removed", namespace=namespace
    )
    assert runs.get("fleeting")["status"] == run["status"]
