"""Process lock as one request sees it: the runs that hold it, the lock requests of other requests, and who is next.

A Process whose `concurrencyPolicy` is not Allow is a lock with a queue that all its requests share. Each decision about
one of them says when it wants to start next, even if that is in the future. Waiting runs therefore start in
the order of their due instants, whichever request is decided first. Everything here follows from objects, except the
place that a request keeps while its waiting tick is skipped for a newer one. Neighbours:
`concurrency/lock_requests.py` applies the lock to one request, `concurrency/lock_holders.py` finds the runs that hold
it, `state/process_locks.py` keeps the locks of all Processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A run that has started and has not ended: its request, when it was due, and since when it works (UTC)."""

    request: str
    run: str
    due: datetime
    since: datetime

    @property
    def age(self) -> tuple[datetime, str]:
        """Sorts runs by their due instants, then by the names of their requests."""
        return self.due, self.request


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that held the lock and has ended, from `start` to `end` (UTC)."""

    request: str
    run: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class LockRequest:
    """The wish of a request to start a run at `due` (UTC), or as soon after it as the lock is free."""

    request: str
    run: str
    due: datetime
    place: datetime
    """The instant (UTC) from which its place in the queue counts: the first one at which it was due and had to wait."""

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts the queue: the request that has waited longest is first."""
        return self.place, self.request


@dataclass(frozen=True, slots=True)
class ProcessLock:
    """The lock of a Process without the runs and the lock request of the request that looks at it."""

    process: str
    holders: tuple[LockHolder, ...] = ()
    requests: tuple[LockRequest, ...] = ()
    is_complete: bool = True
    """Whether every request that uses the Process has been decided since the operator started."""
    place: datetime | None = None
    """The place that this request has kept, if it waits already."""
    past: tuple[PastRun, ...] | None = ()
    """The newest runs that have ended. None if they have not been listed since the operator started."""

    def blocker_of(self, wanted: LockRequest, now: datetime) -> LockHolder | LockRequest | None:
        """The oldest run that holds the lock, else the first due lock request before `wanted`, else None."""
        if self.holders:
            return min(self.holders, key=lambda holder: holder.age)
        ahead = [other for other in self.requests if other.due <= now and other.order < wanted.order]
        return min(ahead, key=lambda other: other.order, default=None)

    def grants(self, wanted: LockRequest | None, now: datetime) -> bool:
        """Whether the run of a lock request may start now."""
        return wanted is not None and wanted.due <= now and self.is_complete and self.blocker_of(wanted, now) is None
