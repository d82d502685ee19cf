"""Exclusions: dates and times without ticks, from `exclude` of a schedule and from the calendars of `excludeFrom`.

A set of dates is one integer with a bit for each day since 1970, so that ranges and removals are shifts. A timed event
is a span of instants. An excluded tick does not exist: it is neither run nor recorded. `ical/calendar.py` reads
calendars, `days.py` and `excluded_ticks.py` remove ticks.
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
    """Spans that start at one second of the day, on each of a set of days, with one length by the clock.

    `clock` None means that of the schedule. `start` and `length` are in seconds. Bit n of `days` is the n-th day after
    1970-01-01. `closed_spans.py` expands them for the weeks of a search only, because they can be very many.
    """

    clock: WallClock | None
    start: int
    length: int
    days: int


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Excluded dates and spans.

    Bit n of `days` is the n-th day after 1970-01-01, a wall date in the schedule's zone, compared before a clock change
    moves the tick. `spans` are nominal instants. `floating` are wall times in the schedule's zone. `recurring` are
    recurring spans.
    """

    days: int = 0
    spans: tuple[Span, ...] = ()
    floating: tuple[Span, ...] = ()
    recurring: tuple[RecurringSpans, ...] = ()

    def __or__(self, other: Exclusions) -> Exclusions:
        """Join two exclusions."""
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
        """Give all spans except the recurring ones as instants, sorted and disjoint. Floating times are read in a zone."""
        fixed = (Span(clock.resolved(span.start), clock.resolved(span.end)) for span in self.floating)
        return disjoint((*self.spans, *fixed))


def disjoint(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Merge spans into sorted spans that neither overlap nor touch."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        elif span.start < span.end:
            merged.append(span)
    return tuple(merged)


NOTHING: Final = Exclusions()


def join_exclusions(parts: Iterable[Exclusions]) -> Exclusions:
    """Join exclusions: the result excludes what any of `parts` excludes."""
    first, *others = list(parts) or [NOTHING]
    return reduce(Exclusions.__or__, others, first)


def day_range(first: int, last: int) -> int:
    """Give the days from `first` to `last`, both included, as bits. Days outside 1970 to 2199 are dropped."""
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
            raise ScheduleError(Reason.INVALID_SCHEDULE, field, f"the range {text} ends before it starts")
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
