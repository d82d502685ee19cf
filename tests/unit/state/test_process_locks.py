"""Process locks in memory: which grants and lock requests the next decision sees, and which requests it wakes."""

from __future__ import annotations

from typing import Final

from tests.builders.instants import at

from process_operator.decisions.inputs.process_lock import LockHolder, LockRequest, ProcessLock
from process_operator.resources.types import NamespacedName
from process_operator.state.process_locks import ProcessLocks

NOW: Final = at("12:00")
PROCESS: Final = ("erp", "close-day")
A, B, C = ("erp", "a"), ("erp", "b"), ("erp", "c")


def asks(request: str, due: str = "12:00", *, place: str | None = None) -> LockRequest:
    return LockRequest(request, f"{request}-1", at(due), at(place or due))


def works(request: str, due: str = "11:00") -> LockHolder:
    return LockHolder(request, f"{request}-1", at(due), at(due))


class RecordedLocks(ProcessLocks):
    """Locks that record which requests they mark as dirty."""

    def __init__(self) -> None:
        self.dirty: list[NamespacedName] = []
        super().__init__(self.dirty.append)

    def decided(
        self,
        key: NamespacedName,
        ask: LockRequest | None = None,
        *,
        grants: tuple[LockHolder, ...] = (),
        settled: bool = True,
    ) -> None:
        self.request(PROCESS, key, ask, grants, NOW, settled=settled)

    def seen_by(self, key: NamespacedName) -> ProcessLock:
        return self.lock(PROCESS, key, (A, B), ())


def test_a_run_that_is_starting_blocks_the_next_decision_although_nothing_is_written() -> None:
    locks = RecordedLocks()
    locks.decided(B)
    locks.decided(A, asks("a"), grants=(works("a"),))
    assert locks.seen_by(B).blocker_of(asks("b"), NOW) == works("a")


def test_a_grant_ends_with_the_next_decision_which_sees_the_run_itself() -> None:
    locks = RecordedLocks()
    locks.decided(A, asks("a"), grants=(works("a"),))
    locks.decided(B, asks("b"))
    locks.dirty.clear()
    locks.decided(A)
    assert locks.seen_by(B).holders == ()
    assert locks.dirty == [B]


def test_after_a_restart_the_lock_is_granted_once_every_request_has_been_decided() -> None:
    locks = RecordedLocks()
    locks.decided(B, asks("b"))
    assert not locks.seen_by(B).is_complete
    locks.decided(A, settled=False)
    assert not locks.seen_by(B).is_complete, "its activation is being written: what it wants comes next"
    locks.dirty.clear()
    locks.decided(A)
    assert locks.seen_by(B).is_complete
    assert locks.dirty == [B]


def test_only_the_first_request_in_the_queue_is_decided_when_a_run_ends() -> None:
    locks = RecordedLocks()
    locks.decided(C, asks("c"))
    locks.decided(B, asks("b"))
    locks.dirty.clear()
    locks.wake_waiters(PROCESS)
    assert locks.dirty == [B]


def test_a_grant_is_kept_through_the_first_failure_only() -> None:
    locks = RecordedLocks()
    locks.decided(A, asks("a"), grants=(works("a"),))
    locks.back_off(PROCESS, A, grants=False)
    assert locks.seen_by(B).holders == (works("a"),)
    locks.back_off(PROCESS, A, grants=True)
    assert locks.seen_by(B).holders == ()


def test_a_request_that_changes_its_process_leaves_the_queue() -> None:
    locks = RecordedLocks()
    locks.decided(B, asks("b"))
    locks.request(("erp", "other"), B, asks("b"), (), NOW, settled=True)
    assert locks.seen_by(A).requests == ()
