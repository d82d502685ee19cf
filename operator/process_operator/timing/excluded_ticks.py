"""Excluded ticks: ticks outside excluded dates and spans, and ticks whose exclusions changed at some instant.

Excluded days of a wall timing are removed from its calendar before any search (`Calendar.without`). This module handles
spans of instants, and the dates of elapsed timings, which have no calendar. A search skips each span in one step, even
if a schedule of every second pauses for a year.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from process_operator.timing.closed_spans import ClosedSpans, RecurringClosed
from process_operator.timing.days import LAST_DAY
from process_operator.timing.exclusions import Span
from process_operator.timing.ticks import FixedTicks, HourCoveringTicks, Ticks
from process_operator.timing.zone import DAY

if TYPE_CHECKING:
    from process_operator.timing.exclusions import Exclusions
    from process_operator.timing.zone import WallClock

_SHARED: Final = 4096


def without(ticks: Ticks, excluded: Exclusions, clock: WallClock) -> Ticks:
    """Remove excluded instants from ticks. `clock` is that of the schedule's zone."""
    if excluded.days:
        if isinstance(ticks, FixedTicks | HourCoveringTicks):
            ticks = _without_days(ticks, excluded.days)
        else:
            ticks = _TicksOutside(ticks, _Dates(excluded.days, clock))
    if excluded.spans or excluded.floating:
        ticks = _TicksOutside(ticks, _spans(excluded, clock))
    if excluded.recurring:
        ticks = _TicksOutside(ticks, RecurringClosed(excluded.recurring, clock))
    return ticks


@lru_cache(maxsize=_SHARED)
def _without_days(ticks: FixedTicks | HourCoveringTicks, days: int) -> Ticks:
    return ticks.without_days(days)


@lru_cache(maxsize=_SHARED)
def _spans(excluded: Exclusions, clock: WallClock) -> ClosedSpans:
    return ClosedSpans(excluded.spans_in(clock))


class _Closed(Protocol):
    """Spans of instants without ticks."""

    def at(self, instant: int) -> Span | None:
        """Give a span that holds an instant; None if there is none. Adjacent spans can be closed too."""

    def next(self, instant: int, last: int) -> Span | None:
        """Give the first span that ends after an instant; None if it starts after `last`."""


class _Dates:
    """Local dates. Consecutive dates are one span in each segment of one offset."""

    def __init__(self, days: int, clock: WallClock) -> None:
        self._days = days
        self._clock = clock

    def at(self, instant: int) -> Span | None:
        segment = self._clock.segment_at(instant)
        day = (instant + segment.offset) // DAY
        if not 0 <= day <= LAST_DAY or not self._days >> day & 1:
            return None
        upwards = ~(self._days >> day)
        days_after = (upwards & -upwards).bit_length() - 1
        day_before = (~self._days & ((1 << day) - 1)).bit_length() - 1
        start = (day_before + 1) * DAY - segment.offset
        end = (day + days_after) * DAY - segment.offset
        return Span(max(start, segment.start), min(end, segment.end))

    def next(self, instant: int, last: int) -> Span | None:
        while instant <= last:
            found = self.at(instant)
            if found is not None:
                return found
            segment = self._clock.segment_at(instant)
            day = max((instant + segment.offset) // DAY, 0)
            later = self._days >> day
            if not later:
                return None
            start = (day + (later & -later).bit_length() - 1) * DAY - segment.offset
            instant = min(max(start, instant + 1), segment.end)
        return None


class _TicksOutside:
    """Ticks outside closed spans."""

    def __init__(self, ticks: Ticks, closed: _Closed) -> None:
        self._ticks = ticks
        self._closed = closed

    def reaching_back(self, instant: int) -> Ticks:
        return _TicksOutside(self._ticks.reaching_back(instant), self._closed)

    def after(self, instant: int) -> int | None:
        tick = self._ticks.after(instant)
        while tick is not None and (span := self._closed.at(tick)) is not None:
            tick = self._ticks.after(span.end - 1)
        return tick

    def until(self, instant: int) -> int | None:
        tick = self._ticks.until(instant)
        while tick is not None and (span := self._closed.at(tick)) is not None:
            tick = self._ticks.until(span.start - 1)
        return tick

    def count(self, after: int, until: int) -> int:
        total = self._ticks.count(after, until) if after < until else 0
        position = after
        while total and (span := self._closed.next(position + 1, until)) is not None:
            total -= self._ticks.count(max(span.start - 1, position), min(span.end - 1, until))
            position = span.end - 1
        return total


class TicksChanged:
    """Ticks of one calendar up to an instant (included), and of another one after it."""

    def __init__(self, before: Ticks, through: int, then: Ticks) -> None:
        self._before = before
        self._through = through
        self._then = then

    def reaching_back(self, instant: int) -> Ticks:
        """Give the same ticks, extended backwards to an instant (not included)."""
        return TicksChanged(self._before.reaching_back(instant), self._through, self._then.reaching_back(instant))

    def after(self, instant: int) -> int | None:
        """Give the first tick after an instant."""
        tick = self._before.after(instant) if instant < self._through else None
        return tick if tick is not None and tick <= self._through else self._then.after(max(instant, self._through))

    def until(self, instant: int) -> int | None:
        """Give the last tick at or before an instant."""
        tick = self._then.until(instant) if instant > self._through else None
        return tick if tick is not None and tick > self._through else self._before.until(min(instant, self._through))

    def count(self, after: int, until: int) -> int:
        """Count the ticks in (after, until]."""
        early = self._before.count(after, min(until, self._through)) if after < self._through else 0
        late = self._then.count(max(after, self._through), until) if until > self._through else 0
        return early + late
