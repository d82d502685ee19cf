"""Wall grid: the wall times that a timing names, which are its days combined with its times of day.

Time zones, gaps and folds do not matter here. Wall times are whole seconds as `zone.py` defines them. `ticks.py` maps
them to instants.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from process_operator.timing.days import Calendar

_DAY: Final = 86_400


class TimesOfDay:
    """The times of day (seconds since midnight) whose hour, minute and second are each in a set.

    They are computed from their position and never listed, because a schedule can have 86,400 of them.
    """

    def __init__(self, hours: frozenset[int], minutes: frozenset[int], seconds: frozenset[int]) -> None:
        self.hours = tuple(sorted(hours))
        self.minutes = tuple(sorted(minutes))
        self.seconds = tuple(sorted(seconds))

    def __len__(self) -> int:
        return len(self.hours) * len(self.minutes) * len(self.seconds)

    def __getitem__(self, position: int) -> int:
        rest, second = divmod(position, len(self.seconds))
        hour, minute = divmod(rest, len(self.minutes))
        return self.hours[hour] * 3600 + self.minutes[minute] * 60 + self.seconds[second]

    def before(self, time: int) -> int:
        """Count the times before `time`: the position of the first one at or after it."""
        hour, rest = divmod(time, 3600)
        minute, second = divmod(rest, 60)
        minutes, seconds = len(self.minutes), len(self.seconds)
        at_hour = bisect_left(self.hours, hour)
        position = at_hour * minutes * seconds
        if at_hour == len(self.hours) or self.hours[at_hour] != hour:
            return position
        at_minute = bisect_left(self.minutes, minute)
        position += at_minute * seconds
        if at_minute == minutes or self.minutes[at_minute] != minute:
            return position
        return position + bisect_left(self.seconds, second)


class WallGrid:
    """All wall times of a timing from 1970 to 2199: search and count."""

    def __init__(self, days: Calendar, times: TimesOfDay) -> None:
        self._days = days
        self._times = times

    def without_days(self, days: int) -> WallGrid:
        """Remove the dates whose bits are set in `days`, bit 0 for 1970-01-01."""
        return WallGrid(self._days.without(days), self._times)

    def first(self, wall: int) -> int | None:
        """Give the first wall time at or after `wall`, or None."""
        day, time = divmod(wall, _DAY)
        found = self._days.first(day)
        if found == day:
            position = self._times.before(time)
            if position < len(self._times):
                return day * _DAY + self._times[position]
            found = self._days.first(day + 1)
        return None if found is None else found * _DAY + self._times[0]

    def last(self, wall: int) -> int | None:
        """Give the last wall time at or before `wall`, or None."""
        day, time = divmod(wall, _DAY)
        found = self._days.last(day)
        if found == day:
            position = self._times.before(time + 1) if time + 1 < _DAY else len(self._times)
            if position > 0:
                return day * _DAY + self._times[position - 1]
            found = self._days.last(day - 1)
        return None if found is None else found * _DAY + self._times[len(self._times) - 1]

    def count(self, start: int, end: int) -> int:
        """Count the wall times from `start` to before `end`."""
        return self._before(end, since=start) - self._before(start, since=start) if start < end else 0

    def _before(self, wall: int, *, since: int) -> int:
        """Count those before `wall`, from the midnight before `since`."""
        day, time = divmod(wall, _DAY)
        full = self._days.count(since // _DAY, day) * len(self._times)
        return full + self._times.before(time) * self._days.count(day, day + 1)
