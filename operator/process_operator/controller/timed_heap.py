"""Heap of keys, each with the time at which it is due.

It is a plain data structure and reads no clock. Neighbours: `agenda.py` uses it with wall-clock times, `work_queue.py`
with monotonic ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from datetime import datetime
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", datetime, float)

_MAX_UNCOMPACTED_ENTRIES: Final = 64
"""The heap is compacted only above this number of dead entries."""


class TimedHeap(Generic[K, T]):
    """Heap with at most one time for each key. Keys of the same time come out in the order of their `put`.

    A replaced or discarded entry stays in the heap until it comes up, or until dead entries outnumber living ones. Each
    operation is O(log n) on average, and the heap holds at most twice the number of keys.
    """

    def __init__(self) -> None:
        self._entries: dict[K, tuple[T, int]] = {}
        self._heap: list[tuple[T, int, K]] = []
        self._puts = 0  # breaks ties between equal times, so keys need no order

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, at: T) -> None:
        """Set the time of `key`. It replaces an earlier entry of that key."""
        present = self._entries.get(key)
        if present is not None and present[0] == at:
            return
        self._puts += 1
        self._entries[key] = (at, self._puts)
        heapq.heappush(self._heap, (at, self._puts, key))
        self._compact()

    def time_of(self, key: K) -> T | None:
        """Return the time of `key`, or None if the heap does not hold it."""
        present = self._entries.get(key)
        return present[0] if present is not None else None

    def discard(self, key: K) -> None:
        """Remove `key` if the heap holds it."""
        if self._entries.pop(key, None) is not None:
            self._compact()

    def clear(self) -> None:
        """Remove all keys."""
        self._entries.clear()
        self._heap.clear()

    def next_at(self) -> T | None:
        """Return the earliest time, or None if the heap is empty."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def due_by(self, until: T) -> list[tuple[T, K]]:
        """Return the keys at or before a time, unordered. They stay in the heap."""
        found, places = [], [0]
        while places:
            place = places.pop()
            if place >= len(self._heap) or self._heap[place][0] > until:
                continue
            if not self._is_dead(self._heap[place]):
                at, _, key = self._heap[place]
                found.append((at, key))
            places += (2 * place + 1, 2 * place + 2)
        return found

    def pop(self) -> K:
        """Remove and return the earliest key. Raises IndexError if the heap is empty."""
        self._drop_dead()
        _, _, key = heapq.heappop(self._heap)
        del self._entries[key]
        return key

    def pop_due(self, now: T) -> list[K]:
        """Remove and return the keys whose time is at or before `now`, earliest first."""
        due = []
        while (at := self.next_at()) is not None and at <= now:
            due.append(self.pop())
        return due

    def _is_dead(self, entry: tuple[T, int, K]) -> bool:
        at, number, key = entry
        return self._entries.get(key) != (at, number)

    def _drop_dead(self) -> None:
        while self._heap and self._is_dead(self._heap[0]):
            heapq.heappop(self._heap)

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + _MAX_UNCOMPACTED_ENTRIES:
            self._heap = [entry for entry in self._heap if not self._is_dead(entry)]
            heapq.heapify(self._heap)
