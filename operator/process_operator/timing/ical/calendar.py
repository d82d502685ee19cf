"""Calendars as iCalendar text (RFC 5545): which dates and times their events exclude.

All-day events are dates, timed ones spans. The files that people have are read: those of Outlook and Exchange, Google,
Apple, Thunderbird. What means nothing for excluded times (alarms, to-dos, texts, vendor properties) is passed over,
however broken. An event whose days cannot be known is reported, never ignored. Neighbours: `lines.py` reads lines,
`event.py` one event, `occurrences.py` finds its occurrences.
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
"""What a ConfigMap can hold; a longer text is refused."""
_MAX_TOLD: Final = 5
"""Of so many events it is told what is wrong with them; of the others, how many they are."""
_WANTED: Final = EVENT_PROPERTIES | {
    "BEGIN", "END", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION", "X-WR-TIMEZONE"
}  # fmt: skip
_EVENT: Final = ("VCALENDAR", "VEVENT")
_ZONE: Final = ("VCALENDAR", "VTIMEZONE")


@dataclass(frozen=True, slots=True)
class CalendarContent:
    """What the events of a calendar exclude, and what could not be read.

    `unreadable`: of the first events whose days are unknown, what is wrong. `remarks`: the same of slips that were read
    all the same. The counts are of all.
    """

    excluded: Exclusions = NOTHING
    unreadable: tuple[str, ...] = ()
    unreadable_count: int = 0
    remarks: tuple[str, ...] = ()
    remark_count: int = 0


def read_calendar(text: str) -> CalendarContent:
    """Read what the events of a calendar exclude.

    An all-day event excludes its dates (DTEND is the day after the last; without it, it is one day), a timed one the
    nominal instants from its start to before its end. Cancelled events exclude nothing.

    Raises CalendarError for a text that is no calendar, or whose events recur beyond all bounds.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise CalendarError(f"longer than {MAX_BYTES} bytes")
    components = _components(text)
    budget = Budget()
    rule_days = RuleDays(budget)
    zones = Zones({zone: lines for lines in components.zones if (zone := _tzid(lines))}, rule_days, budget)
    problems: list[str] = []
    default = None
    if components.default_zone:
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
    told = tuple(problems[:_MAX_TOLD])
    return CalendarContent(found.exclusions(), told, len(problems), tuple(remarks[:_MAX_TOLD]), len(remarks))


def _name_of(lines: list[Line]) -> str:
    uid = next((line.value for line in lines if line.name == "UID" and line.value), "")
    place = f"line {lines[0].number}"
    return f"event {uid[:100]!r} ({place})" if uid else f"the event in {place}"


@dataclass(slots=True)
class _Components:
    """The lines of a text that matter: of each VEVENT (its BEGIN first), of each VTIMEZONE, and the default zone."""

    events: list[list[Line]] = field(default_factory=list)
    zones: list[tuple[list[Line], list[list[Line]]]] = field(default_factory=list)
    default_zone: str = ""

    def take(self, line: Line, parents: tuple[str, ...]) -> None:
        """Take a line inside of components that are open; those of an alarm in an event do not count."""
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
    """Sort the lines of a calendar by component. Raises CalendarError where a component has no end."""
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
                raise CalendarError(f"line {line.number}: END:{line.value[:40]} ends nothing that was begun")
        elif parents:
            found.take(line, tuple(parents[:4]))
    if not seen or parents:
        raise CalendarError(f"no END:{parents[-1][:40]}" if parents else "no BEGIN:VCALENDAR")
    return found


def _tzid(lines: ZoneLines) -> str:
    return next((line.value for line in lines[0] if line.name == "TZID"), "")
