"""Notices what no event tells: that the clock was set, and that the process stood still (SIGSTOP, a machine that
slept).

Times in memory are wrong after the first; after the second another operator may have run, recorded and removed what is
still due as far as this one remembers. Both times everything is looked up and looked at anew. Neighbours: `timer.py`
beats at least once a second, `request_reconciler.py` before it decides and before it acts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from process_operator.state.store import Store

_SET_SECONDS: Final = 1.0
"""A clock that is slewed never goes wrong by so much between two beats."""
_STILL_SECONDS: Final = 3.0
"""The timer beats every second; a loop that is merely busy is not so late."""

log = structlog.get_logger("process_operator")


class ClockGuard:
    """Compares the clock with one that cannot be set (`steady`, in seconds)."""

    def __init__(
        self, store: Store, clock: Callable[[], datetime], *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._steady = steady
        self._last = clock(), steady()
        self._breaks = 0

    def begin(self) -> None:
        """Somebody begins to beat: that nobody did before is no standstill. A clock that was set is noticed all the
        same."""
        steady = self._steady()
        self._last = self._last[0] + timedelta(seconds=steady - self._last[1]), steady

    def check(self) -> int:
        """Look at both clocks; the number of breaks so far, so that whoever decided before the newest one can tell."""
        (wall, steady), before = (self._clock(), self._steady()), self._last
        self._last = wall, steady
        still = steady - before[1]
        set_by = wall - before[0] - timedelta(seconds=still)
        if abs(set_by.total_seconds()) >= _SET_SECONDS:
            log.warning("the clock was set; everything is looked at anew", seconds=round(set_by.total_seconds(), 3))
            self._store.shift_clock(set_by)
        elif still >= _STILL_SECONDS:
            log.warning("this process stood still; everything is looked at anew", seconds=round(still, 3))
            self._store.resync_all()
        else:
            return self._breaks
        self._breaks += 1
        return self._breaks
