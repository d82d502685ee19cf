"""Runs whose pods are taken away by others: by hand, by an eviction, by force.

All are started at once, disturbed as soon as they have begun to print, and then each test waits for its own.
Neighbours: `test_run_jobs_removed.py`, `test_run_kills.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.run_end import End, OneOf, check
from tests.cluster.run_requests import LONG, UNTIL_RELEASED, Runs, request, slug

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.kubectl import Kubectl

pytestmark = pytest.mark.node

BEFORE_IT_VANISHED = OneOf(None, "FromTerminationMessage")
"""A log may be read for a second after its pod's end: if that was missed, the pod's last message holds the end of
it."""
WORK = "trap 'echo last words; sleep 10; exit 8' TERM; echo begin; " + LONG
# The log is read while the container says its last words: a busy operator has ten seconds for that.
ENDS_SLOWLY: Object = {"terminationGracePeriodSeconds": 30}


def delete(runs: Runs, pod: str) -> None:
    runs.cluster.run("delete", "pod", pod, "--namespace", runs.namespace, "--wait=false")


def delete_by_force(runs: Runs, pod: str) -> None:
    runs.cluster.run("delete", "pod", pod, "--namespace", runs.namespace, "--grace-period=0", "--force", "--wait=false")


def evict(runs: Runs, pod: str) -> None:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": runs.namespace}}
    path = f"/api/v1/namespaces/{runs.namespace}/pods/{pod}/eviction"
    runs.cluster.run("create", "--raw", path, "--filename", "-", stdin=json.dumps(eviction))


def case(says: str, script: str, disturb: Callable[[Runs, str], None], end: End, **changes: Any) -> Any:
    return pytest.param(request(slug(says), script, **changes), disturb, end, id=says)


CASES = [
    case(
        "deleted by hand with no retry left",
        WORK,
        delete,
        End(
            phase="Failed",
            reason="PodDeleted",
            message="pod was deleted while it ran",
            code=8,
            log="begin\nlast words",
            log_reason=BEFORE_IT_VANISHED,
        ),
        pod=ENDS_SLOWLY,
    ),
    case(
        "deleted by hand with a retry left",
        f"trap 'echo last words; sleep 3; exit 8' TERM; echo begin; {UNTIL_RELEASED}; echo ended",
        delete,
        End(phase="Succeeded", reason="Completed", code=0, log="begin\nended", attempts=2),
        job={"backoffLimit": 1},
    ),
    case(
        "evicted by the API",
        WORK,
        evict,
        End(
            phase="Failed",
            reason="EvictionByEvictionAPI",
            message="Eviction API: evicting",
            log="begin\nlast words",
            log_reason=BEFORE_IT_VANISHED,
        ),
        pod=ENDS_SLOWLY,
    ),
    case(
        # The Job controller's finalizer may keep the pod until the kubelet has reported its end.
        "deleted by force, so that a watch seldom shows its end",
        "trap '' TERM; echo begin; sleep 600",
        delete_by_force,
        End(
            phase="Failed",
            reason=OneOf("PodLost", "PodDeleted"),
            message=OneOf("the pod was gone before it could be read", "pod was deleted while it ran"),
            code=OneOf(None, 137),
            log=OneOf(None, "begin"),
            log_reason=OneOf("PodGone", "FromTerminationMessage", None),
            container=OneOf(None, "main"),
            truncated=OneOf(None, 0),
            pod=OneOf(0, 1),
        ),
    ),
]


@pytest.fixture(scope="module")
def runs(cluster: Kubectl, shared_namespace: str) -> Runs:
    runs = Runs(cluster, shared_namespace)
    runs.apply(*(param.values[0] for param in CASES))
    for param in CASES:
        applied, disturb, end = param.values
        name = applied["metadata"]["name"]
        pod = runs.pod(name, printed="begin")["metadata"]["name"]
        disturb(runs, pod)
        if end.attempts == 2:
            runs.release(runs.pod(name, printed="begin", other_than=pod))
    return runs


@pytest.mark.parametrize(("applied", "disturb", "end"), CASES)
def test_a_run_ends_as_its_pod_is(runs: Runs, applied: Object, disturb: object, end: End) -> None:
    del disturb
    check(runs.end(applied["metadata"]["name"]), end)
