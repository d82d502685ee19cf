"""Health of this operator, as its probes report it.

Ready: everything was listed once, and every kind is watched. A stand-by is ready too, and says so. Live: kopf asks for
the watches, the timer runs, and the work queue moves. An absent API server makes an operator not ready at its start.
It stays live then, because a new process would meet the same server. Neighbours: `http_server.py` serves the answers,
`app.py` reports the signs of life.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from process_operator.controller.timer import Timer
from process_operator.controller.work_queue import WorkQueue
from process_operator.service.leader_election import Leadership
from process_operator.watch.selections import SELECTIONS

_TIMER_SECONDS: Final = 30.0
"""The timer runs at least once a second."""
_QUEUE_SECONDS: Final = 120.0
"""Longer than the slowest step of a worker: one API call with four tries of up to 30 seconds."""
_KINDS: Final = frozenset(selection.kind.plural for selection in SELECTIONS)


class ProbeResult(NamedTuple):
    """The answer of a probe, with a sentence."""

    ok: bool
    text: str


class Health:
    """Signs of life. All times are monotonic seconds; `watch_seconds` is the longest time between two of a watch."""

    def __init__(
        self,
        *,
        leadership: Leadership,
        queue: WorkQueue[Any],
        timer: Timer,
        watch_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leadership = leadership
        self._queue = queue
        self._timer = timer
        self._watch_seconds = watch_seconds
        self._monotonic = monotonic
        self._requested_at = dict.fromkeys(_KINDS, monotonic())
        self._watched: set[str] = set()
        self._moved = (0, monotonic())
        self._led_since: float | None = None
        self.listed_at: float | None = None
        """Time of the last full list."""

    # ---- signs of life

    def listed(self) -> None:
        """Everything was listed."""
        self.listed_at = self._monotonic()

    def watching(self) -> None:
        """The watches are about to start; the attempt to list is a sign of life of each."""
        self._requested_at = dict.fromkeys(_KINDS, self._monotonic())

    def watch_requested(self, plural: str, status: int) -> None:
        """A watch was requested (status 0), or answered."""
        self._requested_at[plural] = self._monotonic()
        if status == 200:
            self._watched.add(plural)
        elif status:
            self._watched.discard(plural)

    # ---- answers of the probes

    def ready(self) -> ProbeResult:
        """Whether this operator knows all objects, so that it acts or could act."""
        if self.listed_at is None:
            return ProbeResult(ok=False, text="not ready: the first list has not succeeded yet; the log says why")
        missing = sorted(_KINDS - self._watched)
        if missing:
            return ProbeResult(ok=False, text=f"not ready: no watch of {', '.join(missing)}")
        live = self.live()
        if not live.ok:
            return live
        if self._leadership.leads:
            return ProbeResult(ok=True, text="ready: leading")
        holder = self._leadership.holder
        return ProbeResult(ok=True, text=f"ready: stand-by, {holder or 'no operator'} leads")

    def live(self) -> ProbeResult:
        """Whether the process still makes progress; if not, only a new process helps."""
        now = self._monotonic()
        stale = sorted(plural for plural, at in self._requested_at.items() if now - at > self._watch_seconds)
        if stale:
            return ProbeResult(ok=False, text=f"not live: no watch of {', '.join(stale)}")
        if not self._leadership.leads:
            self._led_since = None
            return ProbeResult(ok=True, text="live")
        if self._led_since is None:
            self._led_since, self._moved = now, (self._queue.processed, now)
        timer_since = max(self._timer.turned_at, self._led_since)
        if now - timer_since > _TIMER_SECONDS:
            return ProbeResult(ok=False, text=f"not live: the timer has not run for {now - timer_since:.0f} s")
        if self._queue.processed != self._moved[0] or not len(self._queue):
            self._moved = (self._queue.processed, now)
        if now - self._moved[1] > _QUEUE_SECONDS:
            return ProbeResult(
                ok=False, text=f"not live: the work queue has not moved for {now - self._moved[1]:.0f} s"
            )
        return ProbeResult(ok=True, text="live")
