"""Events of a calendar (VEVENT of RFC 5545): start, length and recurrence.

Errors that every calendar program accepts are read in the same way, with a remark. Examples are an end before the start,
and a date as the end of a timed event. An event is rejected only if its days are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from process_operator.timing.ical.lines import CalendarError, Line
from process_operator.timing.ical.rule import Rule, read_rule
from process_operator.timing.ical.values import ClockOf, Moment, read_duration, read_moment, read_moments
from process_operator.timing.zone import DAY, WallClock

_RULES: Final = ("RRULE", "EXRULE")
_ALL_DAY: Final = frozenset({"X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT"})
_NUMBER: Final = re.compile("[0-9]{1,18}")
EVENT_PROPERTIES: Final = _ALL_DAY | {
    "UID", "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE", "STATUS"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. All its values have the form of its start: dates, or times on the clock of the start.

    `length` is in seconds of wall time, and whole days for an all-day event. `added` has further starts, with their own
    length if they are periods. `excepted` has removed starts. `replaces` is the start of another event that this event
    replaces; a date stands for all starts on that date. With `replaces_following` it replaces all later starts too.
    """

    uid: str
    name: str
    start: Moment
    length: int
    rules: tuple[Rule, ...] = ()
    excluding_rules: tuple[Rule, ...] = ()
    added: tuple[tuple[int, int], ...] = ()
    """Wall time and length."""
    excepted: tuple[Moment, ...] = ()
    replaces: Moment | None = None
    replaces_following: bool = False
    sequence: int = 0
    """Number of its version. Some programs export old versions too."""
    is_cancelled: bool = False
    remarks: tuple[str, ...] = field(default=(), compare=False)


def read_event(lines: Sequence[Line], name: str, clock_of: ClockOf, default_clock: WallClock | None) -> Event:
    """Read an event from its lines, which are of EVENT_PROPERTIES.

    `default_clock` is the clock of times without a zone and of recurring times in UTC. None leaves them as they are.
    Raises CalendarError if the days of the event are unknown.
    """
    given = {line.name: line for line in reversed(lines)}
    is_all_day = any(found in given and given[found].value.upper() == "TRUE" for found in _ALL_DAY)
    reader = _Reader(_no_clock if is_all_day else clock_of, default_clock)
    if "DTSTART" not in given:
        raise CalendarError("it has no DTSTART")
    start = reader.start(given["DTSTART"])
    length, remark = _length(start, given, reader)
    if any(line.name == "RRULE" and line.is_empty for line in lines):
        remark = remark or "its RRULE is empty; it does not recur"
    lines = [line for line in lines if line.name not in _RULES or not line.is_empty]
    if is_all_day and not start.is_date and start.time == 0 and length % DAY == 0:
        start, length = Moment(start.wall, is_date=True), max(length, DAY)
    elif is_all_day and not start.is_date:
        # Its times are not midnights, so they are times after all, and their zone counts.
        plain = [line for line in lines if line.name not in _ALL_DAY]
        return read_event(plain, name, clock_of, default_clock)
    replaced = given.get("RECURRENCE-ID")
    time = None if start.is_date else start.time
    return Event(
        uid=given["UID"].value if "UID" in given else "",
        name=name,
        start=start,
        length=length,
        rules=tuple(read_rule(line.value, time) for line in lines if line.name == "RRULE"),
        excluding_rules=tuple(read_rule(line.value, time) for line in lines if line.name == "EXRULE"),
        added=tuple(found for line in lines if line.name == "RDATE" for found in _added(line, start, length, reader)),
        excepted=tuple(found for line in lines if line.name == "EXDATE" for found, _ in reader.moments(line)),
        replaces=reader.moment(replaced) if replaced is not None else None,
        replaces_following=replaced is not None and _range(replaced) == "THISANDFUTURE",
        sequence=_sequence(given.get("SEQUENCE")),
        is_cancelled="STATUS" in given and given["STATUS"].value.upper() == "CANCELLED",
        remarks=(f"{name}: {remark}",) if remark else (),
    )


class _Reader:
    """Reader of the moments of one event. Moments without a zone get the zone of the calendar."""

    def __init__(self, clock_of: Callable[[str], WallClock | None], default: WallClock | None) -> None:
        self._clock_of = clock_of
        self._default = default

    def start(self, line: Line) -> Moment:
        """Convert a start in UTC to the clock of the calendar, so that it recurs by that clock."""
        found = self.moment(line)
        return found if found.is_date or self._default is None or not _is_utc(line) else found.on(self._default)

    def moment(self, line: Line) -> Moment:
        return self._placed(read_moment(line, self._clock_of))

    def moments(self, line: Line) -> list[tuple[Moment, int | None]]:
        return [(self._placed(moment), length) for moment, length in read_moments(line, self._clock_of)]

    def _placed(self, moment: Moment) -> Moment:
        is_floating = moment.clock is None and not moment.is_date
        return moment._replace(clock=self._default) if is_floating else moment


def _is_utc(line: Line) -> bool:
    return line.value[-1:] in "zZ"


def _no_clock(_: str) -> None:
    """Ignore an unknown zone of an all-day event, because dates have no zone."""
    return


def _sequence(line: Line | None) -> int:
    return int(line.value) if line is not None and _NUMBER.fullmatch(line.value) else 0


def _range(line: Line) -> str:
    found = (line.parameters or {}).get("RANGE", "").upper()
    if found not in ("", "THISANDFUTURE"):
        raise CalendarError(f"RECURRENCE-ID with RANGE={found[:40]} is not supported; allowed is THISANDFUTURE")
    return found


def _length(start: Moment, given: dict[str, Line], reader: _Reader) -> tuple[int, str]:
    """Give the length of an event by the clock of its start, and a remark if its end is unusual."""
    shortest = DAY if start.is_date else 0
    try:
        if "DTEND" in given:
            return _until_end(start, reader.moment(given["DTEND"]), shortest)
        if "DURATION" in given:
            length = read_duration(given["DURATION"].value)
            return max(-(-length // DAY) * DAY if start.is_date else length, shortest), ""
    except CalendarError as error:
        if not start.is_date:
            raise
        return DAY, f"{error}; counted as one day"
    return shortest, ""


def _until_end(start: Moment, end: Moment, shortest: int) -> tuple[int, str]:
    if start.is_date:
        length = (end.day - start.day) * DAY
        remark = "" if end.is_date else "DTEND is a time, but DTSTART a date; its date counts"
    else:
        length = end.wall_on(start.clock) - start.wall
        remark = "DTEND is a date, but DTSTART a time; its midnight counts" if end.is_date else ""
    if length < 0:
        remark = "DTEND is before DTSTART; counted as " + ("one day" if start.is_date else "no time at all")
    return max(length, shortest), remark


def _added(line: Line, start: Moment, length: int, reader: _Reader) -> list[tuple[int, int]]:
    """Further starts, each in the terms of the first: a date means its time of day on that date."""
    found = []
    for moment, own in reader.moments(line):
        if start.is_date:
            whole = length if own is None else max(-(-(moment.time + own) // DAY) * DAY, DAY)
            found.append((moment.day * DAY, whole))
        elif moment.is_date:
            found.append((moment.wall + start.time, length))
        else:
            found.append((moment.wall_on(start.clock), length if own is None else own))
    return found
