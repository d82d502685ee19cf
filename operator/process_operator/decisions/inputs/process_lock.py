"""The line before a Process whose `concurrencyPolicy` is not Allow: who works, who waits, and whose turn it is.

Such a Process is a lock that all its requests share. Each request says with every decision when it wants to start next
(its *ask*), also where that is in the future; so whoever comes due looks at who was due before him, and the order is
the same whichever is decided first. Everything here follows from objects, but for the place that a request keeps while
its waiting tick gives way to newer ones. Neighbours: `concurrency/lock_requests.py` says what it means for one request,
`concurrency/lock_holders.py` which Process a run occupies, `state/process_locks.py` holds the lines of all Processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LockHolder:
    """A run that is let go and not over: of which request, when it was due, and since when it works (UTC)."""

    request: str
    run: str
    due: datetime
    since: datetime

    @property
    def age(self) -> tuple[datetime, str]:
        """Sorts runs by when they were due, then by the name of their request."""
        return self.due, self.request


@dataclass(frozen=True, slots=True)
class PastRun:
    """When a run was in the way that is over now (UTC)."""

    request: str
    run: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class LockRequest:
    """That a request wants to start a run at `due`, or as soon after it as it may (UTC)."""

    request: str
    run: str
    due: datetime
    place: datetime
    """Since when it stands in line: the first instant at which it asked and was not served."""

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts those who wait: who waits longest is first."""
        return self.place, self.request


@dataclass(frozen=True, slots=True)
class ProcessLock:
    """What one request sees of the others before a Process; its own runs and its own ask are not in here."""

    process: str
    holders: tuple[LockHolder, ...] = ()
    asks: tuple[LockRequest, ...] = ()
    is_complete: bool = True
    """Whether every request that uses the Process has been looked at since the operator started."""
    place: datetime | None = None
    """The place that this request has kept so far, where it waits already."""
    past: tuple[PastRun, ...] | None = ()
    """Runs that are over, the newest of them; None: not looked at since the operator started."""

    def in_front_of(self, ask: LockRequest, now: datetime) -> LockHolder | LockRequest | None:
        """Who keeps an ask from being served: a run that works, else who comes first in line; None where nobody
        does."""
        if self.holders:
            return min(self.holders, key=lambda holder: holder.age)
        ahead = [other for other in self.asks if other.due <= now and other.order < ask.order]
        return min(ahead, key=lambda other: other.order, default=None)

    def admits(self, ask: LockRequest | None, now: datetime) -> bool:
        """Whether the run of an ask may be let go now."""
        return ask is not None and ask.due <= now and self.is_complete and self.in_front_of(ask, now) is None
