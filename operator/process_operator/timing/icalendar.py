"""Calendars as iCalendar text (RFC 5545): which dates and times their events exclude.

All-day events are dates, timed ones spans. Only what a calendar of holidays needs is read; what would mean something
else is refused, never ignored, with the UID of the event. Nothing is taken from VTIMEZONE: a TZID is an IANA zone, of the
one database that all schedules follow. Neighbours: `ical_lines.py`, `ical_values.py`, `ical_rule.py`, `exclusions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from process_operator.timing.days import LAST_DAY
from process_operator.timing.exclusions import Exclusions, Span, day_range
from process_operator.timing.ical_lines import CalendarError, Line, read_lines
from process_operator.timing.ical_rule import Budget, YearlyRule, read_rule
from process_operator.timing.ical_values import Moment, read_duration, read_moment, read_moments
from process_operator.timing.zone import DAY, wall_clock

MAX_BYTES: Final = 512 * 1024
"""A longer text is refused; the files of public holidays are a tenth of it."""
_MAX_STEPS: Final = 200_000
_END: Final = (LAST_DAY + 1) * DAY
_READ: Final = frozenset(
    {"UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "STATUS"}
)


def read_calendar(text: str) -> Exclusions:
    """Read what the events of a calendar exclude.

    An all-day event excludes its dates (DTEND is the day after the last; without it, it is one day), a timed one the
    nominal instants from its start to before its end. Cancelled events exclude nothing.

    Raises CalendarError.
    """
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise CalendarError(f"longer than {MAX_BYTES} bytes")
    events = [_read_event(lines) for lines in _events(text)]
    moved: dict[str, set[int]] = {}
    for event in events:
        if event.recurrence_id is not None:
            moved.setdefault(event.uid, set()).add(event.recurrence_id.order)
    budget, found = Budget(_MAX_STEPS), _Collected()
    for event in events:
        if not event.cancelled:
            with _about(event.name):
                found.take(event, moved.get(event.uid, set()), budget)
    return Exclusions(found.days, tuple(sorted(found.spans)), tuple(sorted(found.floating)))


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Name the event in whatever is wrong with it."""
    try:
        yield
    except CalendarError as error:
        raise CalendarError(f"{name}: {error}") from None


def _events(text: str) -> Iterator[list[Line]]:
    """Give the lines of each VEVENT that matter, without those of alarms in it."""
    open_components: list[str] = []
    event: list[Line] = []
    seen = False
    for line in read_lines(text):
        name = line.value.strip().upper()
        if line.name == "BEGIN":
            seen = seen or (not open_components and name == "VCALENDAR")
            open_components.append(name)
            event = [line] if open_components == ["VCALENDAR", "VEVENT"] else event
        elif not open_components:
            raise CalendarError(f"line {line.number}: {line.name} outside of BEGIN:VCALENDAR")
        elif line.name == "END":
            if open_components.pop() != name:
                raise CalendarError(f"line {line.number}: END:{line.value} ends nothing that was begun")
            if open_components == ["VCALENDAR"] and name == "VEVENT":
                yield event
        elif line.name in _READ and open_components == ["VCALENDAR", "VEVENT"]:
            event.append(line)
    if not seen or open_components:
        raise CalendarError(f"no END:{open_components[-1]}" if open_components else "no BEGIN:VCALENDAR")


@dataclass(slots=True)
class _Event:
    uid: str
    name: str
    start: Moment
    length: int
    """Seconds of wall time in the zone of the start; of an all-day event whole days."""
    rule: YearlyRule | None = None
    added: list[Moment] = field(default_factory=list)
    excepted: set[int] = field(default_factory=set)
    recurrence_id: Moment | None = None
    cancelled: bool = False

    def starts(self, moved: set[int], budget: Budget) -> Iterator[Moment]:
        """When it begins, each time; an occurrence that another event stands for is left to that one."""
        gone = self.excepted | (moved if self.recurrence_id is None else set())
        begins = [self.start, *self.added] if self.rule is None else [*self._by_rule(self.rule, budget), *self.added]
        return (moment for moment in begins if moment.order not in gone) if gone else iter(begins)

    def _by_rule(self, rule: YearlyRule, budget: Budget) -> Iterator[Moment]:
        yield self.start
        time = self.start.wall % DAY
        following = rule.days_after(self.start.day, budget)
        for day in islice(following, rule.count - 1) if rule.count is not None else following:
            moment = self.start.at(day * DAY + time)
            if rule.until is not None and _is_past(moment, rule.until):
                return
            yield moment


