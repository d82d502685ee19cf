"""The work queue: which requests have to be looked at, each once, however many events named it.

A key that is added while a worker holds it comes up again when that worker is done, so no two workers ever decide about
one request at the same time. The semantics are those of client-go's workqueue. Neighbours: `store.py` and the agenda add
keys, `reconciler.py` takes them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

K = TypeVar("K")


class WorkQueue(Generic[K]):
    """First in, first out (but for urgent keys), without duplicates, one worker for a key at a time."""

    def __init__(self) -> None:
        self._order: deque[K] = deque()
        self._waiting: set[K] = set()
        self._held: set[K] = set()
        self._again: set[K] = set()
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.taken = 0
        """How many keys have been taken: it stands still where nobody works."""

    def __len__(self) -> int:
        """Keys that wait (those in work are not counted)."""
        return len(self._order) + len(self._again)

    def add(self, key: K, *, urgent: bool = False) -> None:
        """Mark a key as dirty; an urgent one goes before all that wait."""
        if key in self._held:
            self._again.add(key)
            return
        if key in self._waiting:
            if not urgent:
                return
            self._order.remove(key)
        self._waiting.add(key)
        if urgent:
            self._order.appendleft(key)
        else:
            self._order.append(key)
        self._filled.set()
        self._idle.clear()

    async def get(self) -> K:
        """The next key; the caller owes a `done` for it."""
        while not self._order:
            self._filled.clear()
            await self._filled.wait()
        key = self._order.popleft()
        self._waiting.discard(key)
        self._held.add(key)
        self.taken += 1
        return key

    def done(self, key: K, *, after: float = 0.0) -> None:
        """Give a key back; with `after` only so many seconds later, and nobody gets it until then."""
        if after > 0:
            asyncio.get_running_loop().call_later(after, self.done, key)
            return
        self._held.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
        if not self._order and not self._held:
            self._idle.set()

    def clear(self) -> None:
        """Forget the keys that wait."""
        self._order.clear()
        self._waiting.clear()
        if not self._held:
            self._idle.set()

    async def drained(self) -> None:
        """Wait until no key waits and none is in work."""
        await self._idle.wait()
