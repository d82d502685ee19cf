"""Whether this operator works: what its probes say.

Ready: everything was listed once, and every kind is watched; a stand-by is ready too, and says so. Live: somebody still
asks for the watches, the timer turns, and the queue moves. An API server that is away makes an operator not ready at
its start, and never dead: a new process would meet the same server. Neighbours: `http_server.py` answers with this,
`app.py` tells it what happens.
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
"""The timer turns at least once a second."""
_QUEUE_SECONDS: Final = 120.0
"""The slowest step of a worker is one API call with all its tries, on each of which the server may sit for half a
minute."""
_KINDS: Final = frozenset(selection.kind.plural for selection in SELECTIONS)


class ProbeResult(NamedTuple):
    """A probe's answer, and the sentence that goes with it."""

    ok: bool
    text: str


class Health:
    """Gathers signs of life. All times are monotonic seconds; `watch_seconds`: the longest between two signs of a
    watch."""

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
        self._asked = dict.fromkeys(_KINDS, monotonic())
        self._watched: set[str] = set()
        self._moved = (0, monotonic())
        self._led_since: float | None = None
        self.listed_at: float | None = None
        """When all was listed last."""

    # ---- signs of life

    def listed(self) -> None:
        """Everything was listed."""
        self.listed_at = self._monotonic()

    def watching(self) -> None:
        """The watches are about to begin: trying to list is a sign of life of each."""
        self._asked = dict.fromkeys(_KINDS, self._monotonic())

    def watch_asked(self, plural: str, status: int) -> None:
        """A watch was asked for (status 0), or answered."""
        self._asked[plural] = self._monotonic()
        if status == 200:
            self._watched.add(plural)
        elif status:
            self._watched.discard(plural)

    # ---- verdicts

    def ready(self) -> ProbeResult:
        """Whether all is known that there is, so that this operator acts, or could."""
        if self.listed_at is None:
            return ProbeResult(ok=False, text="not ready: nothing could be listed yet; the log says why")
        missing = sorted(_KINDS - self._watched)
        if missing:
            return ProbeResult(ok=False, text=f"not ready: not watched: {', '.join(missing)}")
        live = self.live()
        if not live.ok:
            return live
        if self._leadership.leads:
            return ProbeResult(ok=True, text="ready: leading")
        holder = self._leadership.holder
        return ProbeResult(ok=True, text=f"ready: stand-by, {holder or 'nobody'} leads")

    def live(self) -> ProbeResult:
        """Whether it still moves; where not, only a new process helps."""
        now = self._monotonic()
        stale = sorted(plural for plural, at in self._asked.items() if now - at > self._watch_seconds)
        if stale:
            return ProbeResult(ok=False, text=f"dead: nobody watches {', '.join(stale)} any more")
        if not self._leadership.leads:
            self._led_since = None
            return ProbeResult(ok=True, text="live")
        if self._led_since is None:
            self._led_since, self._moved = now, (self._queue.processed, now)
        timer_since = max(self._timer.turned_at, self._led_since)
        if now - timer_since > _TIMER_SECONDS:
            return ProbeResult(ok=False, text=f"dead: the timer has not turned for {now - timer_since:.0f} s")
        if self._queue.processed != self._moved[0] or not len(self._queue):
            self._moved = (self._queue.processed, now)
        if now - self._moved[1] > _QUEUE_SECONDS:
            return ProbeResult(ok=False, text=f"dead: the queue has not moved for {now - self._moved[1]:.0f} s")
        return ProbeResult(ok=True, text="live")
