"""Failure of a run as its Job tells it: codes, attempts, policies and deadlines, every case as seen on a cluster."""

from __future__ import annotations

import pytest
from tests.builders.outcomes import KILLED_POD, NO_POD, NOW, UNSTARTED_POD, Case, F, check_end, outcome
from tests.builders.workloads import (
    DEADLINE_WORDS,
    LIMIT,
    LIMIT_WORDS,
    NO_NODE_WORDS,
    OUT_OF_TIME,
    PULL_WORDS,
    C,
    condition,
    ended,
    failed,
    instant,
    job,
    pod,
    running,
    unlocated,
)

from process_operator.decisions.run.evidence import Context
from process_operator.decisions.run.outcome import finished_outcome

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
        outcome(F, "ExitCode", "second", exit_code=4, attempts=2, pod="close-1-second", end_time=instant(30)),
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
        outcome(F, "ExitCode", "bad ledger", exit_code=4, attempts=3, start_time=instant(1)),
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
        "with OnFailure the killed retry does not decide where the kubelet dropped the attempt before it",
        job(*failed(), limit=1, restart="OnFailure", failed=1),
        (pod("Failed", C(ended(99, start=13, end=15), restarts=1), deleted=14, restart="OnFailure"),),
        outcome(F, LIMIT, LIMIT_WORDS, start_time=instant(13), end_time=instant(20)),
    ),
    Case(
        "with OnFailure the attempt that ended before the deletion decides, also without one before it",
        job(*failed(), limit=1, restart="OnFailure", failed=1),
        (pod("Failed", C(ended(4, start=10, end=12), restarts=1), deleted=14, restart="OnFailure"),),
        outcome(F, "ExitCode", "container c exited with code 4", exit_code=4, start_time=instant(10)),
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
        outcome(F, "ExitCode", "bad ledger", exit_code=4, attempts=2, end_time=instant(15)),
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
        outcome(
            F, "DeadlineExceeded", f"{DEADLINE_WORDS} (10 s)", start_time=instant(3), end_time=instant(20), **NO_POD
        ),
        {"running_since": instant(3.7), "pending_reason": "ImagePullBackOff"},
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
            end_time=instant(20),
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
            end_time=instant(20),
            node=None,
        ),
    ),
    Case(
        "a deadline over pods that were rejected is told by the rejection",
        job(*OUT_OF_TIME, deadline=10),
        (),
        outcome(
            F,
            "FailedCreate",
            "pods are forbidden: exceeded quota, until the deadline of 10 s",
            start_time=None,
            end_time=instant(20),
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
            end_time=instant(20),
        ),
        {"pending_reason": "Suspended", "pending_message": "until 08:00"},
    ),
]


@pytest.mark.parametrize("case", FAILED, ids=lambda case: case.id)
def test_a_failed_run(case: Case) -> None:
    check_end(case)


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
