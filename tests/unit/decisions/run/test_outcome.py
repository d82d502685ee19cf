"""Outcome of a run from its Job and pods: success, kill, deletion, and Jobs that are not over, against the whole outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders.outcomes import (
    CUT_SHORT,
    DRAINED,
    KILLED_POD,
    NO_POD,
    NOW,
    PREEMPTED,
    PREEMPTION_WORDS,
    UNSTARTED_POD,
    Case,
    F,
    M,
    S,
    U,
    X,
    check_end,
    outcome,
)
from tests.builders.workloads import (
    COMPLETE,
    LIMIT,
    LIMIT_WORDS,
    OUT_OF_TIME,
    C,
    condition,
    ended,
    failed,
    instant,
    job,
    pod,
    running,
)

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
        outcome(S, "Completed", exit_code=0, attempts=2, pod="close-1-second", end_time=instant(30)),
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
        (pod("Succeeded", C(ended(137, end=17), name="proxy", role="sidecar"), C(ended())),),
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
        outcome(S, "Completed", exit_code=0, attempts=2, pod="close-1-second", end_time=instant(30)),
    ),
    Case(
        "restarts inside one pod are attempts",
        job(*COMPLETE, restart="OnFailure", limit=4, succeeded=1),
        (pod("Succeeded", C(ended(start=24, end=30), last=ended(3), restarts=1), restart="OnFailure"),),
        outcome(S, "Completed", exit_code=0, attempts=2, end_time=instant(30)),
    ),
    Case(
        "if earlier attempts are forgotten, the run began with its pod",
        job(*COMPLETE, restart="OnFailure", limit=4, succeeded=1),
        (
            pod(
                "Succeeded",
                C(ended(start=94, end=99), last=ended(3, start=60), restarts=3),
                started=1,
                restart="OnFailure",
            ),
        ),
        outcome(S, "Completed", exit_code=0, attempts=4, start_time=instant(1), end_time=instant(99)),
    ),
    Case(
        "Complete counts beside an old Suspended=True",
        job(condition("Suspended", "JobSuspended", "Job suspended"), *COMPLETE, succeeded=1),
        (pod("Succeeded", C(ended())),),
        outcome(S, "Completed", exit_code=0),
    ),
    Case(
        "a resumed Job whose status still has the suspension counts only the pod of its last start",
        job(condition("Suspended", "JobSuspended", after=6), *COMPLETE, succeeded=1),
        (
            pod("Succeeded", C(ended(start=2, end=6)), name="close-1-paused", deleted=6),
            pod("Succeeded", C(ended(start=9, end=12))),
        ),
        outcome(S, "Completed", exit_code=0, start_time=instant(9)),
    ),
    Case(
        "without its pods a success has the times of its Job",
        job(*COMPLETE, succeeded=1),
        (),
        outcome(S, "Completed", exit_code=0, start_time=instant(0), end_time=instant(13), **NO_POD),
    ),
    Case(
        "a node whose clock is late cannot end a run before its start",
        job(*COMPLETE, started=40, succeeded=1),
        (pod("Succeeded", C(ended(start=None)), started=40),),
        outcome(S, "Completed", exit_code=0, start_time=instant(40), end_time=instant(40)),
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
        "the text behind Canceled in the annotation is the message",
        job(*OUT_OF_TIME, kill="Canceled its timing was edited", deadline=0, failed=1),
        (KILLED_POD,),
        outcome(X, "Canceled", "its timing was edited", exit_code=143),
    ),
    Case(
        "a run that was canceled while it waited for its image has no code",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, failed=1),
        (UNSTARTED_POD,),
        outcome(X, "Canceled", start_time=None, end_time=instant(20)),
    ),
    Case(
        "a run that was canceled while it was suspended never started",
        job(condition("Suspended", "JobResumed", status="False"), *OUT_OF_TIME, kill="Canceled", deadline=0),
        (),
        outcome(X, "Canceled", start_time=None, end_time=instant(20), attempts=0, **NO_POD),
    ),
    Case(
        "a paused run that was canceled has the pod of before, although its Job seems resumed",
        job(condition("Suspended", "JobSuspended", after=10), *OUT_OF_TIME, kill="Canceled", deadline=0),
        (KILLED_POD,),
        outcome(X, "Canceled", exit_code=143),
    ),
    Case(
        "the retry that was killed speaks for a canceled run, not the attempt before",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, restart="OnFailure", failed=1),
        (pod("Failed", C(ended(143, start=24, end=30), last=ended(4), restarts=1), deleted=29, restart="OnFailure"),),
        outcome(X, "Canceled", exit_code=143, attempts=2, end_time=instant(30)),
    ),
    Case(
        "the pod that was killed speaks for a canceled run, not the failed one before",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, failed=2),
        (
            pod("Failed", C(ended(4)), name="close-1-first"),
            pod("Failed", C(ended(143, start=24, end=30)), name="close-1-second", started=22, deleted=29),
        ),
        outcome(X, "Canceled", exit_code=143, attempts=2, pod="close-1-second", end_time=instant(30)),
    ),
    Case(
        "it does so also where its trap gave 0",
        job(*OUT_OF_TIME, kill="Canceled", deadline=0, limit=3, failed=2),
        (
            pod("Failed", C(ended(4)), name="close-1-first"),
            pod("Succeeded", C(ended(start=24, end=30)), name="close-1-second", started=22, deleted=29),
        ),
        outcome(X, "Canceled", exit_code=0, attempts=2, pod="close-1-second", end_time=instant(30)),
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
            end_time=instant(20),
            attempts=0,
            **NO_POD,
        ),
        {"start_by": instant(3600)},
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
        outcome(X, "Canceled", exit_code=143, attempts=2, end_time=instant(15)),
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
        "a pod that trapped its deletion and gave 0 is still canceled",
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
        outcome(X, "JobDeleted", DELETED_WORDS, exit_code=143, attempts=2, pod="close-1-1-other", end_time=instant(15)),
    ),
    Case(
        "a pod that runs out its grace period is waited for",
        None,
        (pod("Running", C(running()), deleted=10),),
        None,
    ),
    Case(
        "a pod of a paused Job that is gone is waited for while it runs",
        job(condition("Suspended", "JobSuspended", after=10), suspend=True),
        (pod("Running", C(running()), deleted=10),),
        None,
        {"job_gone": True},
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
        outcome(S, "Completed", exit_code=0, start_time=instant(0), end_time=instant(13), **NO_POD),
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
            start_time=instant(3),
            end_time=NOW,
            attempts=None,
            **NO_POD,
        ),
        {"running_since": instant(3)},
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


@pytest.mark.parametrize("case", [*SUCCEEDED, *KILLED, *GONE, *UNFINISHED], ids=lambda case: case.id)
def test_the_end_of_a_run(case: Case) -> None:
    check_end(case)
