"""Runs that the operator itself ends: canceled in every state, replaced, unscheduled; the Job stays, the log is whole.

All are started at once, canceled when they are where the case wants them, and then each test waits for its own.
Neighbours: `test_run_jobs_removed.py` and `test_run_pods_removed.py` have what others do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import manual_run
from tests.cluster.run_end import End, check, no_log
from tests.cluster.run_requests import FINISHED, LONG, UNTIL_RELEASED, Runs, container, request, slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

CANCELED = End(phase="Canceled", reason="Canceled", message="spec.cancel was set", log="begin\nlast words", code=8)
NOT_STARTED = replace(
    CANCELED, code=None, attempts=0, started=False, pod=False, **no_log("NeverStarted", container=None)
)
# The log is read while the container says its last words: a busy operator has three seconds for that.
TRAP = f"trap 'echo last words; sleep 3; exit 8' TERM; echo begin; {LONG}"


def has_begun(runs: Runs, name: str) -> None:
    runs.pod(name, printed="begin")


def has_a_job(runs: Runs, name: str) -> None:
    run = runs.wait(name, {"Pending", "Running"})["metadata"]["name"]
    runs.cluster.wait_until(lambda: runs.cluster.get("job", run, runs.namespace), what=f"{name} has a Job")


def says_why_it_waits(reason: str) -> Callable[[Runs, str], None]:
    def wait(runs: Runs, name: str) -> None:
        runs.wait(name, {"Pending", *FINISHED}, reason=reason)

    return wait


def is_being_deleted(runs: Runs, name: str) -> None:
    has_begun(runs, name)
    job = runs.get(name)["metadata"]["name"]
    runs.cluster.run("delete", "job", job, "--namespace", runs.namespace, "--cascade=foreground", "--wait=false")


def retries(runs: Runs, name: str) -> None:
    runs.pod(name, printed="try 2")


def case(says: str, when: Callable[[Runs, str], None], end: End, *containers: Object | str, **changes: Any) -> Any:
    return pytest.param(request(slug(says), *(containers or (TRAP,)), **changes), when, end, id=says)


CASES = [
    case("running with a grace period of 30 s", has_begun, CANCELED, pod={"terminationGracePeriodSeconds": 30}),
    case(
        "running without a grace period",
        has_begun,
        replace(CANCELED, code=None),
        pod={"terminationGracePeriodSeconds": 0},
    ),
    case(
        "running and deaf to SIGTERM until its grace period is over",
        has_begun,
        replace(CANCELED, log="begin", code=137),
        "trap '' TERM; echo begin; sleep 600",
        pod={"terminationGracePeriodSeconds": 2},
    ),
    case(
        "running and content to end with 0",
        has_begun,
        replace(CANCELED, code=0),
        f"trap 'echo last words; sleep 3; exit 0' TERM; echo begin; {LONG}",
    ),
    case(
        "retried in its pod",
        retries,
        replace(CANCELED, log="try 2\nlast words", attempts=2),
        container(
            "n=$(cat /count/n 2>/dev/null || echo 1); echo $((n+1)) >/count/n; "
            f"trap 'echo last words; sleep 3; exit 8' TERM; echo try $n; [ $n = 1 ] && exit 3; {LONG}",
            volumeMounts=[{"name": "count", "mountPath": "/count"}],
        ),
        pod={"volumes": [{"name": "count", "emptyDir": {}}], "restartPolicy": "OnFailure"},
        job={"backoffLimit": 4},
    ),
    case(
        "without the image that it needs",
        says_why_it_waits("ErrImageNeverPull"),
        replace(NOT_STARTED, attempts=1, pod=True, container="main"),
        {"name": "main", "image": "localhost/absent:1", "imagePullPolicy": "Never"},
    ),
    case(
        "without pods because they are rejected",
        says_why_it_waits("FailedCreate"),
        NOT_STARTED,
        pod={"serviceAccountName": "nobody"},
    ),
    case(
        "suspended until its start",
        says_why_it_waits("Suspended"),
        NOT_STARTED,
        timing={"runLater": {"after": "1h"}},
    ),
    case(
        "deleted in the foreground at the same time",
        is_being_deleted,
        CANCELED,
        f"trap 'echo last words; {UNTIL_RELEASED}; exit 8' TERM; echo begin; {LONG}",
        pod={"terminationGracePeriodSeconds": 600},
    ),
]


def cancel(runs: Runs, name: str) -> None:
    run = runs.get(name)["metadata"]["name"]
    answer = runs.cluster.patch("prun", run, runs.namespace, {"spec": {"cancel": True}})
    assert answer.ok, answer.message


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    for param in CASES:
        applied, when, _ = param.values
        when(runs, applied["metadata"]["name"])
        cancel(runs, applied["metadata"]["name"])
        if when is is_being_deleted:
            runs.release(runs.pod(applied["metadata"]["name"], printed="last words"))
    return runs


@pytest.mark.parametrize(("applied", "when", "end"), CASES)
def test_a_run_is_canceled_that_is(runs: Runs, applied: Object, when: object, end: End) -> None:
    del when
    run = runs.end(applied["metadata"]["name"])
    check(run, end)


def test_a_run_is_canceled_while_its_pod_starts(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("starting", TRAP))
    has_a_job(runs, "starting")
    cancel(runs, "starting")
    run = runs.end("starting")
    assert (run["status"]["phase"], run["status"]["reason"]) == ("Canceled", "Canceled")
    job = cluster.get("job", run["metadata"]["name"], namespace)
    assert job["metadata"]["annotations"]["process-operator.io/kill"] == "Canceled spec.cancel was set"
    cluster.wait_until(
        lambda: not cluster.objects("pod", namespace, fields="status.phase=Running"), what="no pod is left"
    )


def test_a_finished_run_stays_as_it_is_when_it_is_canceled(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("over", "echo done"))
    before = runs.end("over")
    cancel(runs, "over")
    runs.apply(request("later", "echo done"))
    runs.end("later")
    after = runs.get("over")
    assert after["status"] == before["status"]
    job = cluster.get("job", before["metadata"]["name"], namespace)
    assert "process-operator.io/kill" not in job["metadata"].get("annotations", {})


def test_a_run_is_replaced_by_the_next_one_which_starts_after_its_end(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("ledger", TRAP, concurrencyPolicy="Replace", timing={"runLater": {"after": "1h"}}))
    assert cluster.create(manual_run("ledger", "one"), namespace).ok
    cluster.wait_until(
        lambda: (
            "begin" in runs.log(cluster.objects("pod", namespace)[0]) if cluster.objects("pod", namespace) else False
        ),
        what="one has begun",
        namespace=namespace,
    )
    assert cluster.create(manual_run("ledger", "two"), namespace).ok
    assert cluster.wait("prun", "one", namespace, "condition=Finished").ok
    one = cluster.get("prun", "one", namespace)
    check(one, replace(CANCELED, reason="Replaced", message="replaced by two"))
    assert cluster.wait("prun", "two", namespace, "jsonpath={.status.phase}=Running").ok
    assert cluster.get("prun", "two", namespace)["status"]["startTime"] >= one["status"]["endTime"]


def test_a_run_is_canceled_by_the_suspension_of_its_request(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    runs.apply(request("unscheduled", TRAP, onSuspend="CancelRunning"))
    has_begun(runs, "unscheduled")
    assert cluster.patch("preq", "unscheduled", namespace, {"spec": {"suspend": True}}).ok
    check(runs.end("unscheduled"), replace(CANCELED, reason="Unscheduled", message=None))


def test_a_run_is_missed_whose_window_passes_before_it_may_start(cluster: Kubectl, namespace: str) -> None:
    runs = Runs(cluster, namespace)
    # This run exists before the request, so it blocks from the beginning.
    assert cluster.create(manual_run("ledger", "by-hand"), namespace).ok
    cluster.wait_until(
        lambda: cluster.get("prun", "by-hand", namespace)["status"].get("reason") == "RequestNotFound",
        what="the operator knows of it",
        namespace=namespace,
    )
    runs.apply(
        request("ledger", TRAP, concurrencyPolicy="Forbid", timing={"runLater": {"after": "6s", "within": "3s"}})
    )
    stem = "ledger-"

    def missed() -> Object | None:
        found = cluster.objects("prun", namespace)
        return next(
            (run for run in found if run["metadata"]["name"].startswith(stem) and run["status"]["phase"] in FINISHED),
            None,
        )

    run = cluster.wait_until(missed, what="the run that waited is over", namespace=namespace)
    assert run is not None
    assert (run["status"]["phase"], run["status"]["reason"]) == ("Missed", "DeadlinePassed")
    assert run["status"]["message"].startswith("not started by ")
    assert not run["status"].keys() & {"startTime", "exitCode", "pod"}