def _is_past(moment: Moment, until: Moment) -> bool:
    if until.is_date or moment.is_date:
        return moment.day > until.day
    if until.zone is None or moment.zone is None:
        return moment.wall > until.wall
    return moment.order > until.order


class _Collected:
    """What all events exclude together."""

    def __init__(self) -> None:
        self.days = 0
        self.spans: list[Span] = []
        self.floating: list[Span] = []

    def take(self, event: _Event, moved: set[int], budget: Budget) -> None:
        for start in event.starts(moved, budget):
            budget.spend()
            end = min(start.wall + event.length, _END)
            if start.is_date:
                self.days |= day_range(start.day, end // DAY - 1)
            elif start.wall < _END and end > 0 and end > start.wall:
                self._take_span(start, end)

    def _take_span(self, start: Moment, end: int) -> None:
        begin = max(start.wall, 0)
        if start.zone is None:
            self.floating.append(Span(begin, end))
        else:
            clock = wall_clock(start.zone)
            self.spans.append(Span(clock.resolved(begin), clock.resolved(end)))


def _read_event(lines: list[Line]) -> _Event:
    given: dict[str, Line] = {}
    for line in lines[1:]:
        given.setdefault(line.name, line)
    uid = given["UID"].value if "UID" in given else ""
    name = f"event {uid!r}" if uid else f"the event in line {lines[0].number}"
    with _about(name):
        return _event(uid, name, lines, given)


def _event(uid: str, name: str, lines: list[Line], given: dict[str, Line]) -> _Event:
    if "EXRULE" in given or sum(line.name == "RRULE" for line in lines) > 1:
        raise CalendarError("EXRULE and more than one RRULE are not supported; use EXDATE and RDATE")
    if "DTSTART" not in given:
        raise CalendarError("it has no DTSTART")
    start = read_moment(given["DTSTART"])
    replaced = given.get("RECURRENCE-ID")
    if replaced is not None and "RANGE" in replaced.parameters:
        raise CalendarError("RECURRENCE-ID with RANGE is not supported")
    return _Event(
        uid,
        name,
        start,
        _length(start, given),
        rule=read_rule(given["RRULE"].value) if "RRULE" in given else None,
        added=list(_moments("RDATE", lines, start)),
        excepted={moment.order for moment in _moments("EXDATE", lines, start)},
        recurrence_id=read_moment(replaced) if replaced is not None else None,
        cancelled="STATUS" in given and given["STATUS"].value.strip().upper() == "CANCELLED",
    )


def _moments(name: str, lines: list[Line], start: Moment) -> Iterator[Moment]:
    for line in lines:
        if line.name == name:
            for moment in read_moments(line):
                if moment.kind != start.kind:
                    raise CalendarError(f"{name} is {moment.kind}, but DTSTART {start.kind}")
                yield moment


def _length(start: Moment, given: dict[str, Line]) -> int:
    """How long an event lasts; the end is told from the start by the clocks of its zone."""
    if "DTEND" in given:
        end = read_moment(given["DTEND"])
        if end.kind != start.kind:
            raise CalendarError(f"DTEND is {end.kind}, but DTSTART {start.kind}")
        length = end.seen_from(start) - start.wall
        if length < 0:
            raise CalendarError("DTEND is before DTSTART")
    elif "DURATION" in given:
        length = read_duration(given["DURATION"].value)
    else:
        length = 0
    return max(length, DAY) if start.is_date else length
