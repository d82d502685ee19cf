"""Runs whose Jobs are deleted or suspended by others, and Jobs whose template asks for their own removal.

All are started at once, disturbed as soon as they have begun to print, and then each test waits for its own.
Neighbours: `test_run_pods_removed.py`, `test_run_kills.py`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.run_end import End, check
from tests.cluster.run_requests import FINISHED, LONG, UNTIL_RELEASED, Runs, request, slug

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

HELD = f"echo begin; {UNTIL_RELEASED}; echo ended"
WORK = "trap 'echo last words; sleep 10; exit 8' TERM; echo begin; " + LONG
# The log is read while the container says its last words: a busy operator has ten seconds for that.
ENDS_SLOWLY: Object = {"terminationGracePeriodSeconds": 30}
CANCELED = End(
    phase="Canceled", reason="JobDeleted", message="its Job was deleted while it ran", code=8, log="begin\nlast words"
)


def case(says: str, script: str, cascade: str, end: End, **changes: Any) -> Any:
    return pytest.param(request(slug(says), script, **changes), cascade, end, id=says)


CASES = [
    case("deleted in the background while it runs", WORK, "background", CANCELED, pod=ENDS_SLOWLY),
    case("deleted in the foreground while it runs", WORK, "foreground", CANCELED, pod=ENDS_SLOWLY),
    case(
        "orphaned pod that succeeds later",
        HELD,
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
        f"{HELD}; exit 3",
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


def is_gone(cluster: Kubectl, job: str, namespace: str) -> bool:
    return cluster.find("job", job, namespace) is None


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    for param in CASES:
        applied, cascade, _ = param.values
        pod = runs.pod(applied["metadata"]["name"], printed="begin")
        job = pod["metadata"]["labels"]["batch.kubernetes.io/job-name"]
        cluster.run("delete", "job", job, "--namespace", shared_namespace, f"--cascade={cascade}", "--wait=false")
        if cascade == "orphan":
            gone = partial(is_gone, cluster, job, shared_namespace)
            cluster.wait_until(gone, what=f"the Job {job} is gone", namespace=shared_namespace)
            runs.release(pod)
    return runs


@pytest.mark.parametrize(("applied", "cascade", "end"), CASES)
def test_a_run_ends_as_its_deleted_job(runs: Runs, applied: Object, cascade: str, end: End) -> None:
    del cascade
    check(runs.end(applied["metadata"]["name"]), end)


def test_a_run_that_is_paused_starts_over_when_it_is_resumed(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    script = f"trap 'echo paused; exit 0' TERM; {HELD}"
    runs.apply(request("pausing", script, onSuspend="SuspendRunning"))
    pod = runs.pod("pausing", printed="begin")
    assert cluster.patch("preq", "pausing", namespace, {"spec": {"suspend": True}}).ok
    paused = runs.wait("pausing", {"Pending", *FINISHED}, reason="Suspended")["status"]
    assert paused["phase"] == "Pending"
    assert "SuspendRunning" in paused["message"]
    assert not paused.keys() & {"startTime", "exitCode", "log", "endTime"}
    assert cluster.patch("preq", "pausing", namespace, {"spec": {"suspend": False}}).ok
    runs.release(runs.pod("pausing", printed="begin", other_than=pod["metadata"]["name"]))
    check(runs.end("pausing"), End(phase="Succeeded", reason="Completed", code=0, log="begin\nended"))


def test_the_log_is_kept_of_a_job_whose_template_removes_it_at_once(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("fleeting", "echo hello", job={"ttlSecondsAfterFinished": 0}))
    run = runs.end("fleeting")
    check(run, End(phase="Succeeded", reason="Completed", code=0, log="hello"))
    name = run["metadata"]["name"]
    cluster.wait_until(
        lambda: cluster.find("job", name, namespace) is None, what="the Job is removed", namespace=namespace
    )
    assert runs.get("fleeting")["status"] == run["status"]
