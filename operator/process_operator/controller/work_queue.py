"""Work queue of request keys, with a priority and a delay for each, after controller-runtime's `priorityqueue`.

A key waits at most once, however many events add it. Two workers never decide about one request at the same time: a key
that is added while a worker holds it is processed again after that worker is done. Neighbours: `state/store.py` and
`timer.py` add keys, `request_reconciler.py` processes them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum
from time import monotonic
from typing import Final, Generic

from process_operator.controller.timed_heap import K, TimedHeap

_PATIENCE_SECONDS: Final = 5.0
"""Longest wait for due keys. After it every second turn is for a key of normal priority."""
_POLL_SECONDS: Final = 0.01


class Priority(IntEnum):
    """Priority of a key. A lower number is processed first."""

    DUE = 0
    """A tick or a retry is due."""
    NORMAL = 1
    """An object has changed."""


class WorkQueue(Generic[K]):
    """Queue ordered by priority, then by the time from which a key is ready, then by the order of `add`.

    `clock` returns monotonic seconds. Each priority has a heap of its own, so a ready key passes a delayed one of higher
    priority. A key of normal priority cannot starve: if it has been ready for `patience_seconds`, every second turn is
    for keys like it.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._heaps: dict[Priority, TimedHeap[K, float]] = {priority: TimedHeap() for priority in Priority}
        self._held: dict[K, Priority] = {}
        """Keys in process, by the priority they had."""
        self._added: dict[K, dict[Priority, float]] = {}
        """Keys in process that were added again, with the times from which they are ready."""
        self._last = Priority.NORMAL
        self._due_since = 0.0
        """Time since which due keys have been waiting (monotonic seconds)."""
        self._workers: deque[asyncio.Future[None]] = deque()
        """Workers that wait for a key."""
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._idle = asyncio.Event()
        self.processed = 0
        """Number of keys that workers have taken. A stalled queue shows as a number that does not change."""

    def __len__(self) -> int:
        """Return the number of ready keys. Keys in process and delayed keys are not counted."""
        now = self._clock()
        added = sum(min(times.values()) <= now for times in self._added.values())
        return added + len({key for heap in self._heaps.values() for _, key in heap.due_by(now)})

    def __contains__(self, key: K) -> bool:
        """Whether a key is ready or in process."""
        now, times = self._clock(), (heap.time_of(key) for heap in self._heaps.values())
        return key in self._held or any(at is not None and at <= now for at in times)

    @property
    def has_due(self) -> bool:
        """Whether a due key is ready."""
        return self._is_ready(Priority.DUE)

    def is_due(self, key: K) -> bool:
        """Whether a key in process had the priority of due keys."""
        return self._held.get(key) is Priority.DUE

    def next_at(self) -> float | None:
        """Return when the next key is or was ready (monotonic seconds), or None if no key waits."""
        return min((at for heap in self._heaps.values() if (at := heap.next_at()) is not None), default=None)

    def add(self, key: K, *, priority: Priority = Priority.NORMAL, after: float = 0.0) -> None:
        """Add a key that is ready in `after` seconds.

        A key that waits keeps its earlier time for each priority. A worker takes the key once for all of them, and gets
        the time of the other priority from `discard_pending`.
        """
        ready_at = self._clock() + after
        if key in self._held:
            times = self._added.setdefault(key, {})
            times[priority] = min(ready_at, times.get(priority, ready_at))
        else:
            self._put(key, priority, ready_at)

    def _put(self, key: K, priority: Priority, ready_at: float) -> None:
        now, heap = self._clock(), self._heaps[priority]
        if priority is Priority.DUE and not self.has_due:
            self._due_since = max(ready_at, now)
        at = heap.time_of(key)
        heap.put(key, ready_at if at is None else min(at, ready_at))
        self._wake_worker()

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[K]:
        """Wait for the next key and hold it inside the block. A key whose block is interrupted is added again."""
        key = await self.get()
        try:
            yield key
        except BaseException:
            self.add(key)
            raise
        finally:
            self.done(key)

    async def get(self) -> K:
        """Wait for the next key and hold it. The caller has to call `done` for it."""
        while (priority := self._next_priority()) is None:
            await self._wait_for_key()
        self._last = priority
        key = self._heaps[priority].pop()
        self._held[key] = priority
        for other, heap in self._heaps.items():
            at = heap.time_of(key)
            if at is not None:
                heap.discard(key)
                self._added[key] = {other: at}
        self.processed += 1
        self._wake_worker()
        return key

    def _next_priority(self) -> Priority | None:
        """Return the priority whose turn it is, or None if no key is ready."""
        if not self._is_ready(Priority.DUE):
            return Priority.NORMAL if self._is_ready(Priority.NORMAL) else None
        waiting_since = self._heaps[Priority.NORMAL].next_at()
        is_patient = waiting_since is None or self._clock() - waiting_since < self._patience_seconds
        return Priority.DUE if is_patient or self._last is Priority.NORMAL else Priority.NORMAL

    def _is_ready(self, priority: Priority) -> bool:
        at = self._heaps[priority].next_at()
        return at is not None and at <= self._clock()

    async def _wait_for_key(self) -> None:
        worker = asyncio.get_running_loop().create_future()
        self._workers.append(worker)
        self._wake_worker()
        try:
            await worker
        except asyncio.CancelledError:
            if not worker.cancelled():
                self._wake_worker()  # the key is for another worker
            raise

    def _wake_worker(self) -> None:
        """Wake one waiting worker if a key is ready, else set the timer for the next key. Each woken worker wakes the
        next."""
        while self._workers and self._workers[0].done():
            self._workers.popleft()
        next_at = self.next_at() if self._workers else None
        if next_at is None:
            return
        if next_at <= self._clock():
            self._workers.popleft().set_result(None)
        else:
            self._set_timer(next_at)

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_later(at - self._clock(), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake_worker()

    def is_delayed(self, key: K) -> bool:
        """Whether a key was added for a later time, and no worker has it."""
        at = self._heaps[Priority.NORMAL].time_of(key)
        return at is not None and at > self._clock()

    def discard_delayed(self, key: K) -> None:
        """Drop the addition of a key that is not ready yet, because a snapshot already contains what it announced."""
        if self.is_delayed(key):
            self._heaps[Priority.NORMAL].discard(key)

    def discard_pending(self, key: K) -> float | None:
        """Drop the additions of a key in process. Returns in how many seconds it would have been ready, or None.

        A worker calls this when it takes a snapshot, because the snapshot already contains what they announced.
        """
        times = self._added.pop(key, None)
        return min(times.values()) - self._clock() if times else None

    def done(self, key: K) -> None:
        """End the processing of a key."""
        self._held.pop(key, None)
        for priority, ready_at in self._added.pop(key, {}).items():
            self._put(key, priority, ready_at)
        self._end_wait_if_idle()

    def clear(self) -> None:
        """Remove the keys that wait, delayed ones too."""
        for heap in self._heaps.values():
            heap.clear()
        self._end_wait_if_idle()

    def _end_wait_if_idle(self) -> None:
        if not self._idle.is_set() and self._is_idle():
            self._idle.set()

    def _is_idle(self) -> bool:
        return not self._held and not any(map(self._is_ready, Priority))

    async def wait_idle(self) -> None:
        """Wait until no key is ready and none is in process."""
        while not self._is_idle():
            self._idle.clear()
            await self._idle.wait()

    async def yield_to_due(self) -> None:
        """Wait until no due key is ready, but not longer than the queue's patience."""
        while self.has_due and self._clock() - self._due_since < self._patience_seconds:  # noqa: ASYNC110 - two reasons to end
            await asyncio.sleep(_POLL_SECONDS)
