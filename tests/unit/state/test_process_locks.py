"""Process locks: the next request of a Process that several requests share, and the grant at the moment of a decision."""

from __future__ import annotations

from typing import Final

import pytest
from tests.unit.given import at

from process_operator.decisions.concurrency.lock_holders import started_by
from process_operator.decisions.inputs.process_lock import LockHolder, LockRequest, ProcessLock
from process_operator.decisions.plan.actions import Action, CreateJob, CreateRun, PatchJob, ReportRun
from process_operator.resources.process import ConcurrencyPolicy, SharedPolicy, stricter
from process_operator.resources.process_run import ProcessRunStatus, StepStatus
from process_operator.resources.types import NamespacedName
from process_operator.state.process_locks import ProcessLocks

ALLOW, FORBID, REPLACE, QUEUE = (
    ConcurrencyPolicy.ALLOW,
    ConcurrencyPolicy.FORBID,
    ConcurrencyPolicy.REPLACE,
    ConcurrencyPolicy.QUEUE,
)
NOW: Final = at("12:00")
PROCESS: Final = ("erp", "close-day")


def asks(request: str, due: str = "12:00", *, place: str | None = None) -> LockRequest:
    return LockRequest(request, f"{request}-1", at(due), at(place or due))


def works(request: str, due: str = "11:00") -> LockHolder:
    return LockHolder(request, f"{request}-1", at(due), at(due))


def line(*others: LockRequest | LockHolder, is_complete: bool = True) -> ProcessLock:
    return ProcessLock(
        "close-day",
        tuple(other for other in others if isinstance(other, LockHolder)),
        tuple(other for other in others if isinstance(other, LockRequest)),
        is_complete=is_complete,
    )


@pytest.mark.parametrize(
    ("request_policy", "process_policy", "holds"),
    [
        pytest.param(ALLOW, ALLOW, ALLOW, id="Allow where both allow"),
        pytest.param(REPLACE, ALLOW, REPLACE, id="Replace is stricter than Allow"),
        pytest.param(REPLACE, QUEUE, QUEUE, id="Queue is stricter than Replace"),
        pytest.param(QUEUE, FORBID, FORBID, id="Forbid is stricter than Queue"),
        pytest.param(FORBID, ALLOW, FORBID, id="the request may be the stricter one"),
    ],
)
def test_the_stricter_policy_holds(
    request_policy: ConcurrencyPolicy, process_policy: SharedPolicy, holds: ConcurrencyPolicy
) -> None:
    assert stricter(request_policy, process_policy) == holds


@pytest.mark.parametrize(
    ("others", "ask", "admitted"),
    [
        pytest.param(line(), asks("b"), True, id="alone it starts"),
        pytest.param(line(), asks("b", "12:01"), False, id="not before its time"),
        pytest.param(line(), None, False, id="who asks for nothing starts nothing"),
        pytest.param(line(works("a")), asks("b"), False, id="a run of another request is in the way"),
        pytest.param(line(asks("a", "11:59")), asks("b"), False, id="who was due before goes first"),
        pytest.param(line(asks("a")), asks("b"), False, id="of two that are due together the first by name"),
        pytest.param(line(asks("c")), asks("b"), True, id="and not the second"),
        pytest.param(line(asks("a", "12:01")), asks("b"), True, id="who will be due later is in nobody's way"),
        pytest.param(
            line(asks("a", "11:59")), asks("b", place="11:50"), True, id="who has waited longer keeps the place"
        ),
        pytest.param(line(is_complete=False), asks("b"), False, id="nobody starts before all have been asked"),
    ],
)
def test_admission(others: ProcessLock, ask: LockRequest | None, admitted: bool) -> None:  # noqa: FBT001 - a column of the table
    assert others.grants(ask, NOW) is admitted


# ---- what is noted at the moment of a decision

A, B, C = ("erp", "a"), ("erp", "b"), ("erp", "c")


