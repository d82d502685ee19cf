"""The work queue: which requests have to be looked at, each once, however many events named it.

A key that is added while a worker holds it comes up again when that worker is done, so no two workers ever decide about
one request at the same time. The semantics are those of client-go's workqueue. Neighbours: `state/store.py` and the
agenda add keys, `request_reconciler.py` takes them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from time import monotonic
from typing import Final, Generic, TypeVar

K = TypeVar("K")

_PATIENCE: Final = 5.0
"""Seconds that a key waits for urgent ones; from then on every second turn is for those that are not urgent."""

_BRIEFLY: Final = 0.01
_SOON: Final = 1.5
"""Seconds for which what can wait does: by then what follows from a start, or from a pod's end, has most likely been
heard."""
_GATHERING: Final = 0.25
"""Seconds between two looks at what has waited for long enough."""


class WorkQueue(Generic[K]):
    """First in, first out, urgent keys before the others, without duplicates, one worker for a key at a time."""

    def __init__(self) -> None:
        self._urgent: OrderedDict[K, None] = OrderedDict()
        self._order: OrderedDict[K, float] = OrderedDict()
        """The others, with the time (monotonic seconds) from which each waits."""
        self._held: dict[K, bool] = {}
        """Keys in work, and whether they were urgent."""
        self._again: dict[K, bool] = {}
        """Held keys that were added, and whether they are urgent now."""
        self._soon: dict[K, float] = {}
        """Keys that wait for company, and until when (monotonic seconds)."""
        self._gathering: asyncio.TimerHandle | None = None
        self._was_urgent = False
        self._urgent_since = 0.0
        """Since when an urgent key has been waiting (monotonic seconds)."""
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.processed = 0
        """How many keys have been taken: it stands still where nobody works."""

    def __len__(self) -> int:
        """Keys that wait (those in work are not counted)."""
        return len(self._urgent) + len(self._order) + len(self._again)

    def __contains__(self, key: object) -> bool:
        """Whether a key waits or is in work."""
        return key in self._urgent or key in self._order or key in self._held

    @property
    def has_urgent(self) -> bool:
        """Whether an urgent key waits."""
        return bool(self._urgent)

    def add(self, key: K, *, urgent: bool = False) -> None:
        """Mark a key as dirty; an urgent one goes before all that are not."""
        if key in self._held:
            self._again[key] = urgent or self._again.get(key, False)
            return
        if urgent:
            self._order.pop(key, None)
            if not self._urgent:
                self._urgent_since = monotonic()
            self._urgent.setdefault(key)
        elif key not in self._urgent:
            self._order.setdefault(key, monotonic())
        self._filled.set()
        self._idle.clear()

    def is_urgent(self, key: K) -> bool:
        """Whether a key that is in work was taken because it is urgent."""
        return self._held.get(key, False)

    def add_batched(self, key: K) -> None:
        """Mark a key as dirty in a moment, unless somebody looks at it before."""
        self._soon.setdefault(key, monotonic() + _SOON)
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(_GATHERING, self._add_gathered)

    def _add_gathered(self) -> None:
        now = monotonic()
        for key in [key for key, at in self._soon.items() if at <= now]:
            del self._soon[key]
            self.add(key)
        again = asyncio.get_running_loop().call_later
        self._gathering = again(_GATHERING, self._add_gathered) if self._soon else None

    async def yield_to_urgent(self) -> None:
        """Wait until no urgent key waits, or patience ends."""
        while self._urgent and monotonic() - self._urgent_since < _PATIENCE:  # noqa: ASYNC110 - patience is of the clock
            await asyncio.sleep(_BRIEFLY)

    async def get(self) -> K:
        """The next key; the caller owes a `done` for it."""
        while not self._order and not self._urgent:
            self._filled.clear()
            await self._filled.wait()
        self._was_urgent = self._is_next_urgent()
        key, _ = (self._urgent if self._was_urgent else self._order).popitem(last=False)
        self._held[key] = self._was_urgent
        self.processed += 1
        return key

    def _is_next_urgent(self) -> bool:
        if not self._urgent or not self._order or not self._was_urgent:
            return bool(self._urgent)
        return monotonic() - next(iter(self._order.values())) < _PATIENCE

    def discard_pending(self, key: K) -> None:
        """What a held key was added for until now its worker has looked at, or will later: no need to come again for
        it."""
        self._again.pop(key, None)
        self._soon.pop(key, None)

    def done(self, key: K, *, after: float = 0.0) -> None:
        """Give a key back; with `after` only so many seconds later, and nobody gets it until then."""
        if after > 0:
            asyncio.get_running_loop().call_later(after, self.done, key)
            return
        self._held.pop(key, None)
        if key in self._again:
            self.add(key, urgent=self._again.pop(key))
        if not self._order and not self._urgent and not self._held:
            self._idle.set()

    def clear(self) -> None:
        """Forget the keys that wait."""
        self._soon.clear()
        self._order.clear()
        self._urgent.clear()
        if not self._held:
            self._idle.set()

    async def wait_idle(self) -> None:
        """Wait until no key waits and none is in work."""
        await self._idle.wait()
