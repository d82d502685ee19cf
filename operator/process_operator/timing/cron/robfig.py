"""Ticks of the CronJob controller: a port of `SpecSchedule.Next` of github.com/robfig/cron/v3.

The port keeps its behaviour at clock changes, which differs from ours: it loses times in a gap and repeats times in a
fold. `timing/cronjob_equivalent.py` compares both, and a CronJob is used only if they agree. The behaviour follows from
Go's `time.Date`, which is ported too. Instants are whole seconds since 1970.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from process_operator.timing.days import day_number, month_and_day, weekday
from process_operator.timing.zone import DAY

if TYPE_CHECKING:
    from process_operator.timing.cron.standard import Cron
    from process_operator.timing.zone import WallClock

_YEARS: Final = 5  # it ends a search after this many years
_STEPS: Final = 5_000  # more than any search needs; near a date that a zone skips the original never returns
_HOUR: Final = 3600
_MINUTE: Final = 60


def robfig_next(cron: Cron, clock: WallClock, instant: int) -> int | None:
    """Give the CronJob controller's first tick after an instant; None if it finds none in five years or never returns."""
    return _Search(cron, clock, instant + 1).run()


class _Search:
    """One call of `Next`: a candidate that only moves forward, by months, then days, hours and minutes.

    `_cut` is the original's `added`: at the first step the smaller units were set to their start.
    """

    def __init__(self, cron: Cron, clock: WallClock, start: int) -> None:
        self._cron = cron
        self._clock = clock
        self._instant = start
        self._cut = False
        self._steps = 0

    def run(self) -> int | None:
        last_year = self._month() // 12 + _YEARS
        while self._month() // 12 <= last_year and self._steps < _STEPS:
            # Each stage returns whether it found its unit within the next larger one.
            if self._find_month() and self._find_day() and self._find_hour() and self._find_minute():
                return self._instant
        return None

    def _find_month(self) -> bool:
        while self._month() % 12 + 1 not in self._cron.months:
            self._steps += 1
            if not self._cut:
                self._cut = True
                self._instant = self._date(self._month(), 1, 0)
            month, day = month_and_day(self._wall() // DAY)
            self._instant = self._date(month + 1, day, self._wall() % DAY)
            if self._month() % 12 == 0:
                return False
        return True

    def _find_day(self) -> bool:
        while not self._day_matches():
            self._steps += 1
            if self._steps >= _STEPS:
                return False
            month, day = month_and_day(self._wall() // DAY)
            if not self._cut:
                self._cut = True
                self._instant = self._date(month, day, 0)
                month, day = month_and_day(self._wall() // DAY)
            self._instant = self._date(month, day + 1, self._wall() % DAY)
            hour = self._hour()
            if hour > 12:  # that day has no midnight: the search continues with the next one, ...
                self._instant += (24 - hour) * _HOUR
            else:  # ... or returns by the assumed time since midnight
                self._instant -= hour * _HOUR
            if month_and_day(self._wall() // DAY)[1] == 1:
                return False
        return True

    def _find_hour(self) -> bool:
        while self._hour() not in self._cron.hours:
            if not self._cut:
                self._cut = True
                month, day = month_and_day(self._wall() // DAY)
                self._instant = self._date(month, day, self._hour() * _HOUR)
            hours = self._units_to(self._hour(), self._cron.hours, 24, _HOUR)
            self._steps += hours
            self._instant += hours * _HOUR
            if self._hour() == 0:
                return False
        return True

    def _find_minute(self) -> bool:
        while self._minute() not in self._cron.minutes:
            if not self._cut:
                self._cut = True
                self._instant -= self._instant % _MINUTE
            self._instant += self._units_to(self._minute(), self._cron.minutes, 60, _MINUTE) * _MINUTE
            if self._minute() == 0:
                return False
        if self._instant % _MINUTE == 0:
            return True
        # Its search for second 0 runs over into the next minute, second by second.
        self._cut = True
        self._instant += _MINUTE - self._instant % _MINUTE
        return False

    def _units_to(self, value: int, wanted: frozenset[int], size: int, unit: int) -> int:
        """Count the hours or minutes to the next wanted one, or to the start of the next day or hour.

        The original steps one by one. Up to the next clock change one larger step has the same result.
        """
        ahead = next((later for later in range(value + 1, size) if later in wanted), size) - value
        before_change = (self._clock.segment_at(self._instant).end - 1 - self._instant) // unit
        return max(1, min(ahead, before_change))

    def _day_matches(self) -> bool:
        number = self._wall() // DAY
        by_day = month_and_day(number)[1] in self._cron.days
        by_weekday = (weekday(number) + 1) % 7 in self._cron.weekdays
        return by_day or by_weekday if self._cron.either else by_day and by_weekday

    def _wall(self) -> int:
        return self._instant + self._clock.offset(self._instant)

    def _month(self) -> int:
        return month_and_day(self._wall() // DAY)[0]

    def _hour(self) -> int:
        return self._wall() % DAY // _HOUR

    def _minute(self) -> int:
        return self._wall() % _HOUR // _MINUTE

    def _date(self, month: int, day: int, time: int) -> int:
        """Behave as Go's `time.Date`: days beyond the month overflow, and near a change one of two offsets is used.

        It reads the offset as if the wall time were UTC, and a second time if the result is across a change.
        """
        wall = (day_number(date(month // 12, month % 12 + 1, 1)) + day - 1) * DAY + time
        segment = self._clock.segment_at(wall)
        instant = wall - segment.offset
        if segment.offset == 0 or segment.start <= instant < segment.end:
            return instant
        return wall - self._clock.offset(instant)
