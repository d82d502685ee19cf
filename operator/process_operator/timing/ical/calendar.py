"""Calendars as iCalendar text (RFC 5545): the dates and times that their events exclude.

All-day events exclude dates, timed events exclude spans. The reader accepts files of Outlook, Exchange, Google, Apple
and Thunderbird. It skips parts that do not affect excluded times (alarms, to-dos, texts, vendor properties), even if
they are broken. It reports each event whose days are unknown. `lines.py` reads lines, `event.py` one event,
`occurrences.py` finds its occurrences.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from process_operator.timing.exclusions import NOTHING, Exclusions
from process_operator.timing.ical.budget import Budget, CalendarTooLargeError
from process_operator.timing.ical.event import EVENT_PROPERTIES, Event, read_event
from process_operator.timing.ical.lines import CalendarError, Line, read_lines
from process_operator.timing.ical.occurrences import Occurrences
from process_operator.timing.ical.rule_days import RuleDays
from process_operator.timing.ical.zones import ZoneLines, Zones

MAX_BYTES: Final = 1024 * 1024
"""The size limit of a ConfigMap. A longer text is rejected."""
_MAX_REPORTED: Final = 5
"""Number of events whose errors are reported in words. Further ones are counted."""
_WANTED: Final = EVENT_PROPERTIES | {
    "BEGIN", "END", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION", "X-WR-TIMEZONE"
}  # fmt: skip
_FLOATING: Final = "FLOATING"
"""X-WR-TIMEZONE of calendars whose times have no zone."""
_EVENT: Final = ("VCALENDAR", "VEVENT")
_ZONE: Final = ("VCALENDAR", "VTIMEZONE")


@dataclass(frozen=True, slots=True)
class CalendarContent:
    """The exclusions of a calendar, and the errors in its text.

    `unreadable` has the errors of the first events whose days are unknown. `remarks` has errors that the reader
    corrected. The counts include all events.
    """

    excluded: Exclusions = NOTHING
    unreadable: tuple[str, ...] = ()
    unreadable_count: int = 0
    remarks: tuple[str, ...] = ()
    remark_count: int = 0


def read_calendar(text: str) -> CalendarContent:
    """Read the exclusions of a calendar.

    An all-day event excludes its dates. DTEND is the day after the last one; without DTEND it is one day. A timed event
    excludes the nominal instants from its start (included) to its end (not included). Cancelled events exclude nothing.

    Raises CalendarError for a text that is not a calendar, and for one that exceeds the work budget.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise CalendarError(f"longer than {MAX_BYTES} bytes")
    components = _components(text)
    budget = Budget()
    rule_days = RuleDays(budget)
    zones = Zones({zone: lines for lines in components.zones if (zone := _tzid(lines))}, rule_days, budget)
    problems: list[str] = []
    default = None
    if components.default_zone.upper() not in ("", _FLOATING):
        try:
            default = zones.clock(components.default_zone)
        except CalendarTooLargeError:
            raise
        except CalendarError as error:
            problems.append(f"X-WR-TIMEZONE: {error}")
    events: list[Event] = []
    for lines in components.events:
        name = _name_of(lines)
        try:
            events.append(read_event(lines[1:], name, zones.clock, default))
        except CalendarTooLargeError:
            raise
        except CalendarError as error:
            problems.append(f"{name}: {error}")
    found = Occurrences(rule_days, budget)
    problems += found.take(events)
    remarks = [remark for event in events for remark in event.remarks]
    told = tuple(problems[:_MAX_REPORTED])
    return CalendarContent(found.exclusions(), told, len(problems), tuple(remarks[:_MAX_REPORTED]), len(remarks))


def _name_of(lines: list[Line]) -> str:
    uid = next((line.value for line in lines if line.name == "UID" and line.value), "")
    place = f"line {lines[0].number}"
    return f"event {uid[:100]!r} ({place})" if uid else f"the event in {place}"


@dataclass(slots=True)
class _Components:
    """The relevant lines of a text: of each VEVENT (its BEGIN first), of each VTIMEZONE, and the default zone."""

    events: list[list[Line]] = field(default_factory=list)
    zones: list[tuple[list[Line], list[list[Line]]]] = field(default_factory=list)
    default_zone: str = ""

    def take(self, line: Line, parents: tuple[str, ...]) -> None:
        """Add a line inside open components. Lines of an alarm in an event are dropped."""
        if parents == _EVENT:
            self.events[-1].append(line)
        elif parents == _ZONE:
            self.zones[-1][0].append(line)
        elif parents[:2] == _ZONE and len(parents) == 3:
            self.zones[-1][1][-1].append(line)
        elif line.name == "X-WR-TIMEZONE" and len(parents) == 1:
            self.default_zone = self.default_zone or line.value

    def begin(self, line: Line, parents: tuple[str, ...]) -> None:
        """Open a component."""
        if parents == _EVENT:
            self.events.append([line])
        elif parents == _ZONE:
            self.zones.append(([], []))
        elif parents[:2] == _ZONE and len(parents) == 3:
            self.zones[-1][1].append([])


def _components(text: str) -> _Components:
    """Sort the lines of a calendar by component. Raises CalendarError if a component has no end."""
    found = _Components()
    parents: list[str] = []
    seen = False
    for line in read_lines(text, _WANTED):
        name = line.value.upper()
        if line.name == "BEGIN":
            seen = seen or (not parents and name == "VCALENDAR")
            parents.append(name)
            found.begin(line, tuple(parents[:4]))
        elif line.name == "END":
            if not parents or parents.pop() != name:
                raise CalendarError(f"line {line.number}: END:{line.value[:40]} has no matching BEGIN")
        elif parents:
            found.take(line, tuple(parents[:4]))
    if not seen or parents:
        raise CalendarError(f"no END:{parents[-1][:40]}" if parents else "no BEGIN:VCALENDAR")
    return found


def _tzid(lines: ZoneLines) -> str:
    return next((line.value for line in lines[0] if line.name == "TZID"), "")
