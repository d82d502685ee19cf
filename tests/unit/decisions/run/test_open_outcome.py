"""Outcome of a run that is not over, and when the pods of its Job are listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from tests.builders.objects import Object
from tests.builders.outcomes import MAIN_WAITS
from tests.builders.workloads import (
    COMPLETE,
    LIMIT,
    LIMIT_WORDS,
    MOUNT_WORDS,
    NO_NODE_WORDS,
    PULL_WORDS,
    C,
    condition,
    ended,
    failed,
    instant,
    job,
    pod,
    running,
    waiting,
)

from process_operator.decisions.run.open_outcome import is_unready_too_long, next_pod_list, open_outcome
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod, Waiting
from process_operator.resources.process_run import RunPhase


class Open(NamedTuple):
    id: str
    job: Job | None
    pods: tuple[Pod, ...]
    expected: RunOutcome
    known: Mapping[str, Any] = MappingProxyType({})


def pending(reason: str = "", message: str = "", **changes: Any) -> RunOutcome:
    return RunOutcome(phase=RunPhase.PENDING, reason=reason, message=message, **changes)


def going(reason: str = "", message: str = "", **changes: Any) -> RunOutcome:
    usual: Object = {"start_time": instant(2), "attempts": 1, "pod": "close-1-abcde", "node": "worker-1"}
    return RunOutcome(phase=RunPhase.RUNNING, reason=reason, message=message, **(usual | changes))


HERE: Object = {"pod": "close-1-abcde", "node": "worker-1"}
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
        {"running_since": instant(2)},
    ),
    Open(
        "a resumed Job starts from scratch",
        job(started=60, active=1),
        (pod("Succeeded", C(ended()), deleted=10, gone=True),),
        pending(),
        {"running_since": instant(2)},
    ),
    Open("a Job whose pod was not read yet", job(active=1), (), pending()),
    Open(
        "a Job whose pods are rejected tells the Event's words",
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
        (pod("Pending", C(waiting("CreateContainerConfigError", "no key"), name="i", role="init"), MAIN_WAITS),),
        pending("CreateContainerConfigError", "no key", **HERE),
    ),
    Open(
        "a stuck container is reported before one that only waits for its turn",
        job(active=1),
        (pod("Pending", C(waiting("ContainerCreating"), name="a"), C(waiting("ErrImagePull", "404"), name="b")),),
        pending("ErrImagePull", "404", **HERE),
    ),
    Open("a ready pod is enough to run", job(active=1, ready=1), (), going(start_time=None, pod=None, node=None)),
    Open("a running container is a run", job(active=1), (pod("Running", C(running())),), going()),
    Open(
        "a running init container is a run",
        job(active=1),
        (pod("Pending", C(running(), name="i", role="init"), MAIN_WAITS),),
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
        {"running_since": instant(2)},
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
        "the words of the pod go before its Events",
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
        "an Event tells that the node of a container that runs does not answer",
        job(active=1),
        (pod("Running", C(running())),),
        going("NodeNotReady", "Node is not ready"),
        {"event": Waiting("NodeNotReady", "Node is not ready")},
    ),
    Open(
        "a retry is told beside the Event of a container that is not ready",
        job(limit=2, active=1, failed=1),
        (pod("Failed", C(ended(4))), pod("Running", C(running(24)), name="close-1-fghij")),
        going(
            "FailedPostStartHook",
            "PostStartHook failed; attempt 2 of 3, last exit code 4",
            attempts=2,
            pod="close-1-fghij",
        ),
        {"event": Waiting("FailedPostStartHook", "PostStartHook failed")},
    ),
    Open(
        "an Event says nothing about a pod that is ready",
        job(active=1, ready=1),
        (pod("Running", C(running())),),
        going(),
        {"event": Waiting("Unhealthy", "Startup probe failed: 503")},
    ),
    Open(
        "one container has ended, another still runs",
        job(active=1),
        (pod("Running", C(ended(0), name="main"), C(running(), name="proxy")),),
        going("PartlyEnded", "container main ended with code 0 at 2026-11-22T08:00:12Z, proxy still runs"),
    ),
    Open(
        "a native sidecar beside a container that has ended is nothing unusual",
        job(active=1),
        (pod("Running", C(running(), name="proxy", role="sidecar"), C(ended(0), name="main")),),
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
        {"now": instant(50)},
    ),
    Open(
        "a pod has its grace period",
        job(terminating=1),
        (pod("Running", C(running()), deleted=10),),
        going(),
        {"now": instant(49)},
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
    assert next_pod_list(job(active=1), instant(now)) == instant(due)


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
    assert (next_pod_list(quiet, instant(30)), is_unready_too_long(quiet, instant(30))) == (None, False)


def test_looks_begin_when_the_last_pod_was_ready() -> None:
    quiet, unready_since = job(active=1), instant(1000)
    assert is_unready_too_long(quiet, instant(1004.9), unready_since) is False
    assert [next_pod_list(quiet, instant(now), unready_since) for now in (1000, 1005, 1300)] == [
        instant(1005),
        instant(1015),
        instant(1600),
    ]


def test_a_job_is_odd_after_five_seconds_without_a_ready_pod() -> None:
    assert [is_unready_too_long(job(active=1), instant(second)) for second in (0, 4.9, 5, 1000)] == [
        False,
        False,
        True,
        True,
    ]
