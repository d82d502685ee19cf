"""Clock guard: detects that the clock was set, and that the process stalled (SIGSTOP, a machine that slept).

No event reports either. After a clock jump the times in memory are wrong. During a stall another operator may have run,
recorded and deleted what this one still considers due. In both cases the operator reads everything again. Neighbours:
`timer.py` checks at least once a second, `request_reconciler.py` before it decides and before it acts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from process_operator.state.store import Store

_MIN_JUMP_SECONDS: Final = 1.0
"""Smallest clock jump. A slewed clock drifts by less between two checks."""
_MIN_STALL_SECONDS: Final = 3.0
"""Shortest stall. The timer checks every second, and a busy loop delays it by less."""

log = structlog.get_logger("process_operator")


class ClockGuard:
    """Compares the clock (UTC) with `steady`, the seconds of a clock that cannot be set."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._steady = steady
        self._last = clock(), steady()
        self._breaks = 0

    def begin(self) -> None:
        """Start monitoring. Time before this call does not count as a stall. A clock jump is still detected."""
        steady = self._steady()
        self._last = self._last[0] + timedelta(seconds=steady - self._last[1]), steady

    def check(self) -> int:
        """Compare both clocks. Returns the number of breaks so far (the term), as a fencing token for decisions."""
        (wall, steady), before = (self._clock(), self._steady()), self._last
        self._last = wall, steady
        still = steady - before[1]
        set_by = wall - before[0] - timedelta(seconds=still)
        if abs(set_by.total_seconds()) >= _MIN_JUMP_SECONDS:
            log.warning("the clock was set; everything is read again", seconds=round(set_by.total_seconds(), 3))
            self._store.shift_clock(set_by)
        elif still >= _MIN_STALL_SECONDS:
            log.warning("this process stalled; everything is read again", seconds=round(still, 3))
            self._store.resync_all()
        else:
            return self._breaks
        self._breaks += 1
        return self._breaks
