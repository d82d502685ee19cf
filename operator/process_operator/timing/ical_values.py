"""Dates, times and durations of iCalendar (RFC 5545, sections 3.3.4 to 3.3.6).

Neighbour: `icalendar.py`, which puts events together from them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple

from process_operator.timing.days import day_number
from process_operator.timing.ical_lines import CalendarError, Line
from process_operator.timing.zone import DAY, wall_clock, zone_names

_UTC: Final = "Etc/UTC"
_MOMENT: Final = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
_DURATION: Final = re.compile(
    r"\+?P(?:([0-9]{1,9})W|(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?)"
)
_FORMAT: Final = "%Y%m%d%H%M%S"
_SECONDS: Final = (7 * DAY, DAY, 3600, 60, 1)


class Moment(NamedTuple):
    """A date (`is_date`; `wall` is its midnight), or a time in a zone; `zone` None: floating."""

    wall: int
    zone: str | None = None
    is_date: bool = False

    @property
    def day(self) -> int:
        """The day number of the date, in the moment's own zone."""
        return self.wall // DAY

    @property
    def kind(self) -> str:
        """What it may be compared with."""
        return "a date" if self.is_date else "a floating time" if self.zone is None else "a time with a zone"

    @property
    def order(self) -> int:
        """Where it lies among moments of its kind: the instant where it has a zone."""
        return self.wall if self.zone is None else wall_clock(self.zone).resolved(self.wall)

    def at(self, wall: int) -> Moment:
        """Another moment in the same zone."""
        return self._replace(wall=wall)

    def seen_from(self, other: Moment) -> int:
        """Give the wall time of this moment in the zone of another one of its kind."""
        if self.zone == other.zone or self.zone is None or other.zone is None:
            return self.wall
        instant = self.order
        return instant + wall_clock(other.zone).offset(instant)


def read_moments(line: Line) -> list[Moment]:
    """Read a date or date-time, or several with commas. Raises CalendarError."""
    if line.parameters.get("VALUE", "DATE").upper() not in ("DATE", "DATE-TIME"):
        raise CalendarError(
            f"{line.name} with VALUE={line.parameters['VALUE']} is not supported; use DATE or DATE-TIME"
        )
    zone = _zone(line.parameters["TZID"]) if "TZID" in line.parameters else None
    return [_moment(text, line.name, zone) for text in line.value.split(",")]


def read_moment(line: Line) -> Moment:
    """Read exactly one date or date-time. Raises CalendarError."""
    return _moment(line.value, line.name, None) if "TZID" not in line.parameters else read_moments(line)[0]


def read_until(text: str) -> Moment:
    """Read the end of a recurrence rule. Raises CalendarError."""
    return _moment(text, "UNTIL", None)


def _moment(text: str, name: str, zone: str | None) -> Moment:
    found = _MOMENT.fullmatch(text)
    civil = None
    if found is not None:
        with suppress(ValueError):
            civil = datetime.strptime(found[1] + (found[2] or "000000"), _FORMAT).replace(tzinfo=UTC)
    if found is None or civil is None:
        allowed = "allowed are 20271225, 20271225T083000 and 20271225T083000Z"
        raise CalendarError(f"{name} {text!r} is not a date or time that exists; {allowed}")
    wall = day_number(civil.date()) * DAY + civil.hour * 3600 + civil.minute * 60 + civil.second
    if found[2] is None:
        return Moment(wall, is_date=True)
    return Moment(wall, _UTC if found[3] else zone)


def _zone(name: str) -> str:
    """Find the IANA zone that a TZID means: the name itself, or what follows a vendor's prefix."""
    parts = name.split("/")
    for begin in range(len(parts)):
        if (known := "/".join(parts[begin:])) in zone_names():
            return known
    raise CalendarError(f"TZID {name!r} is not a time zone of the IANA database; use one such as Europe/Madrid, or UTC")


def read_duration(text: str) -> int:
    """Read a duration as seconds. Raises CalendarError."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise CalendarError(f"DURATION {text!r} is not a duration above zero, such as P1D or PT1H30M")
    return sum(int(number) * seconds for number, seconds in zip(found.groups(), _SECONDS, strict=True) if number)
