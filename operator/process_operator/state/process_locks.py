"""Process locks: the lock requests and grants of all Processes whose `concurrencyPolicy` is not Allow, in memory.

A grant is recorded in the same step of the event loop as the decision that starts a run, before anything is awaited. If
two workers decide about two requests at one moment, the second therefore sees the grant of the first, although nothing
is written yet. A grant holds until the next decision about the same request, which sees the run itself. After a restart
the runs show which locks are held, and no run starts until every request has been decided once. Neighbours:
`decisions/inputs/process_lock.py` has the rules, `store.py` the runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from process_operator.decisions.inputs.process_lock import LockHolder, LockRequest, PastRun, ProcessLock
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import NamespacedName

_REMEMBERED: Final = 200
"""Ended runs of one Process that may have blocked a waiting tick."""


@dataclass(slots=True)
class _LockEntry:
    """The lock request of one request (None if it wants nothing), and the runs that it is starting."""

    wanted_lock: LockRequest | None = None
    is_due: bool = False
    grants: tuple[LockHolder, ...] = ()


@dataclass(slots=True)
class _Queue:
    entries: dict[NamespacedName, _LockEntry] = field(default_factory=dict)
    past: deque[PastRun] | None = None


class ProcessLocks:
    """The locks of all Processes that are shared under a policy."""

    def __init__(self, on_dirty: Callable[[NamespacedName], None]) -> None:
        self._on_dirty = on_dirty
        self._queues: dict[NamespacedName, _Queue] = {}
        self._process_of: dict[NamespacedName, NamespacedName] = {}

    def lock(
        self,
        process: NamespacedName,
        key: NamespacedName,
        users: Collection[NamespacedName],
        holders: Iterable[LockHolder],
    ) -> ProcessLock:
        """The lock of a Process as one request sees it. `holders` are the runs at work, its own left out."""
        queue = self._queues.get(process, _Queue())
        others = {other: entry for other, entry in queue.entries.items() if other != key}
        known = {holder.run: holder for holder in holders}
        granted = {grant.run: grant for entry in others.values() for grant in entry.grants}
        own = queue.entries.get(key)
        return ProcessLock(
            process=process[1],
            holders=tuple({**granted, **known}.values()),
            requests=tuple(entry.wanted_lock for entry in others.values() if entry.wanted_lock is not None),
            is_complete=all(user == key or user in others for user in users),
            place=own.wanted_lock.place if own is not None and own.wanted_lock is not None and own.is_due else None,
            past=None if queue.past is None else tuple(queue.past),
        )

    def request(
        self,
        process: NamespacedName,
        key: NamespacedName,
        wanted_lock: LockRequest | None,
        grants: tuple[LockHolder, ...],
        now: datetime,
        *,
        settled: bool,
    ) -> None:
        """Record what a decision wants and starts, and wake the first waiting request if that changes.

        `settled`: no further decision about this request follows immediately. Before the first settled decision a request
        without a lock request may still make one.
        """
        if self._process_of.get(key) != process:
            self.release(key)
        queue = self._queues.setdefault(process, _Queue())
        before = queue.entries.get(key)
        self._process_of[key] = process
        if before is None and wanted_lock is None and not grants and not settled:
            return
        # A request whose run is starting no longer waits.
        wanted = None if grants else wanted_lock
        entry = _LockEntry(wanted, wanted is not None and wanted.due <= now, grants)
        queue.entries[key] = entry
        if before != entry:
            self.wake_waiters(process)

    def back_off(self, process: NamespacedName, key: NamespacedName, *, grants: bool) -> None:
        """Drop the lock request of a request whose decision failed, and its grants too if `grants`."""
        if self._process_of.get(key) != process:
            self.release(key)
        queue = self._queues.setdefault(process, _Queue())
        before = queue.entries.get(key, _LockEntry())
        self._process_of[key] = process
        queue.entries[key] = _LockEntry(None, grants=() if grants else before.grants)
        self.wake_waiters(process)

    def release(self, key: NamespacedName) -> None:
        """Remove a request that is gone, or that uses no shared Process any more."""
        process = self._process_of.pop(key, None)
        queue = self._queues.get(process) if process is not None else None
        if process is None or queue is None:
            return
        queue.entries.pop(key, None)
        self.wake_waiters(process)
        if not queue.entries:
            del self._queues[process]

    def wake_waiters(self, process: NamespacedName) -> None:
        """Mark the first waiting request as dirty, because a run of the Process ended or another lock request changed."""
        queue = self._queues.get(process)
        if queue is None:
            return
        waiting = [(entry.wanted_lock, key) for key, entry in queue.entries.items() if entry.wanted_lock is not None]
        if waiting:
            self._on_dirty(min(waiting, key=lambda item: item[0].order)[1])

    def remember(self, process: NamespacedName, runs: Iterable[ProcessRun], *, whole: bool) -> None:
        """Remember runs that have ended. `whole`: these are all ended runs of the Process."""
        queue = self._queues.get(process)
        if queue is None or (queue.past is None and not whole):
            return
        if whole or queue.past is None:
            queue.past = deque(maxlen=_REMEMBERED)
        known = {past.run for past in queue.past}
        ended = (_past(run) for run in runs)
        queue.past.extend(sorted((past for past in ended if past and past.run not in known), key=lambda past: past.end))


def _past(run: ProcessRun) -> PastRun | None:
    start, end = run.status.start_time, run.status.end_time
    if start is None or end is None:
        return None
    return PastRun(run.spec.request.name, run.metadata.name, start, end)
