"""What is to be looked at when: one heap for all keys, so that one timer is enough. It reads no clock."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

K = TypeVar("K", bound=Hashable)

_SLACK: Final = 64  # dead entries that are never worth a clean-up


class Agenda(Generic[K]):
    """At most one instant for each key.

    An entry that was replaced or discarded stays in the heap until it comes up or dead ones outnumber living ones: each
    operation is O(log n) on average, and memory stays within twice what is on the agenda.
    """

    def __init__(self) -> None:
        self._entries: dict[K, tuple[datetime, int]] = {}
        self._heap: list[tuple[datetime, int, K]] = []
        self._puts = 0  # tells entries of one instant apart, first come first; keys need no order

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: K, at: datetime) -> None:
        """Look at `key` at an instant (aware), in place of its earlier entry."""
        present = self._entries.get(key)
        if present is not None and present[0] == at:
            return
        self._puts += 1
        self._entries[key] = (at, self._puts)
        heapq.heappush(self._heap, (at, self._puts, key))
        self._compact()

    def discard(self, key: K) -> None:
        """Forget a key; one that is not there is no error."""
        if self._entries.pop(key, None) is not None:
            self._compact()

    def clear(self) -> None:
        """Forget all keys."""
        self._entries.clear()
        self._heap.clear()

    def next_at(self) -> datetime | None:
        """Give the earliest instant, or None."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def due_by(self, until: datetime) -> list[tuple[datetime, K]]:
        """What is at or before an instant, in no order; it stays where it is."""
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

    def pop_due(self, now: datetime) -> list[K]:
        """Take out the keys whose instant is at or before `now`, earliest first."""
        due = []
        self._drop_dead()
        while self._heap and self._heap[0][0] <= now:
            _, _, key = heapq.heappop(self._heap)
            del self._entries[key]
            due.append(key)
            self._drop_dead()
        return due

    def _is_dead(self, entry: tuple[datetime, int, K]) -> bool:
        at, number, key = entry
        return self._entries.get(key) != (at, number)

    def _drop_dead(self) -> None:
        while self._heap and self._is_dead(self._heap[0]):
            heapq.heappop(self._heap)

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + _SLACK:
            self._heap = [entry for entry in self._heap if not self._is_dead(entry)]
            heapq.heapify(self._heap)
