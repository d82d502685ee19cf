"""Clocks of the zones in a calendar: zones of IANA, of Windows, and zones that its VTIMEZONEs define.

A name of the IANA database always means the zone of the database that all schedules use, even if the calendar defines
it differently. A definition is valid in its own calendar only. `windows_zones.py` has CLDR's table.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from process_operator.timing.days import LAST_DAY, day_numbers
from process_operator.timing.ical.budget import Budget
from process_operator.timing.ical.lines import CalendarError, Line
from process_operator.timing.ical.rule import read_rule
from process_operator.timing.ical.rule_days import RuleDays
from process_operator.timing.ical.values import Moment, read_moment, read_moments
from process_operator.timing.windows_zones import WINDOWS_ZONES
from process_operator.timing.zone import DAY, WallClock, wall_clock, zone_names

_OFFSET: Final = re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})?")
_CLOCK_STEPS: Final = 20_000
"""Cost of a clock that the calendar defines, in steps of the budget."""

ZoneLines = tuple[Sequence[Line], Sequence[Sequence[Line]]]
"""The lines of a VTIMEZONE itself, and those of each STANDARD and DAYLIGHT in it."""


class Zones:
    """Finds the clock of a TZID. `definitions`: the VTIMEZONEs of the calendar by their TZID."""

    def __init__(self, definitions: Mapping[str, ZoneLines], rule_days: RuleDays, budget: Budget) -> None:
        self._definitions = definitions
        self._rule_days = rule_days
        self._budget = budget
        self._clocks: dict[str, WallClock] = {}

    def clock(self, name: str) -> WallClock:
        """Give the clock of a zone. Raises CalendarError if the zone is unknown."""
        if name not in self._clocks:
            self._clocks[name] = self._find(name)
        return self._clocks[name]

    def _find(self, name: str) -> WallClock:
        known = _iana_name(name) or WINDOWS_ZONES.get(name)
        if known is not None:
            return wall_clock(known)
        if name not in self._definitions:
            raise CalendarError(
                f"TZID {name[:80]!r} is not a time zone of the IANA database or of Windows, and no VTIMEZONE defines it; "
                "use one such as Europe/Madrid, or UTC"
            )
        own, observances = self._definitions[name]
        locations = (line.value for line in own if line.name == "X-LIC-LOCATION")
        located = next(filter(None, map(_iana_name, locations)), None)
        return wall_clock(located) if located is not None else self._own_clock(name, observances)

    def _own_clock(self, name: str, observances: Sequence[Sequence[Line]]) -> WallClock:
        """Build a clock from the changes in a VTIMEZONE."""
        self._budget.spend(_CLOCK_STEPS)
        try:
            changes = sorted(change for lines in observances for change in self._changes(lines))
        except CalendarError as error:
            raise CalendarError(f"VTIMEZONE {name[:80]!r}: {error}") from None
        if not changes:
            raise CalendarError(f"VTIMEZONE {name[:80]!r} has no offset from UTC")
        instants = [instant for instant, _, _ in changes]
        offsets = [changes[0][1], *(offset for _, _, offset in changes)]
        return WallClock(lambda instant: offsets[bisect_right(instants, instant)])

    def _changes(self, lines: Sequence[Line]) -> list[tuple[int, int, int]]:
        """Give the instants at which a STANDARD or DAYLIGHT starts, with the offsets before and after each."""
        given = {line.name: line for line in reversed(lines)}
        for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
            if name not in given:
                raise CalendarError(f"it has a part without {name}")
        before, after = (_offset(given[name]) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
        start = read_moment(given["DTSTART"], self.clock)._replace(clock=None, is_date=False)
        walls = {start.wall}
        for line in lines:
            if line.name == "RRULE" and not line.is_empty:
                walls |= self._walls_of_rule(line, start, before)
            elif line.name == "RDATE":
                walls |= {moment.wall for moment, _ in read_moments(line, self.clock)}
        return [(wall - before, before, after) for wall in walls]

    def _walls_of_rule(self, line: Line, start: Moment, before: int) -> set[int]:
        rule = read_rule(line.value, start.time)
        last = LAST_DAY
        if rule.until is not None:
            until = rule.until.wall if rule.until.clock is None else rule.until.wall + before
            last = rule.until.day if rule.until.is_date else (until - start.time) // DAY
        days = self._rule_days.of(rule, start.day, last)
        if days.bit_count() > 2 * (LAST_DAY // 365):
            raise CalendarError("its clocks change more than twice a year")
        return {day * DAY + start.time for day in day_numbers(days)}


@lru_cache(maxsize=1)
def _spellings() -> Mapping[str, str]:
    return {name.lower(): name for name in zone_names()}


def _iana_name(name: str) -> str | None:
    """Find the IANA zone of a TZID: the name itself, or the part after a vendor's prefix."""
    parts = name.lower().split("/")[-4:]
    candidates = ("/".join(parts[begin:]) for begin in range(len(parts)))
    return next((_spellings()[known] for known in candidates if known in _spellings()), None)


def _offset(line: Line) -> int:
    found = _OFFSET.fullmatch(line.value)
    if found is None:
        raise CalendarError(f"{line.name} {line.value[:40]!r} is not an offset such as +0100")
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
    if seconds >= DAY:
        raise CalendarError(f"{line.name} {line.value[:40]!r} is a day or more")
    return -seconds if found[1] == "-" else seconds
