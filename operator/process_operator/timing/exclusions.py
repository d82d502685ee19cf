"""Dates and times without ticks: `exclude` of a schedule, and what the calendars of `excludeFrom` say.

A set of dates is one integer with a bit for each day since 1970, so that a range of years is a shift and taking it out
of a month's days is another. What a timed event covers is a span of instants. An excluded tick is no tick at all.
Neighbours: `timing/ical/calendar.py` reads calendars, `days.py` and `excluded_ticks.py` take out what is excluded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, reduce
from typing import Final, NamedTuple

from process_operator.resources.conditions import Reason
from process_operator.timing.days import LAST_DAY, day_number
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError
from process_operator.timing.zone import WallClock

_SHARED: Final = 4096


class Span(NamedTuple):
    """Whole seconds [start, end): instants since 1970 in UTC, or wall times as in `zone.py`."""

    start: int
    end: int


class RecurringSpans(NamedTuple):
    """Spans that begin at one second of the day, on each of a set of days, and last equally long by the clock.

    `clock` None: that of the schedule. `start` and `length` in seconds; bit n of `days` stands for the n-th day after
    1970-01-01. They may be too many to write out: `closed_spans.py` does so for the weeks that are looked at.
    """

    clock: WallClock | None
    start: int
    length: int
    days: int


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What is excluded.

    `days`: bit n stands for the n-th day after 1970-01-01, a wall date in the schedule's zone, looked at before a
    clock change moves the tick. `spans`: nominal instants. `floating`: the same as wall times, in the schedule's zone.
    `recurring`: spans again and again.
    """

    days: int = 0
    spans: tuple[Span, ...] = ()
    floating: tuple[Span, ...] = ()
    recurring: tuple[RecurringSpans, ...] = ()

    def __or__(self, other: Exclusions) -> Exclusions:
        """Everything that either excludes."""
        return Exclusions(
            self.days | other.days,
            self.spans + other.spans,
            self.floating + other.floating,
            self.recurring + other.recurring,
        )

    def __bool__(self) -> bool:
        """Whether anything is excluded."""
        return bool(self.days or self.spans or self.floating or self.recurring)

    def spans_in(self, clock: WallClock) -> tuple[Span, ...]:
        """Give all spans but the recurring as instants, in order and disjoint, with floating times read in a zone."""
        fixed = (Span(clock.resolved(span.start), clock.resolved(span.end)) for span in self.floating)
        return disjoint((*self.spans, *fixed))


def disjoint(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Give the same seconds as spans that are in order and do not meet."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        elif span.start < span.end:
            merged.append(span)
    return tuple(merged)


NOTHING: Final = Exclusions()


def join_exclusions(parts: Iterable[Exclusions]) -> Exclusions:
    """Everything that any of `parts` excludes."""
    first, *others = list(parts) or [NOTHING]
    return reduce(Exclusions.__or__, others, first)


def day_range(first: int, last: int) -> int:
    """Give the days from `first` to `last`, both included, as bits; what lies outside 1970 to 2199 is left out."""
    first, last = max(first, 0), min(last, LAST_DAY)
    return ((1 << (last - first + 1)) - 1) << first if first <= last else 0


@lru_cache(maxsize=_SHARED)
def read_exclude(exclude: tuple[str, ...]) -> Exclusions:
    """Read `exclude`: dates, and ranges with both ends.

    Raises ScheduleError (InvalidSchedule) with the index of a date that does not exist, or of a reversed range.
    """
    bits = 0
    for index, text in enumerate(exclude):
        field = f"{SCHEDULE_FIELD}.exclude[{index}]"
        first, _, last = text.partition("/")
        start = _read_date(first, field)
        end = _read_date(last, field) if last else start
        if end < start:
            raise ScheduleError(Reason.INVALID_SCHEDULE, field, f"the range {text} ends before it begins")
        bits |= day_range(start, end)
    return Exclusions(bits)


def _read_date(text: str, field: str) -> int:
    try:
        day = day_number(date.fromisoformat(text))
    except ValueError:
        day = -1
    if not 0 <= day <= LAST_DAY:
        message = f"{text} is not a date from 1970-01-01 to 2199-12-31; allowed are 2027-12-25 and ranges of two dates"
        raise ScheduleError(Reason.INVALID_SCHEDULE, field, message)
    return day