class Noted(ProcessLocks):
    """Lines that note whom they mark as dirty."""

    def __init__(self) -> None:
        self.dirty: list[NamespacedName] = []
        super().__init__(self.dirty.append)

    def say(
        self,
        key: NamespacedName,
        ask: LockRequest | None = None,
        *,
        claims: tuple[LockHolder, ...] = (),
        settled: bool = True,
    ) -> None:
        self.request(PROCESS, key, ask, claims, NOW, settled=settled)

    def seen_by(self, key: NamespacedName) -> ProcessLock:
        return self.lock(PROCESS, key, (A, B), ())


def test_what_starts_now_is_in_the_way_of_the_next_decision_although_nothing_is_written() -> None:
    locks = Noted()
    locks.say(B)
    locks.say(A, asks("a"), claims=(works("a"),))
    assert locks.seen_by(B).blocker_of(asks("b"), NOW) == works("a")


def test_a_claim_ends_with_the_next_decision_which_sees_the_run_itself() -> None:
    locks = Noted()
    locks.say(A, asks("a"), claims=(works("a"),))
    locks.say(B, asks("b"))
    locks.dirty.clear()
    locks.say(A)
    assert locks.seen_by(B).holders == ()
    assert locks.dirty == [B]


def test_after_a_start_nobody_is_served_before_all_have_been_asked() -> None:
    locks = Noted()
    locks.say(B, asks("b"))
    assert not locks.seen_by(B).is_complete
    locks.say(A, settled=False)
    assert not locks.seen_by(B).is_complete, "its activation is being written: what it wants comes next"
    locks.dirty.clear()
    locks.say(A)
    assert locks.seen_by(B).is_complete
    assert locks.dirty == [B]


def test_only_the_first_in_line_is_looked_at_when_a_run_is_over() -> None:
    locks = Noted()
    locks.say(C, asks("c"))
    locks.say(B, asks("b"))
    locks.dirty.clear()
    locks.wake_waiters(PROCESS)
    assert locks.dirty == [B]


def test_a_claim_outlives_the_first_failure_and_no_more() -> None:
    locks = Noted()
    locks.say(A, asks("a"), claims=(works("a"),))
    locks.back_off(PROCESS, A, grants=False)
    assert locks.seen_by(B).holders == (works("a"),)
    locks.back_off(PROCESS, A, grants=True)
    assert locks.seen_by(B).holders == ()


def test_who_goes_over_to_another_process_leaves_the_line() -> None:
    locks = Noted()
    locks.say(B, asks("b"))
    locks.request(("erp", "other"), B, asks("b"), (), NOW, settled=True)
    assert locks.seen_by(A).requests == ()


BEGUN: Final = ProcessRunStatus(steps=(StepStatus(name="load", process="load"),))
JOB: Final = {"spec": {"suspend": False}}


@pytest.mark.parametrize(
    ("action", "claims"),
    [
        pytest.param(CreateRun({"metadata": {"name": "a-1"}, "spec": {}}, JOB), True, id="a run with its Job"),
        pytest.param(CreateRun({"metadata": {"name": "a-1"}, "spec": {}}), False, id="a run that waits"),
        pytest.param(CreateJob("a-1", JOB), True, id="a Job"),
        pytest.param(CreateJob("a-1", {"spec": {"suspend": True}}), False, id="a Job that is suspended"),
        pytest.param(PatchJob("a-1", "uid-of-job-a-1", {"spec": {"suspend": False}}), True, id="a resume"),
        pytest.param(ReportRun("a-1", BEGUN, begins_steps=True), True, id="the first step of a run"),
        pytest.param(ReportRun("a-1", ProcessRunStatus()), False, id="a report"),
        pytest.param(ReportRun("a-0", BEGUN), False, id="a report of a run that has begun its steps"),
        pytest.param(CreateJob("a-0", JOB), False, id="the Job of a step"),
        pytest.param(
            CreateRun({"metadata": {"name": "a-0-load"}, "spec": {"parent": {"name": "a-0"}}}, JOB),
            False,
            id="the run of a step",
        ),
    ],
)
def test_what_claims_the_process(action: Action, *, claims: bool) -> None:
    claimed = started_by((action,), NOW, "a", going={"a-0"})
    assert claimed == ((LockHolder("a", "a-1", NOW, NOW),) if claims else ())
