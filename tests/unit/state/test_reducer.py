"""Reducer: what the operator remembers of a request after each observation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import finished

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import RunEnd
from process_operator.decisions.inputs.observations import Delivery, DryRun, RunObservations
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Waiting
from process_operator.resources.process_run import RunLog, Trigger
from process_operator.state.facts import NO_FACTS, RequestFacts, StepEnd
from process_operator.state.reducer import Observation, observe
from process_operator.state.request_observations import (
    ClockSet,
    DryRunAnswered,
    DryRunFailed,
    HistoryLoaded,
    HistoryOutdated,
    Interrupted,
    NotificationsEnded,
    NotificationsStarted,
    OutcomeNotRecorded,
    OutcomeRecorded,
    RequestDeleted,
    RunClosed,
    RunFinished,
    RunsDeleted,
    StepEnded,
    StepOpened,
)
from process_operator.state.run_observations import (
    JobAbsent,
    JobCreated,
    JobDeleted,
    JobDeletionStarted,
    JobEventsRead,
    JobManagedElsewhere,
    JobRejected,
    JobRemoved,
    JobSeen,
    KubeletEventsRead,
    LogRead,
    LogReadingCancelled,
    LogRequested,
    PodEventsRead,
    PodsListed,
    RecordingFailed,
    RecordingStarted,
    WithdrawalFailed,
    WithdrawalRejected,
)

NOON, LATER = at("12:00"), at("12:05")
FULL: Final = Blocked("Job run cannot be created", "QuotaExceeded", "full", since=NOON, again_at=LATER)
LOG: Final = RunLog(text="done")
OLD, NEW = finished("old"), finished("new", due="12:01")
END: Final = RunEnd(uid="uid-of-old", recorded=NOON, trigger=Trigger.SCHEDULE)


def a_job(*, suspend: bool = False, condition: str = "", **status: Any) -> Job:
    metadata = {"name": "run", "namespace": "erp", "uid": "uid-of-job"}
    if condition:
        status["conditions"] = [{"type": condition, "status": "True"}]
    return parse_job({"metadata": metadata, "spec": {"suspend": suspend}, "status": status})


def seen(job: Job, before: Job | None = None, *, is_run_open: bool = True) -> JobSeen:
    return JobSeen("run", job, before, LATER, is_run_open)


ACTIVE, READY = a_job(active=1), a_job(active=1, ready=1)
ENDING, COMPLETE = a_job(active=1, condition="SuccessCriteriaMet"), a_job(condition="Complete")
RAN: Final = RunObservations(running_since=NOON)


@pytest.mark.parametrize(
    ("before", "observation", "after"),
    [
        pytest.param({}, seen(READY), {"running_since": LATER}, id="a pod is ready for the first time"),
        pytest.param({"running_since": NOON}, seen(READY), {"running_since": NOON}, id="a pod is still ready"),
        pytest.param({}, seen(ACTIVE), {}, id="no pod is ready yet"),
        pytest.param(
            {"running_since": NOON},
            seen(ACTIVE),
            {"running_since": NOON, "unready_since": LATER},
            id="none is any more",
        ),
        pytest.param(
            {"running_since": NOON, "unready_since": NOON},
            seen(ACTIVE),
            {"running_since": NOON, "unready_since": NOON},
            id="none is, as before",
        ),
        pytest.param(
            {"running_since": NOON, "unready_since": NOON}, seen(READY), {"running_since": NOON}, id="one is again"
        ),
        pytest.param(
            {"running_since": NOON, "log": LOG, "log_pod": "pod"},
            seen(a_job(suspend=True)),
            {},
            id="the Job is suspended",
        ),
        pytest.param({"job_absent": True}, seen(ACTIVE), {}, id="a Job that was absent exists"),
        pytest.param({"pods_listed_at": NOON}, seen(ENDING, ACTIVE), {}, id="a list of pods is older than the end"),
        pytest.param(
            {"pods_listed_at": NOON},
            seen(ENDING, ENDING),
            {"pods_listed_at": NOON},
            id="a list from during the end stays",
        ),
        pytest.param({}, seen(COMPLETE), {"ended_at": LATER}, id="the Job is over"),
        pytest.param({"ended_at": NOON}, seen(COMPLETE), {"ended_at": NOON}, id="the Job was over before"),
        pytest.param({}, seen(COMPLETE, is_run_open=False), {}, id="the Job of a recorded run is over"),
        pytest.param({}, JobDeleted("run", "job-uid", LATER), {"ended_at": LATER}, id="the Job is deleted"),
        pytest.param(
            {"ended_at": NOON},
            JobDeleted("run", "job-uid", LATER),
            {"ended_at": NOON},
            id="the Job is deleted, and was over before",
        ),
        pytest.param(
            {}, JobDeletionStarted("run", "job-uid"), {"deleting_job": "job-uid"}, id="the operator deletes the Job"
        ),
        pytest.param(
            {"deleting_job": "job-uid"}, JobDeletionStarted("run", ""), {}, id="the API server rejects that deletion"
        ),
        pytest.param(
            {"deleting_job": "job-uid", "pods_listed_at": NOON, "pod_events_read_at": NOON},
            JobDeleted("run", "job-uid", LATER),
            {"deleting_job": "job-uid"},
            id="the Job that the operator deletes is gone, so the run has not ended",
        ),
        pytest.param(
            {"deleting_job": "uid-before"},
            JobDeleted("run", "job-uid", LATER),
            {"deleting_job": "uid-before", "ended_at": LATER},
            id="another Job than the one that the operator deletes is gone",
        ),
        pytest.param({}, JobAbsent("run"), {"job_absent": True}, id="the API server has no Job"),
        pytest.param({}, JobRejected("run", FULL), {"create_rejected": FULL}, id="the Job is rejected"),
        pytest.param({"create_rejected": FULL}, JobCreated("run"), {}, id="the Job is created after a rejection"),
        pytest.param({}, JobManagedElsewhere("run"), {"managed_elsewhere": True}, id="Kueue would resume the Job"),
        pytest.param(
            {
                "ended_at": NOON,
                "pods_listed_at": NOON,
                "rejected_pods": "quota",
                "events_read_at": NOON,
                "log_pod": "pod",
            },
            JobRemoved("run"),
            {"log_pod": "pod"},
            id="the operator deleted the Job",
        ),
        pytest.param({}, LogRequested("run"), {"log_wanted": True}, id="a log is requested"),
        pytest.param(
            {"log_wanted": True}, LogRead("run", LOG, "pod"), {"log": LOG, "log_pod": "pod"}, id="a log is read"
        ),
        pytest.param({"log_wanted": True}, LogReadingCancelled("run"), {}, id="a reader was cancelled"),
        pytest.param({}, PodsListed("run", NOON), {"pods_listed_at": NOON}, id="the pods are listed"),
        pytest.param(
            {},
            JobEventsRead("run", NOON, "quota"),
            {"events_read_at": NOON, "rejected_pods": "quota"},
            id="an Event says why there are no pods",
        ),
        pytest.param(
            {"rejected_pods": "quota", "events_read_at": NOON},
            JobEventsRead("run", LATER, None),
            {"rejected_pods": "quota", "events_read_at": LATER},
            id="an older message stays",
        ),
        pytest.param(
            {"pod_event": Waiting("Pulling"), "pod_events_read_at": NOON},
            PodEventsRead("run", LATER, None),
            {"pod_events_read_at": LATER},
            id="an older Event of a pod does not stay",
        ),
        pytest.param(
            {},
            KubeletEventsRead("run", NOON, ()),
            {"kubelet_events_read_at": NOON, "kubelet_events": ()},
            id="the kubelet said nothing",
        ),
        pytest.param({}, WithdrawalRejected("run"), {"withdrawal_rejected": True}, id="a claim cannot be withdrawn"),
        pytest.param({"job_absent": True}, WithdrawalFailed("run"), {}, id="a withdrawal was not answered"),
        pytest.param({}, RecordingStarted("run"), {"finishing": True}, id="the end is being written"),
        pytest.param({"finishing": True}, RecordingFailed("run"), {}, id="the end could not be written"),
    ],
)
def test_facts_about_a_run(before: dict[str, Any], observation: Observation, after: dict[str, Any]) -> None:
    known = RequestFacts(runs={"run": RunObservations(**before), "other": RAN})
    assert observe(known, observation) == RequestFacts(runs={"run": RunObservations(**after), "other": RAN})


@pytest.mark.parametrize(
    ("before", "observation", "after"),
    [
        pytest.param({}, HistoryLoaded((OLD,)), {"history": (OLD,)}, id="the history is loaded"),
        pytest.param({"history": (OLD,)}, HistoryOutdated(), {}, id="the history has to be listed again"),
        pytest.param({"history": (OLD,)}, RunFinished(NEW), {"history": (OLD, NEW)}, id="a run is finished"),
        pytest.param(
            {"history": (OLD, NEW)},
            RunFinished(OLD),
            {"history": (NEW, OLD)},
            id="a finished run takes the place of itself",
        ),
        pytest.param({}, RunFinished(NEW), {}, id="a run is finished before the history is known"),
        pytest.param(
            {"history": (OLD, NEW)},
            RunsDeleted(frozenset({OLD.uid})),
            {"history": (NEW,)},
            id="a finished run is deleted",
        ),
        pytest.param(
            {"history": (OLD, NEW)},
            RunsDeleted(frozenset({OLD.uid, NEW.uid})),
            {"history": ()},
            id="several are deleted",
        ),
        pytest.param({}, RunsDeleted(frozenset({OLD.uid})), {}, id="a run is deleted before the history is known"),
        pytest.param({}, StepEnded("step", "run", None), {"steps": {"step": StepEnd("run", None)}}, id="a step ended"),
        pytest.param({"steps": {"step": StepEnd("run", None)}}, StepOpened("step"), {}, id="the run of a step is open"),
        pytest.param(
            {"runs": {"run": RAN, "other": RAN}, "steps": {"a": StepEnd("run", None), "b": StepEnd("other", None)}},
            RunClosed("run"),
            {"runs": {"other": RAN}, "steps": {"b": StepEnd("other", None)}},
            id="a closed run takes along its steps",
        ),
        pytest.param({}, DryRunFailed(FULL), {"dry_run_blocked": FULL}, id="the dry run is not answered"),
        pytest.param(
            {"dry_run_blocked": FULL}, DryRunAnswered(DryRun("hash")), {"dry_run": DryRun("hash")}, id="it is answered"
        ),
        pytest.param({}, NotificationsStarted("uid"), {"deliveries": {"uid": Delivery()}}, id="notifications start"),
        pytest.param(
            {"deliveries": {"uid": Delivery()}},
            NotificationsEnded("uid", ("hook: HTTP 500",)),
            {"deliveries": {"uid": Delivery(done=True, failures=("hook: HTTP 500",))}},
            id="notifications end",
        ),
        pytest.param({}, NotificationsEnded("uid"), {}, id="notifications end after their request was deleted"),
        pytest.param(
            {"deliveries": {"uid": Delivery(done=True, failures=("hook",))}},
            OutcomeNotRecorded("uid", LATER),
            {"deliveries": {"uid": Delivery(done=True, failures=("hook",), again_at=LATER)}},
            id="the outcome cannot be recorded",
        ),
        pytest.param(
            {"deliveries": {"uid-of-old": Delivery(done=True)}, "history": (replace(OLD, end_to_notify=END), NEW)},
            OutcomeRecorded("uid-of-old"),
            {"history": (OLD, NEW)},
            id="the outcome is recorded",
        ),
        pytest.param(
            {"runs": {"run": RAN}, "steps": {"a": StepEnd("run", None)}, "history": (OLD,), "dry_run": DryRun("hash")},
            RequestDeleted(),
            {"runs": {"run": RAN}, "steps": {"a": StepEnd("run", None)}},
            id="open runs outlive their request",
        ),
        pytest.param(
            {"runs": {"run": replace(RAN, job_absent=True)}, "history": (OLD,), "deliveries": {"uid": Delivery()}},
            Interrupted(),
            {"runs": {"run": RAN}},
            id="another operator may have acted",
        ),
        pytest.param(
            {"runs": {"run": replace(RAN, create_rejected=FULL)}, "history": (OLD,)},
            ClockSet(timedelta(minutes=5)),
            {
                "runs": {
                    "run": RunObservations(
                        running_since=LATER, create_rejected=replace(FULL, since=LATER, again_at=at("12:10"))
                    )
                },
                "history": (OLD,),
            },
            id="the clock was set",
        ),
    ],
)
def test_facts_about_a_request(before: dict[str, Any], observation: Observation, after: dict[str, Any]) -> None:
    assert observe(RequestFacts(**before), observation) == RequestFacts(**after)


@pytest.mark.parametrize(
    "observation",
    [
        HistoryOutdated(),
        RunFinished(OLD),
        RunsDeleted(frozenset({"uid"})),
        RunClosed("run"),
        StepOpened("step"),
        JobCreated("run"),
    ],
    ids=lambda observation: type(observation).__name__,
)
def test_an_observation_that_changes_nothing_costs_no_memory(observation: Observation) -> None:
    assert observe(NO_FACTS, observation) is NO_FACTS


def test_facts_are_not_changed_in_place() -> None:
    before = RequestFacts(runs={"run": RAN}, history=(OLD,), steps={"a": StepEnd("run", None)})
    copy = replace(before, runs=dict(before.runs), steps=dict(before.steps))
    for observation in (RunClosed("run"), RunFinished(NEW), seen(ACTIVE), RequestDeleted(), Interrupted()):
        observe(before, observation)
    assert before == copy
