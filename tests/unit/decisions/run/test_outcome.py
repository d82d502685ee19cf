"""Outcome of a run from its Job and pods: every case seen on a cluster, as bodies, against the whole outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.run.evidence import Context
from process_operator.decisions.run.open_outcome import is_unready_too_long, next_pod_list, open_outcome
from process_operator.decisions.run.outcome import RunOutcome, finished_outcome
from process_operator.decisions.run.pods import log_source
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod, Waiting, parse_pod
from process_operator.resources.conditions import LogReason
from process_operator.resources.kubelet_events import KubeletEvent
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGIN = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
Body = dict[str, Any]

LIMIT = "BackoffLimitExceeded"
LIMIT_WORDS = "Job has reached the specified backoff limit"
DEADLINE = "DeadlineExceeded"
DEADLINE_WORDS = "Job was active longer than specified deadline"
NOT_LOCATED = "The container could not be located when the pod was terminated"
OCI_WORDS = 'exec: "nope": executable file not found in $PATH'
PULL_WORDS = 'Back-off pulling image "registry.invalid/nope:1": ErrImagePull: not found'
MOUNT_WORDS = 'MountVolume.SetUp failed for volume "key" : secret "not-there" not found'
NO_NODE_WORDS = "0/1 nodes are available: 1 Insufficient cpu."


# ---- bodies, as the API server gives them; times are seconds after BEGIN


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def text(seconds: float | None) -> str | None:
    return None if seconds is None else at(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, reason: str = "", message: str = "", *, after: float = 20, status: str = "True") -> Body:
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


def failed(reason: str = LIMIT, message: str = LIMIT_WORDS) -> tuple[Body, ...]:
    return condition("FailureTarget", reason, message, after=19), condition("Failed", reason, message, after=20)


OUT_OF_TIME = failed(DEADLINE, DEADLINE_WORDS)


def job(  # one field of a Job each
    *conditions: Body,
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
    metadata: Body = {
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
    status: Body = {"uncountedTerminatedPods": {}, "ready": 0, "failedIndexes": failed_indexes, **counts}
    if conditions:
        status["conditions"] = list(conditions)
    if started is not None:
        status["startTime"] = text(started)
    spec: Body = {
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
) -> Body:
    state: Body = {
        "exitCode": code,
        "reason": reason or ("Error" if code else "Completed"),
        "startedAt": "1970-01-01T00:00:00Z" if epoch else text(start),
        "finishedAt": text(end),
        "containerID": "containerd://abc",
    }
    if message:
        state["message"] = message
    return {"terminated": state}


def unlocated() -> Body:
    return ended(137, start=None, end=None, reason="ContainerStatusUnknown", message=NOT_LOCATED)


def running(start: float = 2) -> Body:
    return {"running": {"startedAt": text(start)}}


def waiting(reason: str, message: str = "") -> Body:
    return {"waiting": {"reason": reason, "message": message}}


class C(NamedTuple):
    """A container: its state, the one before, and its place in the template."""

    state: Body
    last: Body | None = None
    restarts: int = 0
    name: str = "c"
    kind: str = "main"
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
    conditions: tuple[Body, ...] = (),
    node: str | None = "worker-1",
    restart: str = "Never",
    gone: bool = False,
    index: int | None = None,
) -> Pod:
    metadata: Body = {
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
    spec: Body = {"restartPolicy": restart, "containers": [], "initContainers": []}
    status: Body = {
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
        of_spec: Body = {
            "name": container.name,
            "image": "busybox:1.37",
            "resources": {"limits": {"memory": container.memory}} if container.memory else {},
            "terminationMessagePolicy": container.policy,
            **container.probes,
        }
        if container.kind == "sidecar":
            of_spec["restartPolicy"] = "Always"
        of_status: Body = {
            "name": container.name,
            "ready": False,
            "restartCount": container.restarts,
            "state": container.state,
            "lastState": container.last or {},
        }
        is_main = container.kind == "main"
        spec["containers" if is_main else "initContainers"].append(of_spec)
        status["containerStatuses" if is_main else "initContainerStatuses"].append(of_status)
    parsed = parse_pod({"metadata": metadata, "spec": spec, "status": status})
    return replace(parsed, gone=gone)


# ---- what is expected


def outcome(phase: RunPhase, reason: str, message: str = "", **changes: Any) -> RunOutcome:
    """A run of the usual pod: started after 2 s, ended after 12 s, tried once."""
    usual: Body = {
        "start_time": at(2),
        "end_time": at(12),
        "attempts": 1,
        "pod": "close-1-abcde",
        "node": "worker-1",
    }
    return RunOutcome(phase=phase, reason=reason, message=message, **(usual | changes))


NOW = at(99)
NO_POD: Body = {"pod": None, "node": None}
S, F, X, M, U = RunPhase.SUCCEEDED, RunPhase.FAILED, RunPhase.CANCELED, RunPhase.MISSED, RunPhase.UNKNOWN


class Case(NamedTuple):
    id: str
    job: Job | None
    pods: tuple[Pod, ...]
    expected: RunOutcome | None
    context: Mapping[str, Any] = MappingProxyType({})


KILLED_POD = pod("Failed", C(ended(143)), deleted=10)
UNSTARTED_POD = pod("Failed", C(unlocated()), deleted=10)
MAIN_WAITS = C(waiting("PodInitializing"))

PREEMPTION_WORDS = "default-scheduler: preempting to accommodate a higher priority pod"
PREEMPTED = (condition("DisruptionTarget", "PreemptionByScheduler", PREEMPTION_WORDS),)
DRAINED = (condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),)
CUT_SHORT = "the pod was ended before its work was done, and then exited with code 0"

SUCCEEDED = [
    Case(
        "a Job that completed succeeded, with code 0",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "the message that a program wrote for its success is the run's",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(message="12 ledgers closed\n"))),),
        outcome(S, "Completed", "12 ledgers closed", exit_code=0),
    ),
    Case(
        "a kill that came too late changes nothing, but is told",
        job(*COMPLETE, kill="Canceled", succeeded=1),
        (pod("Succeeded", C(ended())),),
        outcome(S, "Completed", "it had succeeded before it could be ended (Canceled).", exit_code=0),
    ),
    Case(
        "a Job that says Complete failed where its pod was preempted and took the request to stop as its end",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=11, conditions=PREEMPTED),),
        outcome(F, "PreemptionByScheduler", f"{PREEMPTION_WORDS}; {CUT_SHORT}"),
    ),
    Case(
        "so it did where the pod exited in the second of the preemption, and is gone",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=12, conditions=PREEMPTED, gone=True),),
        outcome(F, "PreemptionByScheduler", f"{PREEMPTION_WORDS}; {CUT_SHORT}"),
    ),
    Case(
        "so it did where one of several completions was drained",
        job(*COMPLETE, succeeded=2, parallel=(2, 2)),
        (
            pod("Succeeded", C(ended())),
            pod("Succeeded", C(ended()), name="close-1-drained", deleted=11, conditions=DRAINED),
        ),
        outcome(F, "EvictionByEvictionAPI", f"Eviction API: evicting; {CUT_SHORT}", attempts=1),
    ),
    Case(
        "a preempted pod whose work another one did is no failure",
        job(*COMPLETE, limit=2, succeeded=1, failed=1),
        (
            pod("Succeeded", C(ended()), name="close-1-first", deleted=11, conditions=PREEMPTED),
            pod("Succeeded", C(ended(start=24, end=30)), name="close-1-second", started=22),
        ),
        outcome(S, "Completed", exit_code=0, attempts=2, pod="close-1-second", end_time=at(30)),
    ),
    Case(
        "a pod that had done its work before it was drained is no failure",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=14, conditions=DRAINED),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "a pod that a person deleted succeeded if the Job says so, and the record tells",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=11),),
        outcome(S, "Completed", "its pod was deleted while it ran, and exited with code 0.", exit_code=0),
    ),
    Case(
        "a sidecar that was killed after the success does not count",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(137, end=17), name="proxy", kind="sidecar"), C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "a child process out of memory does not fail the Job",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(), memory="64Mi")),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "of two attempts the one that succeeded speaks, and the first began the run",
        job(*COMPLETE, limit=2, succeeded=1, failed=1),
        (
            pod("Failed", C(ended(3)), name="close-1-first"),
            pod("Succeeded", C(ended(start=24, end=30)), name="close-1-second", started=22),
        ),
        outcome(S, "Completed", exit_code=0, attempts=2, pod="close-1-second", end_time=at(30)),
    ),
    Case(
        "restarts inside one pod are attempts",
        job(*COMPLETE, restart="OnFailure", limit=4, succeeded=1),
        (pod("Succeeded", C(ended(start=24, end=30), last=ended(3), restarts=1), restart="OnFailure"),),
        outcome(S, "Completed", exit_code=0, attempts=2, end_time=at(30)),
    ),
    Case(
        "where earlier attempts are forgotten the run began with its pod",
        job(*COMPLETE, restart="OnFailure", limit=4, succeeded=1),
        (
            pod(
                "Succeeded",
                C(ended(start=94, end=99), last=ended(3, start=60), restarts=3),
                started=1,
                restart="OnFailure",
            ),
        ),
        outcome(S, "Completed", exit_code=0, attempts=4, start_time=at(1), end_time=at(99)),
    ),
    Case(
        "Complete counts beside an old Suspended=True",
        job(condition("Suspended", "JobSuspended", "Job suspended"), *COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "without its pods a success has the times of its Job",
        job(*COMPLETE, succeeded=1),
        (),
        outcome(S, "Completed", exit_code=0, start_time=at(0), end_time=at(13), **NO_POD),
    ),
    Case(
        "a node whose clock is late cannot end a run before its start",
        job(*COMPLETE, started=40, succeeded=1),
        (pod("Succeeded", C(ended(start=None)), started=40),),
        outcome(S, "Completed", exit_code=0, start_time=at(40), end_time=at(40)),
    ),
]

KILLED = [
    Case(
        "a canceled run has the code its process gave",
        job(*OUT_OF_TIME, kill="Canceled spec.cancel was set", deadline=0, failed=1),
        (KILLED_POD,),
        outcome(X, "Canceled", "spec.cancel was set", exit_code=143),
    ),
    Case(
        "what stands behind Canceled in the annotation is the message",
        job(*OUT_OF_TIME, kill="Canceled its timing was edited", deadline=0, failed=1),
        (KILLED_POD,),
        outcome(X, "Canceled", "its timing was edited", exit_code=143),
    ),
    Case(
        "a run that was canceled while it waited for its image has no code",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, failed=1),
        (UNSTARTED_POD,),
        outcome(X, "Canceled", start_time=None, end_time=at(20)),
    ),
    Case(
        "a run that was canceled while it was suspended never started",
        job(condition("Suspended", "JobResumed", status="False"), *OUT_OF_TIME, kill="Canceled", deadline=0),
        (),
        outcome(X, "Canceled", start_time=None, end_time=at(20), attempts=0, **NO_POD),
    ),
    Case(
        "the retry that was killed speaks for a canceled run, not the attempt before",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, restart="OnFailure", failed=1),
        (pod("Failed", C(ended(143, start=24, end=30), last=ended(4), restarts=1), deleted=29, restart="OnFailure"),),
        outcome(X, "Canceled", exit_code=143, attempts=2, end_time=at(30)),
    ),
    Case(
        "the pod that was killed speaks for a canceled run, not the failed one before",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, failed=2),
        (
            pod("Failed", C(ended(4)), name="close-1-first"),
            pod("Failed", C(ended(143, start=24, end=30)), name="close-1-second", started=22, deleted=29),
        ),
        outcome(X, "Canceled", exit_code=143, attempts=2, pod="close-1-second", end_time=at(30)),
    ),
    Case(
        "it does so also where its trap gave 0",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, failed=2),
        (
            pod("Failed", C(ended(4)), name="close-1-first"),
            pod("Succeeded", C(ended(start=24, end=30)), name="close-1-second", started=22, deleted=29),
        ),
        outcome(X, "Canceled", exit_code=0, attempts=2, pod="close-1-second", end_time=at(30)),
    ),
    Case(
        "a replaced run names the run that took its place",
        job(*OUT_OF_TIME, kill="Replaced close-2", deadline=0, failed=1),
        (KILLED_POD,),
        outcome(X, "Replaced", "replaced by close-2", exit_code=143),
    ),
    Case(
        "a run that its suspended request ended was unscheduled",
        job(*OUT_OF_TIME, kill="Suspended", deadline=0, failed=1),
        (KILLED_POD,),
        outcome(X, "Unscheduled", exit_code=143),
    ),
    Case(
        "a run whose window passed while it waited was missed",
        job(*OUT_OF_TIME, kill="Missed", deadline=0),
        (),
        outcome(
            M,
            "DeadlinePassed",
            "not started by 2026-11-22T09:00:00Z",
            start_time=None,
            end_time=at(20),
            attempts=0,
            **NO_POD,
        ),
        {"start_by": at(3600)},
    ),
    *(
        Case(
            f"a run that exited with 0 before it was {word} succeeded",
            job(*OUT_OF_TIME, kill=kill, deadline=0, limit=6, failed=1),
            (pod("Succeeded", C(ended()), deleted=14),),
            outcome(S, "Completed", f"it had succeeded before it could be ended ({kill}).", exit_code=0),
        )
        for word, kill in (("unscheduled", "Suspended"), ("canceled", "Canceled"), ("replaced", "Replaced close-2"))
    ),
    Case(
        "a run of which one of two completions was done when it was canceled is Canceled",
        replace(job(*OUT_OF_TIME, kill="Canceled", deadline=0, failed=2), completions=2),
        (
            pod("Succeeded", C(ended()), name="close-1-first", deleted=14),
            pod("Failed", C(ended(143, end=15)), deleted=14),
        ),
        outcome(X, "Canceled", exit_code=143, attempts=2, end_time=at(15)),
    ),
    Case(
        "a run that failed before it was canceled, and had no retry left, failed",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, failed=1),
        (pod("Failed", C(ended(3, message="disk full")), deleted=14),),
        outcome(F, "ExitCode", "disk full", exit_code=3),
    ),
    Case(
        "a run that was canceled before its retry is Canceled",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=2, failed=1),
        (pod("Failed", C(ended(3, message="disk full")), deleted=14),),
        outcome(X, "Canceled", exit_code=3),
    ),
    Case(
        "a kill that came too late for a failure leaves the run's own reason",
        job(*failed(), kill="Canceled", deadline=0, failed=1),
        (pod("Failed", C(ended(3, message="disk full\n"))),),
        outcome(F, "ExitCode", "disk full", exit_code=3),
    ),
]

FAILED = [
    Case(
        "a code other than 0 is told with the last line of the message",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="connecting\n\x1b[31mno route to host\x1b[0m\n\n"))),),
        outcome(F, "ExitCode", "\\x1b[31mno route to host\\x1b[0m", exit_code=3),
    ),
    Case(
        "without a message the log has the last line",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3))),),
        outcome(F, "ExitCode", "no route to host", exit_code=3),
        {"log_text": "connecting\nno route to host"},
    ),
    Case(
        "a silent failure is told by its code",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3))),),
        outcome(F, "ExitCode", "container c exited with code 3", exit_code=3),
    ),
    Case(
        "Failed counts beside an old Suspended=True",
        job(condition("Suspended", "JobSuspended", "Job suspended"), *failed(), failed=1),
        (pod("Failed", C(ended(3, message="no"))),),
        outcome(F, "ExitCode", "no", exit_code=3),
    ),
    Case(
        "the last of several failed attempts decides",
        job(*failed(), limit=1, failed=2),
        (
            pod("Failed", C(ended(4, start=24, end=30, message="second")), name="close-1-second", started=22),
            pod("Failed", C(ended(3, message="first")), name="close-1-first"),
        ),
        outcome(F, "ExitCode", "second", exit_code=4, attempts=2, pod="close-1-second", end_time=at(30)),
    ),
    Case(
        "with OnFailure the attempt before the killed retry decides",
        job(*failed(), limit=1, restart="OnFailure", failed=1),
        (
            pod(
                "Failed",
                C(ended(143, start=13, end=15), last=ended(4, message="bad ledger"), restarts=1),
                deleted=14,
                restart="OnFailure",
            ),
        ),
        outcome(F, "ExitCode", "bad ledger", exit_code=4),
    ),
    Case(
        "with OnFailure it decides also where the killed retry was last seen running",
        job(*failed(), limit=3, restart="OnFailure", failed=1),
        (
            pod(
                "Running",
                C(running(13), last=ended(4, message="bad ledger"), restarts=3),
                deleted=14,
                restart="OnFailure",
                gone=True,
            ),
        ),
        outcome(F, "ExitCode", "bad ledger", exit_code=4, attempts=3, start_time=at(1)),
    ),
    Case(
        "with OnFailure it decides also where everything happened in one second",
        job(*failed(), limit=1, restart="OnFailure", failed=1),
        (
            pod(
                "Failed",
                C(ended(143, start=12, end=12), last=ended(4, message="bad ledger"), restarts=1),
                deleted=12,
                restart="OnFailure",
            ),
        ),
        outcome(F, "ExitCode", "bad ledger", exit_code=4),
    ),
    Case(
        "with OnFailure and two pods the one that reached the limit decides, not the one that was deleted for it",
        job(*failed(), limit=1, restart="OnFailure", failed=2),
        (
            pod("Failed", C(ended(143, end=15)), name="close-1-1-other", deleted=14, restart="OnFailure"),
            pod(
                "Failed",
                C(ended(143, start=13, end=15), last=ended(4, message="bad ledger"), restarts=1),
                deleted=14,
                restart="OnFailure",
            ),
        ),
        outcome(F, "ExitCode", "bad ledger", exit_code=4, attempts=2, end_time=at(15)),
    ),
    Case(
        "a pod failure policy speaks for itself",
        job(
            *failed(
                "PodFailurePolicy",
                "Container c for pod erp/x failed with exit code 42 matching FailJob rule at index 0",
            ),
            failed=1,
        ),
        (pod("Failed", C(ended(42, message="bad input"))),),
        outcome(
            F,
            "PodFailurePolicy",
            "Container c for pod erp/x failed with exit code 42 matching FailJob rule at index 0",
            exit_code=42,
        ),
    ),
    Case(
        "a deadline is told with its limit",
        job(*OUT_OF_TIME, deadline=10, failed=1),
        (KILLED_POD,),
        outcome(F, "DeadlineExceeded", f"{DEADLINE_WORDS} (10 s)", exit_code=143),
    ),
    Case(
        "a deadline over a retry that had not started yet leaves the word to the attempt before",
        job(*OUT_OF_TIME, deadline=10, limit=2, failed=2),
        (
            pod("Failed", C(ended(4))),
            pod("Failed", C(unlocated()), name="close-1-second", started=22, deleted=29),
        ),
        outcome(F, "DeadlineExceeded", f"{DEADLINE_WORDS} (10 s)", exit_code=4, attempts=2),
    ),
    Case(
        "a deadline over a run that was seen running, but whose pod is gone",
        job(*OUT_OF_TIME, deadline=10, failed=1),
        (),
        outcome(F, "DeadlineExceeded", f"{DEADLINE_WORDS} (10 s)", start_time=at(3), end_time=at(20), **NO_POD),
        {"running_since": at(3.7), "pending_reason": "ImagePullBackOff"},
    ),
    Case(
        "a deadline over an image that could not be pulled is told by the image, without the made-up code",
        job(*OUT_OF_TIME, deadline=10, failed=1),
        (UNSTARTED_POD,),
        outcome(
            F,
            "ImagePullBackOff",
            f"{PULL_WORDS}, until the deadline of 10 s",
            start_time=None,
            end_time=at(20),
        ),
        {"pending_reason": "ImagePullBackOff", "pending_message": PULL_WORDS},
    ),
    Case(
        "a deadline over a pod that found no node is told by the scheduler",
        job(*OUT_OF_TIME, deadline=10, failed=1),
        (
            pod(
                "Pending",
                deleted=10,
                grace=0,
                started=None,
                node=None,
                gone=True,
                conditions=(condition("PodScheduled", "Unschedulable", NO_NODE_WORDS, status="False"),),
            ),
        ),
        outcome(
            F,
            "Unschedulable",
            f"{NO_NODE_WORDS}, until the deadline of 10 s",
            start_time=None,
            end_time=at(20),
            node=None,
        ),
    ),
    Case(
        "a deadline over pods that were refused is told by the refusal",
        job(*OUT_OF_TIME, deadline=10),
        (),
        outcome(
            F,
            "FailedCreate",
            "pods are forbidden: exceeded quota, until the deadline of 10 s",
            start_time=None,
            end_time=at(20),
            attempts=0,
            **NO_POD,
        ),
        {"pending_reason": "FailedCreate", "pending_message": "pods are forbidden: exceeded quota"},
    ),
    Case(
        "a deadline over a run that waited suspended before is not told by that",
        job(*OUT_OF_TIME, deadline=10, failed=1),
        (UNSTARTED_POD,),
        outcome(
            F,
            "DeadlineExceeded",
            f"{DEADLINE_WORDS} (10 s); no container had started",
            start_time=None,
            end_time=at(20),
        ),
        {"pending_reason": "Suspended", "pending_message": "until 08:00"},
    ),
    Case(
        "out of memory is told with the limit",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, reason="OOMKilled"), memory="64Mi")),),
        outcome(F, "OOMKilled", "container c used more than its memory limit 64Mi", exit_code=137),
    ),
    Case(
        "out of memory without a limit is the node's memory",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, reason="OOMKilled"))),),
        outcome(F, "OOMKilled", "container c ran out of memory; it has no memory limit of its own", exit_code=137),
    ),
    Case(
        "a command that does not exist has no start, least of all in 1970",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(128, reason="StartError", message=OCI_WORDS, epoch=True))),),
        outcome(F, "StartError", OCI_WORDS, exit_code=128, start_time=None),
    ),
    Case(
        "the runtime's other word for it is the same reason",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(127, reason="ContainerCannotRun", message=OCI_WORDS, epoch=True))),),
        outcome(F, "StartError", OCI_WORDS, exit_code=127, start_time=None),
    ),
    Case(
        "an evicted pod is told by the kubelet, without the code of the kill",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(137)),
                reason="Evicted",
                message="The node was low on resource: memory.",
                conditions=(condition("DisruptionTarget", "TerminationByKubelet", "The node was low"),),
            ),
        ),
        outcome(F, "Evicted", "The node was low on resource: memory."),
    ),
    Case(
        "the pod's own deadline is told by the pod",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(137)),
                reason="DeadlineExceeded",
                message="Pod was active on the node longer than the specified deadline",
            ),
        ),
        outcome(F, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
    ),
    Case(
        "a pod that its node refused has a reason and no container",
        job(*failed(), failed=1),
        (pod("Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu"),),
        outcome(F, "OutOfcpu", "Node didn't have enough resource: cpu", start_time=None, end_time=at(20)),
    ),
    Case(
        "the Eviction API is told by its condition",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(143)),
                deleted=11,
                conditions=(condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),),
            ),
        ),
        outcome(F, "EvictionByEvictionAPI", "Eviction API: evicting"),
    ),
    Case(
        "a container that had ended by itself before the eviction has its code",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(3)),
                deleted=15,
                conditions=(condition("DisruptionTarget", "EvictionByEvictionAPI", "Eviction API: evicting"),),
            ),
        ),
        outcome(F, "EvictionByEvictionAPI", "Eviction API: evicting", exit_code=3),
    ),
    Case(
        "an init container that fails is named, with code and last line",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5, message="a\nschema missing\n"), name="migrate", kind="init"), MAIN_WAITS),),
        outcome(
            F,
            "InitContainerFailed",
            "init container migrate exited with code 5: schema missing",
            exit_code=5,
            end_time=at(20),
        ),
    ),
    Case(
        "of two containers the first that failed in time decides, and the run ends with the last",
        job(*failed(), failed=1),
        (
            pod(
                "Failed",
                C(ended(1, end=14, message="consequence"), name="a"),
                C(ended(7, end=12, message="cause"), name="b"),
            ),
        ),
        outcome(F, "ExitCode", "cause", exit_code=7, end_time=at(14)),
    ),
    Case(
        "of two pods the failed one decides, not the one that was deleted for it",
        job(*failed(), failed=2, parallel=(2, 2)),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", deleted=13),
            pod("Failed", C(ended(9, message="shard 0"))),
        ),
        outcome(F, "ExitCode", "shard 0", exit_code=9, end_time=at(15)),
    ),
    Case(
        "of two pods the failed one decides, not the one that succeeded later",
        job(
            *failed("FailedIndexes", "Job has failed indexes"),
            failed=1,
            succeeded=1,
            parallel=(2, 2),
            failed_indexes="0",
        ),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", index=1),
            pod("Failed", C(ended(9, message="shard 0")), index=0),
        ),
        outcome(F, "FailedIndexes", "Job has failed indexes (0); index 0: shard 0", exit_code=9, end_time=at(15)),
    ),
    Case(
        "an injected proxy that ends first does not speak for the work",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(143, end=11), name="istio-proxy"), C(ended(3, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=3),
    ),
    Case(
        "an injected proxy that ends last does not lengthen the run, nor does its first start begin it",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(start=1, end=60), name="istio-proxy"), C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "work that succeeded beside an injected proxy that failed says whose failure it is",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(255, message="a\nno certificate"), name="istio-proxy"), C(ended())),),
        outcome(
            F,
            "InjectedContainerFailed",
            "container istio-proxy, which is not of the template, exited with code 255: no certificate",
            exit_code=0,
        ),
    ),
    Case(
        "an injected init container that failed kept the work from its start",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(1), name="istio-init", kind="init"), MAIN_WAITS),),
        outcome(
            F,
            "InjectedContainerFailed",
            "container istio-init, which is not of the template, exited with code 1",
            start_time=None,
            end_time=at(20),
        ),
    ),
    Case(
        "the default container of the template speaks before another that failed earlier",
        job(*failed(), failed=1, default="c"),
        (pod("Failed", C(ended(1, end=11, message="lost c"), name="a"), C(ended(3, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=3),
    ),
    Case(
        "a default container that succeeded leaves the word to the one that failed",
        job(*failed(), failed=1, default="c"),
        (pod("Failed", C(ended(7, message="helper"), name="a"), C(ended())),),
        outcome(F, "ExitCode", "helper", exit_code=7),
    ),
    Case(
        "a success is told by the default container, wherever it stands",
        job(*COMPLETE, succeeded=1, default="b"),
        (pod("Succeeded", C(ended(), name="a"), C(ended(message="42 rows"), name="b", policy="File")),),
        outcome(S, "Completed", "42 rows", exit_code=0),
    ),
    *(
        Case(
            f"a container that the kubelet killed says so: {reason}",
            job(*failed(), failed=1),
            (pod("Failed", C(ended(137, message="begin"))),),
            outcome(F, reason, f"container c was killed{words}", exit_code=137),
            {"kubelet_events": events},
        )
        for reason, words, events in [
            (
                "LivenessProbeFailed",
                ": Liveness probe failed: HTTP probe failed with statuscode: 503",
                (
                    KubeletEvent(
                        "c", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", at(9)
                    ),
                    KubeletEvent("c", "Killing", "Stopping container c", at(10)),
                ),
            ),
            (
                "StartupProbeFailed",
                ": Startup probe failed: not yet",
                (
                    KubeletEvent("c", "Unhealthy", "Startup probe failed: not yet\n", at(9)),
                    KubeletEvent("c", "Killing", "Container c failed startup probe, will be restarted", at(9)),
                ),
            ),
            (
                "PostStartHookFailed",
                " because its postStart hook failed",
                (
                    KubeletEvent("c", "FailedPostStartHook", "PostStartHook failed", at(3)),
                    KubeletEvent("c", "Killing", "FailedPostStartHook", at(3)),
                ),
            ),
        ]
    ),
    Case(
        "a kill of another container, or of the attempt before, explains nothing",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(137, message="begin"))),),
        outcome(F, "ExitCode", "begin", exit_code=137),
        {
            "kubelet_events": (
                KubeletEvent("c", "Unhealthy", "Liveness probe failed: 503", at(1)),
                KubeletEvent("c", "Killing", "Container c failed liveness probe, will be restarted", at(1)),
                KubeletEvent("a", "Unhealthy", "Liveness probe failed: 503", at(9)),
                KubeletEvent("a", "Killing", "Stopping container a", at(10)),
                KubeletEvent("c", "Unhealthy", "Readiness probe failed: 503", at(10)),
                KubeletEvent("c", "Killing", "Stopping container c", at(11)),
            )
        },
    ),
    Case(
        "a probe that failed once and did not kill explains nothing",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(1, message="no such ledger"))),),
        outcome(F, "ExitCode", "no such ledger", exit_code=1),
        {"kubelet_events": (KubeletEvent("c", "Unhealthy", "Liveness probe failed: 503", at(9)),)},
    ),
    Case(
        "a failed index is named, beside the code and the reason of the Job",
        job(
            *failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"),
            failed=2,
            succeeded=1,
            parallel=(2, 5),
            failed_indexes="1,3",
        ),
        (
            pod("Succeeded", C(ended()), name="close-1-0-x", index=0),
            pod("Failed", C(ended(4, end=11, message="shard 1")), name="close-1-1-x", index=1),
            pod("Failed", C(ended(137, end=14, reason="OOMKilled"), memory="64Mi"), name="close-1-3-x", index=3),
        ),
        outcome(
            F,
            "MaxFailedIndexesExceeded",
            "Job has exceeded the specified maximal number of failed indexes (1,3); "
            "index 3: container c used more than its memory limit 64Mi",
            exit_code=137,
            pod="close-1-3-x",
            end_time=at(14),
        ),
    ),
    Case(
        "the index is named too where the Job has one limit for all",
        job(*failed(), failed=2, parallel=(2, 2)),
        (
            pod("Succeeded", C(ended(end=15)), name="close-1-1-other", deleted=13, index=1),
            pod("Failed", C(ended(9, message="shard 0")), index=0),
        ),
        outcome(F, "ExitCode", "index 0: shard 0", exit_code=9, end_time=at(15)),
    ),
    Case(
        "a reason of the Job that is new to the operator is kept beside what the pod says",
        job(*failed("PodQuarantined", "Job was quarantined"), failed=1),
        (pod("Failed", C(ended(3, message="no"))),),
        outcome(F, "PodQuarantined", "Job was quarantined; no", exit_code=3),
    ),
    Case(
        "the start that the run had shown is kept where its Job is gone with its pods",
        None,
        (),
        outcome(U, "JobGone", "its Job was gone before it could be read", end_time=NOW, attempts=None, **NO_POD),
        {"job_gone": True, "started_at": at(2)},
    ),
    Case(
        "the start of an attempt whose pod is gone is kept",
        job(*failed(), failed=2, limit=1),
        (pod("Failed", C(ended(4, start=22, end=30))),),
        outcome(F, "ExitCode", "container c exited with code 4", exit_code=4, attempts=2, end_time=at(30)),
        {"started_at": at(2)},
    ),
    Case(
        "an attempt that its node refused decides over the failed one before",
        job(*failed(), limit=1, failed=2),
        (
            pod("Failed", C(ended(4))),
            pod("Failed", name="close-1-second", started=22, reason="OutOfcpu", message="no cpu"),
        ),
        outcome(F, "OutOfcpu", "no cpu", attempts=2, pod="close-1-second"),
    ),
    Case(
        "a pod deleted by hand has the code of its trap, which is not the reason",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(7, message="caught TERM")), deleted=11),),
        outcome(F, "PodDeleted", "pod was deleted while it ran", exit_code=7),
    ),
    Case(
        "a deletion in the second of the end came first",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(143)), deleted=12),),
        outcome(F, "PodDeleted", "pod was deleted while it ran", exit_code=143),
    ),
    Case(
        "a pod that had failed before it was deleted failed by itself",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="no")), deleted=16, gone=True),),
        outcome(F, "ExitCode", "no", exit_code=3),
    ),
    Case(
        "a pod deleted before it started has no code",
        job(*failed(), failed=1),
        (UNSTARTED_POD,),
        outcome(F, "PodDeleted", "pod was deleted before it started", start_time=None, end_time=at(20)),
    ),
    Case(
        "a pod that was last seen running is lost",
        job(*failed(), failed=1),
        (pod("Running", C(running()), deleted=10, grace=0, gone=True),),
        outcome(F, "PodLost", "the pod was gone before it could be read", end_time=at(20)),
    ),
    Case(
        "a pod that was never seen is lost",
        job(*failed(), failed=1),
        (),
        outcome(F, "PodLost", "the pod was gone before it could be read", start_time=None, end_time=at(20), **NO_POD),
    ),
    Case(
        "a pod that was deleted after its success explains no failure",
        job(*failed("FailedIndexes", "Job has failed indexes"), failed=1, succeeded=1),
        (pod("Succeeded", C(ended()), deleted=16, gone=True),),
        outcome(F, "FailedIndexes", "Job has failed indexes", attempts=2),
    ),
    Case(
        "a reason of the Job that no pod explains is given in its words",
        job(
            *failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"),
            failed=3,
            succeeded=1,
        ),
        (pod("Succeeded", C(ended())),),
        outcome(
            F, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes", attempts=4
        ),
    ),
]

DELETED_WORDS = "its Job was deleted while it ran"
GONE = [
    Case(
        "a pod that had succeeded before the deletion of its Job",
        None,
        (pod("Succeeded", C(ended()), deleted=14, gone=True),),
        outcome(S, "JobDeleted", "its Job was deleted before it was recorded", exit_code=0),
    ),
    Case(
        "an orphaned pod that ran to its end",
        job(),
        (pod("Succeeded", C(ended())),),
        outcome(S, "JobDeleted", "its Job was deleted before it was recorded", exit_code=0),
        {"job_gone": True},
    ),
    Case(
        "a pod that trapped its deletion and gave 0 was canceled all the same",
        job(),
        (pod("Succeeded", C(ended()), deleted=11),),
        outcome(X, "JobDeleted", DELETED_WORDS, exit_code=0),
        {"job_gone": True},
    ),
    Case(
        "a pod that was killed with its Job",
        None,
        (KILLED_POD,),
        outcome(X, "JobDeleted", DELETED_WORDS, exit_code=143),
    ),
    Case(
        "a pod that was seen going, but not its end",
        None,
        (pod("Running", C(running()), deleted=10, gone=True),),
        outcome(X, "JobDeleted", DELETED_WORDS, end_time=NOW),
    ),
    Case(
        "of two pods one had succeeded and one was killed with its Job",
        None,
        (
            pod("Failed", C(ended(143, end=15)), name="close-1-1-other", deleted=14),
            pod("Succeeded", C(ended())),
        ),
        outcome(X, "JobDeleted", DELETED_WORDS, exit_code=143, attempts=2, pod="close-1-1-other", end_time=at(15)),
    ),
    Case(
        "a pod that runs out its grace period is waited for",
        None,
        (pod("Running", C(running()), deleted=10),),
        None,
    ),
    Case("an orphaned pod that runs is waited for", job(), (pod("Running", C(running())),), None, {"job_gone": True}),
    Case(
        "a Job that the CronJob controller replaced",
        None,
        (KILLED_POD,),
        outcome(X, "Replaced", "replaced by close-2", exit_code=143),
        {"replaced_by": "close-2"},
    ),
    Case(
        "a Job that was replaced, without anything seen of its pod",
        None,
        (),
        outcome(X, "Replaced", "replaced by close-2", start_time=None, end_time=NOW, attempts=None, **NO_POD),
        {"replaced_by": "close-2"},
    ),
    Case(
        "a Job that was gone while it was being canceled",
        job(kill="Canceled", deadline=0),
        (KILLED_POD,),
        outcome(X, "Canceled", exit_code=143),
        {"job_gone": True},
    ),
    Case(
        "a Job that had announced its failure",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS)),
        (pod("Failed", C(ended(3, message="no"))),),
        outcome(F, "ExitCode", "no", exit_code=3),
        {"job_gone": True},
    ),
    Case(
        "a Job that was gone as soon as it was complete (ttl 0)",
        job(*COMPLETE, deleted=13, succeeded=1),
        (),
        outcome(S, "Completed", exit_code=0, start_time=at(0), end_time=at(13), **NO_POD),
        {"job_gone": True},
    ),
    Case(
        "nothing seen at all",
        None,
        (),
        outcome(
            U,
            "JobGone",
            "its Job was gone before it could be read",
            start_time=at(3),
            end_time=NOW,
            attempts=None,
            **NO_POD,
        ),
        {"running_since": at(3)},
    ),
    Case(
        "nothing seen but a pod that ran",
        None,
        (pod("Running", C(running()), gone=True),),
        outcome(U, "JobGone", "its Job was gone before it could be read", end_time=NOW),
    ),
]

UNFINISHED = [
    Case("a Job that runs is not over", job(active=1, ready=1), (pod("Running", C(running())),), None),
    Case(
        "a Job that has announced its end is not over",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), failed=1),
        (pod("Failed", C(ended(3))),),
        None,
    ),
    Case("a Job that is deleted in the foreground is not over", job(deleted=9), (KILLED_POD,), None),
    Case("a suspended Job is not over", job(condition("Suspended"), suspend=True, started=None), (), None),
]


@pytest.mark.parametrize("case", [*SUCCEEDED, *KILLED, *FAILED, *GONE, *UNFINISHED], ids=lambda case: case.id)
def test_the_end_of_a_run(case: Case) -> None:
    given: Body = {"now": NOW, **case.context}
    context = Context(**given)

    assert finished_outcome(case.job, case.pods, context=context) == case.expected


def test_every_order_of_the_pods_gives_the_same_end() -> None:
    pods = [
        pod("Failed", C(ended(4, start=24, end=30, message="second")), name="close-1-second", started=22),
        pod("Failed", C(ended(3, message="first")), name="close-1-first"),
        pod("Failed", C(ended(143, end=40)), name="close-1-third", deleted=31),
    ]
    ends = [
        finished_outcome(job(*failed(), limit=2, failed=3), order, context=Context(now=NOW))
        for order in (pods, pods[::-1])
    ]

    assert ends[0] == ends[1]
    assert ends[0] is not None
    assert ends[0].message == "second"


# ---- runs that still go


class Open(NamedTuple):
    id: str
    job: Job | None
    pods: tuple[Pod, ...]
    expected: RunOutcome
    known: Mapping[str, Any] = MappingProxyType({})


def pending(reason: str = "", message: str = "", **changes: Any) -> RunOutcome:
    return RunOutcome(phase=RunPhase.PENDING, reason=reason, message=message, **changes)


def going(reason: str = "", message: str = "", **changes: Any) -> RunOutcome:
    usual: Body = {"start_time": at(2), "attempts": 1, "pod": "close-1-abcde", "node": "worker-1"}
    return RunOutcome(phase=RunPhase.RUNNING, reason=reason, message=message, **(usual | changes))


HERE: Body = {"pod": "close-1-abcde", "node": "worker-1"}
UNPLACED = (condition("PodScheduled", "Unschedulable", NO_NODE_WORDS, status="False"),)
OPEN = [
    Open(
        "a suspended Job says until when",
        job(condition("Suspended", "JobSuspended"), suspend=True, started=None),
        (),
        pending("Suspended", "until 09:00"),
        {"suspended": "until 09:00"},
    ),
    Open(
        "a Job suspended while it ran is pending although its pod ran",
        job(condition("Suspended", "JobSuspended"), suspend=True, started=None, terminating=1),
        (pod("Running", C(running()), deleted=10),),
        pending("Suspended"),
        {"running_since": at(2)},
    ),
    Open(
        "a resumed Job starts from scratch",
        job(started=60, active=1),
        (pod("Succeeded", C(ended()), deleted=10, gone=True),),
        pending(),
        {"running_since": at(2)},
    ),
    Open("a Job whose pod nobody has looked at", job(active=1), (), pending()),
    Open(
        "a Job whose pods are refused tells the Event's words",
        job(),
        (),
        pending("FailedCreate", "pods are forbidden"),
        {"failed_create": "pods are forbidden\n"},
    ),
    Open(
        "a pod without a node tells the scheduler's words",
        job(active=1),
        (pod("Pending", started=None, node=None, conditions=UNPLACED),),
        pending("Unschedulable", NO_NODE_WORDS, pod="close-1-abcde"),
    ),
    Open(
        "a pod whose image cannot be pulled tells the kubelet's words",
        job(active=1),
        (pod("Pending", C(waiting("ImagePullBackOff", PULL_WORDS))),),
        pending("ImagePullBackOff", PULL_WORDS, **HERE),
    ),
    Open(
        "an init container that waits speaks for those behind it",
        job(active=1),
        (pod("Pending", C(waiting("CreateContainerConfigError", "no key"), name="i", kind="init"), MAIN_WAITS),),
        pending("CreateContainerConfigError", "no key", **HERE),
    ),
    Open(
        "a container that only waits for its turn gives way to one that is stuck",
        job(active=1),
        (pod("Pending", C(waiting("ContainerCreating"), name="a"), C(waiting("ErrImagePull", "404"), name="b")),),
        pending("ErrImagePull", "404", **HERE),
    ),
    Open("a ready pod is enough to run", job(active=1, ready=1), (), going(start_time=None, pod=None, node=None)),
    Open("a running container is a run", job(active=1), (pod("Running", C(running())),), going()),
    Open(
        "a running init container is a run",
        job(active=1),
        (pod("Pending", C(running(), name="i", kind="init"), MAIN_WAITS),),
        going(),
    ),
    Open(
        "a container that has just ended is still a run",
        job(active=1),
        (pod("Running", C(ended())),),
        going(),
    ),
    Open(
        "a run that was seen running does not fall back",
        job(active=1),
        (),
        going(pod=None, node=None),
        {"running_since": at(2)},
    ),
    Open(
        "a second pod is a second attempt",
        job(limit=2, active=1, ready=1, failed=1),
        (pod("Failed", C(ended(4))),),
        going("Retrying", "attempt 2 of 3, last exit code 4", attempts=2),
    ),
    Open(
        "a restart is a second attempt, and the one that would reach the limit never counts",
        job(limit=3, restart="OnFailure", active=1, ready=1),
        (pod("Running", C(running(24), last=ended(4), restarts=1), restart="OnFailure"),),
        going("Retrying", "attempt 2 of 3, last exit code 4", attempts=2),
    ),
    Open(
        "a container that waits for its next restart is a run",
        job(limit=4, restart="OnFailure", active=1),
        (
            pod(
                "Running",
                C(waiting("CrashLoopBackOff", "back-off 10s"), last=ended(4), restarts=1),
                restart="OnFailure",
            ),
        ),
        going("Retrying", "attempt 2 of 4, last exit code 4", attempts=2),
    ),
    Open(
        "a failure that no retry follows is no retry",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), failed=1),
        (pod("Failed", C(ended(4))),),
        going(),
    ),
    Open(
        "retries without an overall limit are counted without one",
        job(limit=2**31 - 1, active=1, failed=1),
        (),
        going("Retrying", "attempt 2", attempts=2, start_time=None, pod=None, node=None),
    ),
    Open("a pod that outlives its Job is a run", None, (pod("Running", C(running()), deleted=10),), going()),
    Open(
        "an Event tells what a pod does not say",
        job(active=1),
        (pod("Pending", C(waiting("ContainerCreating"))),),
        pending("FailedMount", MOUNT_WORDS, **HERE),
        {"event": Waiting("FailedMount", MOUNT_WORDS)},
    ),
    Open(
        "what the pod says goes before its Events",
        job(active=1),
        (pod("Pending", C(waiting("ImagePullBackOff", PULL_WORDS))),),
        pending("ImagePullBackOff", PULL_WORDS, **HERE),
        {"event": Waiting("FailedMount", MOUNT_WORDS)},
    ),
    Open(
        "an Event tells why a container that runs is not ready",
        job(active=1),
        (pod("Running", C(running())),),
        going("Unhealthy", "Startup probe failed: 503"),
        {"event": Waiting("Unhealthy", "Startup probe failed: 503")},
    ),
    Open(
        "an Event says nothing about a pod that is ready",
        job(active=1, ready=1),
        (pod("Running", C(running())),),
        going(),
        {"event": Waiting("Unhealthy", "Startup probe failed: 503")},
    ),
    Open(
        "one container has ended, another goes on",
        job(active=1),
        (pod("Running", C(ended(0), name="main"), C(running(), name="proxy")),),
        going("PartlyEnded", "container main ended with code 0 at 2026-11-22T08:00:12Z, proxy still runs"),
    ),
    Open(
        "a native sidecar beside a container that has ended is nothing unusual",
        job(active=1),
        (pod("Running", C(running(), name="proxy", kind="sidecar"), C(ended(0), name="main")),),
        going(),
    ),
    Open(
        "a pod is not gone ten seconds after its grace period",
        job(terminating=1),
        (pod("Running", C(running()), deleted=10),),
        going(
            "NotTerminated",
            "pod close-1-abcde should be gone by 2026-11-22T08:00:40Z, but node worker-1 has not confirmed it",
        ),
        {"now": at(50)},
    ),
    Open(
        "a pod has its grace period",
        job(terminating=1),
        (pod("Running", C(running()), deleted=10),),
        going(),
        {"now": at(49)},
    ),
    Open(
        "a Job whose parallelism is 0",
        replace(job(), parallelism=0),
        (),
        pending("NoParallelism", "spec.parallelism of its Job is 0: it starts no pod"),
    ),
]


@pytest.mark.parametrize("case", OPEN, ids=lambda case: case.id)
def test_a_run_that_still_goes(case: Open) -> None:
    assert open_outcome(case.job, case.pods, **case.known) == case.expected


# ---- when to look


@pytest.mark.parametrize(
    ("now", "due"),
    [(0, 5), (4.9, 5), (5, 15), (15, 60), (59, 60), (60, 300), (300, 600), (601, 900), (3000, 3300)],
    ids=lambda value: f"{value} s",
)
def test_the_next_look_at_a_job_without_a_ready_pod(now: float, due: float) -> None:
    assert next_pod_list(job(active=1), at(now)) == at(due)


@pytest.mark.parametrize(
    "quiet",
    [
        job(active=1, ready=1),
        job(*COMPLETE, succeeded=1),
        job(*failed(), failed=1),
        job(suspend=True),
        job(started=None),
        job(active=1, terminating=1),
        job(deleted=3),
    ],
    ids=["ready", "complete", "failed", "suspended", "not started", "about to go", "deleted"],
)
def test_no_look_at_a_job_that_is(quiet: Job) -> None:
    assert (next_pod_list(quiet, at(30)), is_unready_too_long(quiet, at(30))) == (None, False)


def test_looks_begin_when_the_last_pod_was_ready() -> None:
    quiet, unready_since = job(active=1), at(1000)
    assert is_unready_too_long(quiet, at(1004.9), unready_since) is False
    assert [next_pod_list(quiet, at(now), unready_since) for now in (1000, 1005, 1300)] == [
        at(1005),
        at(1015),
        at(1600),
    ]


def test_a_job_is_odd_after_five_seconds_without_a_ready_pod() -> None:
    assert [is_unready_too_long(job(active=1), at(second)) for second in (0, 4.9, 5, 1000)] == [
        False,
        False,
        True,
        True,
    ]


# ---- whose log


def source(changes: Body) -> LogSource:
    usual: Body = {
        "pod": "close-1-abcde",
        "container": "c",
        "previous": False,
        "message": "",
        "absent": LogReason.POD_GONE,
    }
    return LogSource(**(usual | changes))


NEVER: Body = {"pod": None, "absent": LogReason.NEVER_STARTED}
ON_FAILURE_POD = pod(
    "Running",
    C(running(13), last=ended(4, message="bad ledger"), restarts=1),
    deleted=14,
    restart="OnFailure",
)
LOG_SOURCES: list[tuple[str, Job | None, tuple[Pod, ...], str | None, Body]] = [
    ("the only container", job(*COMPLETE, succeeded=1), (pod("Succeeded", C(ended())),), None, {}),
    (
        "the message stands in for the log of a failure",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="a\nb"))),),
        None,
        {"message": "a\nb"},
    ),
    (
        "a message that the program wrote is not the log",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(message="12 ledgers"))),),
        None,
        {},
    ),
    (
        "a message of a template's own policy is not the log",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="12 ledgers"), policy="File")),),
        None,
        {},
    ),
    (
        "never a sidecar by itself",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(137, end=17), name="proxy", kind="sidecar"), C(ended())),),
        None,
        {},
    ),
    (
        "a sidecar where it is asked for",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(0, end=17), name="proxy", kind="sidecar"), C(ended())),),
        "proxy",
        {"container": "proxy"},
    ),
    (
        "never an injected one, wherever it stands",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(end=17), name="istio-proxy"), C(ended())),),
        None,
        {},
    ),
    (
        "an injected one where it is asked for",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(end=17), name="istio-proxy"), C(ended())),),
        "istio-proxy",
        {"container": "istio-proxy"},
    ),
    (
        "the default container of the template, not the first",
        job(*COMPLETE, succeeded=1, default="b"),
        (pod("Succeeded", C(ended(), name="a"), C(ended(), name="b")),),
        None,
        {"container": "b"},
    ),
    (
        "the first of the template where the default container is not of it",
        job(*COMPLETE, succeeded=1, default="istio-proxy"),
        (pod("Succeeded", C(ended(), name="istio-proxy"), C(ended(), name="b")),),
        None,
        {"container": "b"},
    ),
    (
        "the deciding container where the one asked for does not exist",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended())),),
        "worker",
        {},
    ),
    (
        "the first main container of a success",
        job(*COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended(), name="i", kind="init"), C(ended(end=14), name="a"), C(ended(), name="b")),),
        None,
        {"container": "a"},
    ),
    (
        "the init container that failed",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5, message="m"), name="migrate", kind="init"), MAIN_WAITS),),
        None,
        {"container": "migrate", "message": "m"},
    ),
    (
        "the init container that runs",
        job(active=1),
        (pod("Pending", C(running(), name="migrate", kind="init"), MAIN_WAITS),),
        None,
        {"container": "migrate"},
    ),
    (
        "no log of the main container behind a failed init container",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(5), name="migrate", kind="init"), MAIN_WAITS),),
        "c",
        NEVER,
    ),
    (
        "the attempt before the retry that the limit kills",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), restart="OnFailure", limit=1),
        (ON_FAILURE_POD,),
        None,
        {"previous": True, "message": "bad ledger"},
    ),
    (
        "the same before its pod shows the deletion",
        job(condition("FailureTarget", LIMIT, LIMIT_WORDS), restart="OnFailure", limit=1),
        (pod("Running", C(running(13), last=ended(4, message="bad ledger"), restarts=1), restart="OnFailure"),),
        None,
        {"previous": True, "message": "bad ledger"},
    ),
    (
        "the pod that is being deleted, because the log of the failed one before stays",
        job(limit=2, active=1, ready=1, failed=1, terminating=1),
        (
            pod("Running", C(running(24)), name="close-1-second", started=22, deleted=30),
            pod("Failed", C(ended(3))),
        ),
        None,
        {"pod": "close-1-second"},
    ),
    (
        "the current attempt of a run that somebody else ends",
        job(restart="OnFailure", limit=3, deleted=14),
        (ON_FAILURE_POD,),
        None,
        {},
    ),
    (
        "a pod that is gone leaves its message",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(3, message="m")), gone=True),),
        None,
        {"pod": None, "message": "m"},
    ),
    ("a pod that was never seen", job(*failed(), failed=1), (), "c", {"pod": None}),
    ("nothing at all", None, (), None, {"pod": None, "container": ""}),
    ("a Job that never had a pod", job(*OUT_OF_TIME), (), None, NEVER | {"container": ""}),
    (
        "a container that waits for its image",
        job(*OUT_OF_TIME, failed=1),
        (pod("Pending", C(waiting("ImagePullBackOff", PULL_WORDS)), deleted=10),),
        None,
        NEVER,
    ),
    ("a container that never started and was deleted", job(*OUT_OF_TIME, failed=1), (UNSTARTED_POD,), None, NEVER),
    (
        "a program that could not be started",
        job(*failed(), failed=1),
        (pod("Failed", C(ended(128, reason="StartError", message=OCI_WORDS, epoch=True))),),
        None,
        NEVER,
    ),
    (
        "a pod that its node refused",
        job(*failed(), failed=1),
        (pod("Failed", reason="OutOfcpu", message="no cpu"),),
        None,
        NEVER | {"container": ""},
    ),
]


@pytest.mark.parametrize(
    ("of", "pods", "asked", "changes"), [case[1:] for case in LOG_SOURCES], ids=[case[0] for case in LOG_SOURCES]
)
def test_whose_log_is_read(of: Job | None, pods: tuple[Pod, ...], asked: str | None, changes: Body) -> None:
    assert log_source(of, pods, asked) == source(changes)
