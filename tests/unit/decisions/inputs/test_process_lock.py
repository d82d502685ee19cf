"""Process lock: when a lock request is granted, and by which order."""

from __future__ import annotations

import pytest
from tests.builders.instants import at

from process_operator.decisions.inputs.process_lock import LockHolder, LockRequest, ProcessLock


def wants(request: str, due: str = "12:00", *, place: str | None = None) -> LockRequest:
    return LockRequest(request, f"{request}-1", at(due), at(place or due))


def works(request: str, due: str = "11:00") -> LockHolder:
    return LockHolder(request, f"{request}-1", at(due), at(due))


def lock(*others: LockRequest | LockHolder, is_complete: bool = True) -> ProcessLock:
    return ProcessLock(
        "close-day",
        tuple(other for other in others if isinstance(other, LockHolder)),
        tuple(other for other in others if isinstance(other, LockRequest)),
        is_complete=is_complete,
    )


@pytest.mark.parametrize(
    ("held", "wanted", "granted"),
    [
        pytest.param(lock(), wants("b"), True, id="alone it starts"),
        pytest.param(lock(), wants("b", "12:01"), False, id="not before its time"),
        pytest.param(lock(), None, False, id="a request that wants nothing starts nothing"),
        pytest.param(lock(works("a")), wants("b"), False, id="a run of another request blocks it"),
        pytest.param(lock(wants("a", "11:59")), wants("b"), False, id="the request that was due before is first"),
        pytest.param(lock(wants("a")), wants("b"), False, id="of two that are due together the first by name is first"),
        pytest.param(lock(wants("c")), wants("b"), True, id="the second by name does not block it"),
        pytest.param(lock(wants("a", "12:01")), wants("b"), True, id="a request that is due later does not block it"),
        pytest.param(
            lock(wants("a", "11:59")),
            wants("b", place="11:50"),
            True,
            id="the request that has waited longer keeps its place",
        ),
        pytest.param(
            lock(is_complete=False), wants("b"), False, id="no run starts before every request has been decided"
        ),
    ],
)
def test_a_lock_is_granted(held: ProcessLock, wanted: LockRequest | None, *, granted: bool) -> None:
    assert held.grants(wanted, at("12:00")) is granted
