"""Timer for all requests. It sleeps until the earliest time of the agenda, and adds the due keys to the work queue.

The timer reads the clock whenever it wakes, and wakes at least once a second. So it notices within a second that the
clock was set or that the machine slept. Neighbours: `agenda.py` is the heap, `request_reconciler.py` fills it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from process_operator.controller.agenda import Agenda
from process_operator.controller.work_queue import Priority, WorkQueue
from process_operator.resources.types import NamespacedName

_MAX_SLEEP_SECONDS: Final = 1.0


class Timer:
    """Moves due keys from the agenda to the queue. It calls `term` at each turn, to check the clock."""

    def __init__(
        self,
        agenda: Agenda[NamespacedName],
        queue: WorkQueue[NamespacedName],
        clock: Callable[[], datetime],
        term: Callable[[], object] = lambda: None,
    ) -> None:
        self._agenda = agenda
        self._queue = queue
        self._clock = clock
        self._term = term
        self._earlier = asyncio.Event()
        self.turned_at = time.monotonic()
        """Time of the last turn (monotonic seconds)."""

    def put(self, key: NamespacedName, at: datetime | None) -> None:
        """Set the time (UTC) at which a key is due, in place of its earlier one. None removes it."""
        if at is None:
            self._agenda.discard(key)
            return
        self._agenda.put(key, at)
        if self._agenda.next_at() == at:
            self._earlier.set()

    def turn(self) -> None:
        """Check the clock, and add all due keys to the queue."""
        self.turned_at = time.monotonic()
        self._term()
        for key in self._agenda.pop_due(self._clock()):
            self._queue.add(key, priority=Priority.DUE)

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            self.turn()
            self._earlier.clear()
            next_at = self._agenda.next_at()
            seconds = _MAX_SLEEP_SECONDS if next_at is None else (next_at - self._clock()).total_seconds()
            try:
                await asyncio.wait_for(self._earlier.wait(), timeout=max(0.0, min(seconds, _MAX_SLEEP_SECONDS)))
            except TimeoutError:
                continue
