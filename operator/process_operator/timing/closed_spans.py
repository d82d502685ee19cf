"""Closed spans: sorted spans of instants without ticks, fixed ones and recurring ones.

Recurring spans are expanded for one window of 24 days at a time, when a search reaches it. An endless daily event
therefore costs only its days in the windows that matter. `excluded_ticks.py` removes ticks in closed spans.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from process_operator.timing.days import day_numbers
from process_operator.timing.exclusions import RecurringSpans, Span, disjoint
from process_operator.timing.zone import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from process_operator.timing.exclusions import Exclusions
    from process_operator.timing.zone import WallClock

_WINDOW_BITS: Final = 21  # 2**21 s are 24 days
_MAX_WINDOWS: Final = 64


class ClosedSpans:
    """Fixed spans, sorted and disjoint."""

    def __init__(self, spans: tuple[Span, ...]) -> None:
        self._spans = spans
        self._ends = [span.end for span in spans]

    def at(self, instant: int) -> Span | None:
        """Give the span that holds an instant; None if there is none."""
        return self.next(instant, instant)

    def next(self, instant: int, last: int) -> Span | None:
        """Give the first span that ends after an instant; None if it starts after `last`."""
        position = bisect_right(self._ends, instant)
        span = self._spans[position] if position < len(self._spans) else None
        return span if span is not None and span.start <= last else None


class RecurringClosed:
    """Recurring spans. `clock` is that of the schedule. Results can be cut at the bounds of a window."""

    def __init__(self, recurring: Sequence[RecurringSpans], clock: WallClock) -> None:
        self._recurring = [spans if spans.clock is not None else spans._replace(clock=clock) for spans in recurring]
        self._end = max((spans.days.bit_length() + 1) * DAY + spans.start + spans.length for spans in recurring)
        self._windows: dict[int, ClosedSpans] = {}

    def at(self, instant: int) -> Span | None:
        """Give a span that holds an instant; None if there is none. Adjacent spans can be closed too."""
        return self._window(instant >> _WINDOW_BITS).at(instant)

    def next(self, instant: int, last: int) -> Span | None:
        """Give the first span that ends after an instant; None if it starts after `last`."""
        last = min(last, self._end)
        while instant <= last:
            window = instant >> _WINDOW_BITS
            found = self._window(window).next(instant, last)
            if found is not None:
                return found
            instant = (window + 1) << _WINDOW_BITS
        return None

    def _window(self, window: int) -> ClosedSpans:
        found = self._windows.get(window)
        if found is None:
            if len(self._windows) >= _MAX_WINDOWS:
                self._windows.clear()
            begin, end = window << _WINDOW_BITS, (window + 1) << _WINDOW_BITS
            spans = (span for recurring in self._recurring for span in _within(recurring, begin, end))
            found = self._windows[window] = ClosedSpans(disjoint(spans))
        return found


def search_steps(recurring: Sequence[RecurringSpans]) -> int:
    """Give the number of steps of the longest search in recurring spans: each kind is read in each window.

    This search runs if the spans exclude every tick of a schedule up to their last day.
    """
    if not recurring:
        return 0
    first = min((spans.days & -spans.days).bit_length() - 1 for spans in recurring)
    last = max(spans.days.bit_length() - 1 for spans in recurring)
    windows = ((last + 1) * DAY >> _WINDOW_BITS) - (first * DAY >> _WINDOW_BITS) + 1
    return windows * len(recurring)


def spans_between(excluded: Exclusions, clock: WallClock, begin: int, end: int) -> Iterator[Span]:
    """Give the excluded spans that overlap [begin, end), as instants, sorted. Excluded dates are not among them."""
    fixed = ClosedSpans(excluded.spans_in(clock))
    closed: list[ClosedSpans | RecurringClosed] = [fixed]
    if excluded.recurring:
        closed.append(RecurringClosed(excluded.recurring, clock))
    yield from heapq.merge(*(_walk(spans, begin, end) for spans in closed))


def _walk(closed: ClosedSpans | RecurringClosed, begin: int, end: int) -> Iterator[Span]:
    while (span := closed.next(begin, end - 1)) is not None:
        yield span
        begin = span.end


def _within(recurring: RecurringSpans, begin: int, end: int) -> Iterator[Span]:
    """Give the spans of one kind that overlap [begin, end), cut to it."""
    clock, start, length, days = recurring
    assert clock is not None
    # A wall time is less than a day from its instant.
    first = max((begin - DAY - start - length) // DAY, 0)
    last = (end + DAY - start) // DAY
    there = days >> first & ((1 << max(last - first + 1, 0)) - 1)
    if not there:
        return
    segment = clock.segment_at(begin - 3 * DAY - length)
    if segment.end > end + 2 * DAY:
        # No clock change in reach: the common case, several times as fast.
        at = first * DAY + start - segment.offset
        for day in day_numbers(there):
            span = Span(max(at + day * DAY, begin), min(at + day * DAY + length, end))
            if span.start < span.end:
                yield span
        return
    for day in day_numbers(there):
        wall = (first + day) * DAY + start
        span = Span(max(clock.resolved(wall), begin), min(clock.resolved(wall + length), end))
        if span.start < span.end:
            yield span
