"""Follow-up of a plan, in a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import process, request, run, schedule, snapshot

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateJob, CreateRun, DeleteRuns, Emit, FinishRun, ReadLog
from process_operator.decisions.plan.follow_up import FollowUp, ends_wait_until, follow_up
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.conditions import LogReason
from process_operator.resources.process import ProcessSpec
from process_operator.resources.process_backfill import BackfillPhase, ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRunStatus, RunPhase

NOON: Final = at("12:00")
NONE, BATCHED, NOW = FollowUp.NONE, FollowUp.BATCHED, FollowUp.NOW
START: Final = CreateJob("run", {"spec": {}})
CLAIM_AND_START: Final = CreateRun({"metadata": {"name": "run"}}, job={"spec": {}})
CLAIM: Final = CreateRun({"metadata": {"name": "run"}})
OTHER_START: Final = CreateJob("other", {"spec": {}})
EVENT: Final = Emit(reason="RunStarted", message="it starts")
SOURCE: Final = LogSource(pod="run-abcde", container="main", previous=False, message="", absent=LogReason.POD_GONE)
READ: Final = ReadLog("run", SOURCE, tail_bytes=1000)
CLEAN_UP: Final = DeleteRuns({"old": "uid-of-old"})

SCHEDULED: Final = snapshot(request(schedule(60)))
ONCE: Final = snapshot(request({"runImmediately": {}}))
SHARED: Final = replace(SCHEDULED, process_lock=ProcessLock("close-day"))


@dataclass(frozen=True)
class Executed:
    """A plan that was executed, and the decision that has to follow."""

    id: str
    known: Snapshot
    expected: FollowUp
    actions: tuple[Action, ...] = ()
    waiting: int = 0


EXECUTED: Final = [
    Executed("nothing was done", known=SCHEDULED, expected=NONE),
    Executed("the actions have no result yet", known=SCHEDULED, actions=(EVENT, READ), expected=NONE),
    Executed("a run was started", known=SCHEDULED, actions=(START,), expected=BATCHED),
    Executed(
        "a run was claimed and started",
        known=SCHEDULED,
        actions=(CLAIM_AND_START, EVENT, CLEAN_UP),
        expected=BATCHED,
    ),
    Executed("a run was claimed only", known=SCHEDULED, actions=(CLAIM,), expected=NOW),
    Executed("a Job could not be created", known=SCHEDULED, actions=(START, OTHER_START), expected=NOW),
    Executed("a run was started, and another one ended", known=SCHEDULED, actions=(START, READ), expected=NOW),
    Executed("old runs were deleted", known=SCHEDULED, actions=(CLEAN_UP,), expected=NOW),
    Executed("a run waits", known=SCHEDULED, actions=(START,), waiting=1, expected=NOW),
    Executed(
        "the plan was too long to be executed at once",
        known=SCHEDULED,
        actions=(START, *[EVENT] * 9),
        expected=NOW,
    ),
    Executed("a user may wait for the status of a request that runs once", known=ONCE, actions=(START,), expected=NOW),
    Executed("other requests wait for the Process", known=SHARED, actions=(START,), expected=NOW),
    Executed(
        "other requests wait for the word that nothing is left to do",
        known=SHARED,
        actions=(EVENT,),
        expected=NOW,
    ),
    Executed("nothing was done about a shared Process", known=SHARED, expected=NONE),
]


@pytest.mark.parametrize("case", EXECUTED, ids=lambda case: case.id)
def test_follow_up(case: Executed) -> None:
    plan = Plan(case.actions, status=ProcessRequestStatus(waiting_count=case.waiting))
    assert follow_up(case.known, plan, NOON, max_actions=9, has_job=lambda run: run == "run") is case.expected


ONE_STEP: Final = {"name": "one", "process": {"name": "one"}}


class Ends(NamedTuple):
    """A request that is due again at `wake_at`, and until when the ends of its runs wait."""

    id: str
    known: Snapshot
    want: datetime | None = None
    wake_at: datetime | None = at("12:00:00.8")
    waiting: int = 0
    backfill: BackfillPhase | None = None


STEPS: Final = process().model_copy(update={"spec": ProcessSpec.model_validate({"steps": [ONE_STEP]})})
ENDS: Final = [
    Ends("it is due again within the second", SCHEDULED, want=at("12:00:00.8")),
    Ends("it is due later", SCHEDULED, wake_at=at("12:00:01.5")),
    Ends("it is never due again", SCHEDULED, wake_at=None),
    Ends("a user may wait for a request that runs once", ONCE),
    Ends("the request is gone", replace(SCHEDULED, request=None)),
    Ends("a run waits", SCHEDULED, waiting=1),
    Ends("the next tick needs the end of this run", snapshot(request(schedule(60), concurrencyPolicy="Forbid"))),
    Ends("other requests wait for the Process", SHARED),
    Ends("the next step waits for the end of this one", replace(SCHEDULED, process=STEPS)),
    Ends("a step of an earlier Process is open", replace(SCHEDULED, step_runs=(run("step"),))),
    Ends("the next run of a backfill waits", SCHEDULED, backfill=BackfillPhase.RUNNING),
    Ends("a backfill is over", SCHEDULED, want=at("12:00:00.8"), backfill=BackfillPhase.SUCCEEDED),
]


@pytest.mark.parametrize("case", ENDS, ids=lambda case: case.id)
def test_ends_wait(case: Ends) -> None:
    backfills = {} if case.backfill is None else {"june": ProcessBackfillStatus(phase=case.backfill)}
    status = ProcessRequestStatus(waiting_count=case.waiting)
    plan = Plan(status=status, wake_at=case.wake_at, backfills=backfills)
    assert ends_wait_until(case.known, plan, NOON) == case.want


FINISH: Final = FinishRun("run", ProcessRunStatus(phase=RunPhase.SUCCEEDED))


@pytest.mark.parametrize(
    ("wake_at", "actions", "want"),
    [
        pytest.param("12:00:00.8", (FINISH, EVENT, READ), BATCHED, id="an end, while ends wait"),
        pytest.param("12:00:00.8", (CLEAN_UP,), BATCHED, id="old runs were deleted, while ends wait"),
        pytest.param("12:00:00.8", (FINISH, OTHER_START), NOW, id="a Job could not be created"),
        pytest.param("12:00:05", (FINISH, EVENT), NOW, id="an end that does not wait"),
    ],
)
def test_follow_up_of_an_end(wake_at: str, actions: tuple[Action, ...], want: FollowUp) -> None:
    plan = Plan(actions, status=ProcessRequestStatus(), wake_at=at(wake_at))
    assert follow_up(SCHEDULED, plan, NOON, max_actions=9, has_job=lambda run: run == "run") is want
