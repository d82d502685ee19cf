"""Dates, times, periods and durations of iCalendar (RFC 5545, sections 3.3.4 to 3.3.9).

`zones.py` finds the clock of a TZID.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from process_operator.timing.days import LAST_DAY, day_number
from process_operator.timing.ical.lines import CalendarError, Line
from process_operator.timing.zone import DAY, WallClock, wall_clock

UTC_CLOCK: Final = wall_clock("Etc/UTC")
_MOMENT: Final = re.compile(r"([0-9]{8})(?:T([0-9]{6}))?(Z?)", re.IGNORECASE)
"""Google writes dates with a Z too, which means nothing."""
_DURATION: Final = re.compile(
    r"([+-]?)P(?:([0-9]{1,6})W)?(?:([0-9]{1,6})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?",
    re.IGNORECASE,
)
_LATEST: Final = LAST_DAY * DAY
_SECONDS: Final = (7 * DAY, DAY, 3600, 60, 1)


class Moment(NamedTuple):
    """A date (`is_date`, `wall` is its midnight), or a time on a clock; `clock` None: floating.

    `wall` is a wall time as in `zone.py`.
    """

    wall: int
    clock: WallClock | None = None
    is_date: bool = False

    @property
    def day(self) -> int:
        """The day number of its date."""
        return self.wall // DAY

    @property
    def time(self) -> int:
        """The second of its day."""
        return self.wall % DAY

    def wall_on(self, clock: WallClock | None) -> int:
        """Give its wall time on another clock. A floating time or a date reads the same on every clock."""
        if self.is_date or self.clock is None or clock is None or self.clock is clock:
            return self.wall
        near = min(max(self.wall, 0), _LATEST)  # beyond 2199 the last offset is assumed
        instant = self.clock.resolved(near)
        return self.wall - near + instant + clock.offset(instant)

    def on(self, clock: WallClock | None) -> Moment:
        """Give the same instant on another clock."""
        return Moment(self.wall_on(clock), clock)


ClockOf = Callable[[str], WallClock | None]
"""Finds the clock of a TZID; None: its zone does not matter. Raises CalendarError."""


def read_moment(line: Line, clock_of: ClockOf) -> Moment:
    """Read exactly one date or date-time. Raises CalendarError."""
    return _moment(line.value, line.name, _clock(line, clock_of))


def read_moments(line: Line, clock_of: ClockOf) -> Iterator[tuple[Moment, int | None]]:
    """Read dates, date-times and periods with commas between them; of a period also its length in seconds.

    Raises CalendarError.
    """
    clock = _clock(line, clock_of)
    for text in line.value.split(","):
        begin, slash, end = text.strip().partition("/")
        if begin:
            start = _moment(begin, line.name, clock)
            yield start, _period_length(start, end, line.name, clock) if slash else None


def _period_length(start: Moment, end: str, name: str, clock: WallClock | None) -> int:
    if end[:1] in "pP+":
        return read_duration(end)
    return max(_moment(end, name, clock).wall_on(start.clock) - start.wall, 0)


def _clock(line: Line, clock_of: ClockOf) -> WallClock | None:
    if line.parameters is None:
        raise CalendarError(f"{line.name} in line {line.number} is not of the form {line.name};PARAMETER=value:value")
    name = line.parameters.get("TZID")
    # Dates and times that end in Z have no zone. A TZID beside them is ignored.
    needs_zone = name and any("T" in text.upper() and text[-1:] not in "zZ" for text in line.value.split(","))
    return clock_of(name) if name and needs_zone else None


def read_until(text: str) -> Moment:
    """Read the end of a recurrence rule. Raises CalendarError."""
    return _moment(text, "UNTIL", None)


def _moment(text: str, name: str, clock: WallClock | None) -> Moment:
    found = _MOMENT.fullmatch(text)
    civil = None
    if found is not None:
        with suppress(ValueError):
            civil = _civil(found[1], found[2] or "000000")
    if found is None or civil is None:
        allowed = "allowed are 20271225, 20271225T083000 and 20271225T083000Z"
        raise CalendarError(f"{name} {text[:40]!r} is not a date or time that exists; {allowed}")
    wall = day_number(civil) * DAY + civil.hour * 3600 + civil.minute * 60 + civil.second
    if found[2] is None:
        return Moment(wall, is_date=True)
    return Moment(wall, UTC_CLOCK if found[3] else clock)


def _civil(day: str, time: str) -> datetime:
    return datetime(int(day[:4]), int(day[4:6]), int(day[6:]), int(time[:2]), int(time[2:4]), int(time[4:]), tzinfo=UTC)


def read_duration(text: str) -> int:
    """Read a duration as seconds; a negative one is 0. Raises CalendarError."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        raise CalendarError(f"DURATION {text[:40]!r} is not a duration, such as P1D or PT1H30M")
    seconds = sum(int(number) * unit for number, unit in zip(found.groups()[1:], _SECONDS, strict=True) if number)
    return 0 if found[1] == "-" else seconds
