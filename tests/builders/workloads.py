"""Jobs, pods and containers as the API server gives them, built from a few words and read by the operator's parsers.

Times are seconds after `BEGIN`. Neighbour: `outcomes.py` has what the operator makes of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.builders.objects import Object

from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod, parse_pod

BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

LIMIT = "BackoffLimitExceeded"
LIMIT_WORDS = "Job has reached the specified backoff limit"
DEADLINE = "DeadlineExceeded"
DEADLINE_WORDS = "Job was active longer than specified deadline"
NOT_LOCATED = "The container could not be located when the pod was terminated"
OCI_WORDS = 'exec: "nope": executable file not found in $PATH'
PULL_WORDS = 'Back-off pulling image "registry.invalid/nope:1": ErrImagePull: not found'
MOUNT_WORDS = 'MountVolume.SetUp failed for volume "key" : secret "not-there" not found'
NO_NODE_WORDS = "0/1 nodes are available: 1 Insufficient cpu."


def instant(seconds: float) -> datetime:
    """Instant in seconds after `BEGIN`."""
    return BEGIN + timedelta(seconds=seconds)


def text(seconds: float | None) -> str | None:
    return None if seconds is None else instant(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, reason: str = "", message: str = "", *, after: float = 20, status: str = "True") -> Object:
    moment = text(after)
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastProbeTime": moment,
        "lastTransitionTime": moment,
    }


COMPLETE = (
    condition("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods", after=13),
    condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods", after=13),
)


def failed(reason: str = LIMIT, message: str = LIMIT_WORDS) -> tuple[Object, ...]:
    return condition("FailureTarget", reason, message, after=19), condition("Failed", reason, message, after=20)


OUT_OF_TIME = failed(DEADLINE, DEADLINE_WORDS)


def job(  # one field of a Job each
    *conditions: Object,
    kill: str | None = None,
    deleted: float | None = None,
    suspend: bool = False,
    restart: str = "Never",
    limit: int = 0,
    deadline: int | None = None,
    started: float | None = 0,
    containers: str = "c,a,b,i,main,migrate,proxy",
    default: str = "",
    parallel: tuple[int, int | None] = (1, 1),
    failed_indexes: str = "",
    **counts: int,
) -> Job:
    metadata: Object = {
        "name": "close-1",
        "namespace": "erp",
        "uid": "job-uid",
        "resourceVersion": "77",
        "generation": 1,
        "creationTimestamp": text(0),
        "labels": {"process-operator.io/request": "close"},
        "annotations": {
            "process-operator.io/containers": containers,
            **({} if kill is None else {"process-operator.io/kill": kill}),
        },
        "ownerReferences": [
            {
                "apiVersion": "process-operator.io/v1alpha1",
                "kind": "ProcessRun",
                "name": "close-1",
                "uid": "run-uid",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "managedFields": [{"manager": "kube-controller-manager", "operation": "Update"}],
    }
    if deleted is not None:
        metadata |= {"deletionTimestamp": text(deleted), "deletionGracePeriodSeconds": 0}
    status: Object = {"uncountedTerminatedPods": {}, "ready": 0, "failedIndexes": failed_indexes, **counts}
    if conditions:
        status["conditions"] = list(conditions)
    if started is not None:
        status["startTime"] = text(started)
    spec: Object = {
        "parallelism": parallel[0],
        "completions": parallel[1],
        "backoffLimit": limit,
        "completionMode": "NonIndexed",
        "suspend": suspend,
        "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
        "template": {
            "metadata": {"annotations": {"kubectl.kubernetes.io/default-container": default}},
            "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "busybox:1.37"}]},
        },
    }
    if deadline is not None:
        spec["activeDeadlineSeconds"] = deadline
    return parse_job({"metadata": metadata, "spec": spec, "status": status})


def ended(
    code: int = 0,
    *,
    start: float | None = 2,
    end: float | None = 12,
    reason: str | None = None,
    message: str = "",
    epoch: bool = False,
) -> Object:
    state: Object = {
        "exitCode": code,
        "reason": reason or ("Error" if code else "Completed"),
        "startedAt": "1970-01-01T00:00:00Z" if epoch else text(start),
        "finishedAt": text(end),
        "containerID": "containerd://abc",
    }
    if message:
        state["message"] = message
    return {"terminated": state}


def unlocated() -> Object:
    return ended(137, start=None, end=None, reason="ContainerStatusUnknown", message=NOT_LOCATED)


def running(start: float = 2) -> Object:
    return {"running": {"startedAt": text(start)}}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


class C(NamedTuple):
    """A container: its state, the one before, and its place in the template."""

    state: Object
    last: Object | None = None
    restarts: int = 0
    name: str = "c"
    role: str = "main"
    memory: str | None = None
    policy: str = "FallbackToLogsOnError"
    probes: Mapping[str, Any] = MappingProxyType({})


def pod(  # one field of a pod each
    phase: str,
    *containers: C,
    name: str = "close-1-abcde",
    deleted: float | None = None,
    grace: int = 30,
    started: float | None = 1,
    reason: str = "",
    message: str = "",
    conditions: tuple[Object, ...] = (),
    node: str | None = "worker-1",
    restart: str = "Never",
    gone: bool = False,
    index: int | None = None,
) -> Pod:
    metadata: Object = {
        "name": name,
        "namespace": "erp",
        "uid": f"uid-of-{name}",
        "resourceVersion": "90",
        "creationTimestamp": text(started if started is not None else 0),
        "labels": {"batch.kubernetes.io/job-name": "close-1", "process-operator.io/request": "close"},
        "ownerReferences": [
            {"apiVersion": "batch/v1", "kind": "Job", "name": "close-1", "uid": "job-uid", "controller": True}
        ],
    }
    if index is not None:
        metadata["labels"]["batch.kubernetes.io/job-completion-index"] = str(index)
    if deleted is not None:  # the API server adds the grace period to the time of the request
        metadata |= {"deletionTimestamp": text(deleted + grace), "deletionGracePeriodSeconds": grace}
    spec: Object = {"restartPolicy": restart, "containers": [], "initContainers": []}
    status: Object = {
        "phase": phase,
        "startTime": text(started),
        "conditions": [condition("PodReadyToStartContainers", after=1, status="False"), *conditions],
        "containerStatuses": [],
        "initContainerStatuses": [],
        "qosClass": "BestEffort",
    }
    if node is not None:
        spec["nodeName"] = node
    if reason:
        status |= {"reason": reason, "message": message}
    for container in containers:
        of_spec: Object = {
            "name": container.name,
            "image": "busybox:1.37",
            "resources": {"limits": {"memory": container.memory}} if container.memory else {},
            "terminationMessagePolicy": container.policy,
            **container.probes,
        }
        if container.role == "sidecar":
            of_spec["restartPolicy"] = "Always"
        of_status: Object = {
            "name": container.name,
            "ready": False,
            "restartCount": container.restarts,
            "state": container.state,
            "lastState": container.last or {},
        }
        is_main = container.role == "main"
        spec["containers" if is_main else "initContainers"].append(of_spec)
        status["containerStatuses" if is_main else "initContainerStatuses"].append(of_status)
    parsed = parse_pod({"metadata": metadata, "spec": spec, "status": status})
    return replace(parsed, gone=gone)
