"""Occurrences of calendar events: the days and spans that the events of a file exclude together.

`event.py` reads events, `rule_days.py` finds the days of their rules, `exclusions.py` has the type of the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Final

from process_operator.timing.closed_spans import search_steps
from process_operator.timing.days import LAST_DAY, day_numbers
from process_operator.timing.exclusions import Exclusions, RecurringSpans, Span, day_range
from process_operator.timing.ical.budget import Budget, CalendarTooLargeError
from process_operator.timing.ical.event import Event
from process_operator.timing.ical.lines import CalendarError
from process_operator.timing.ical.rule import Rule
from process_operator.timing.ical.rule_days import RuleDays
from process_operator.timing.ical.values import Moment
from process_operator.timing.zone import DAY, WINDOW_BITS, WallClock

_END: Final = (LAST_DAY + 1) * DAY
_LONG: Final = 31 * DAY
_MAX_SINGLE_SPANS: Final = 16
"""Highest number of occurrences of an event that are stored as single spans."""
_WINDOW_STEPS: Final = 1000
"""Cost of finding the clock changes of a zone in one more year, in steps of the budget."""
_BYTES_PER_STEP: Final = 4
_SPANS_PER_STEP: Final = 2
_STEPS_PER_REPLACEMENT: Final = 3
_STEPS_PER_CUT: Final = 30
"""Cost of one change of all following occurrences of an event, in steps of the budget."""


class Occurrences:
    """Collector of the exclusions of events."""

    def __init__(self, rule_days: RuleDays, budget: Budget) -> None:
        self._rule_days = rule_days
        self._budget = budget
        self._days = 0
        self._spans: list[Span] = []
        self._floating: list[Span] = []
        self._recurring: dict[tuple[WallClock | None, int, int], int] = {}
        self._seen: set[tuple[WallClock, int]] = set()

    def take(self, events: Sequence[Event]) -> list[str]:
        """Add the events of one calendar. Returns the errors of events that cannot be read."""
        problems = []
        replacing: dict[str, list[Event]] = {}
        events = _without_repeated_rules(_newest(events))
        for event in events:
            if event.replaces is not None:
                replacing.setdefault(event.uid, []).append(event)
        for event in events:
            try:
                self._take(event, replacing.get(event.uid, []) if event.replaces is None else [])
            except CalendarTooLargeError:
                raise
            except CalendarError as error:
                problems.append(f"{event.name}: {error}")
        return problems

    def exclusions(self) -> Exclusions:
        """Give the exclusions of all added events. Raises CalendarTooLargeError if a search in them would take too long."""
        self._budget.spend(sum(days.bit_count() for days in self._recurring.values()) // _SPANS_PER_STEP)
        recurring = tuple(RecurringSpans(*key, days) for key, days in self._recurring.items())
        self._budget.spend(search_steps(recurring))
        return Exclusions(self._days, tuple(sorted(self._spans)), tuple(sorted(self._floating)), recurring)

    def _take(self, event: Event, replacing: list[Event]) -> None:
        self._budget.spend(10 + len(replacing) * _STEPS_PER_REPLACEMENT)
        starts = _Starts(event, self._rule_days)
        starts.remove((*event.excepted, *(other.replaces for other in replacing if other.replaces is not None)))
        following = [other for other in replacing if other.replaces_following and other.replaces is not None]
        self._budget.spend(len(following) * _STEPS_PER_CUT)
        for other in sorted(following, key=starts.day_of_replaced, reverse=True):
            first = starts.day_of_replaced(other)
            moved = starts.cut(first)
            if not other.is_cancelled:
                self._add_days(other.start, other.length, _shifted(moved, other.start.day - first))
        if event.is_cancelled:
            return
        self._add_days(event.start, event.length, starts.days)
        for wall, length in starts.others:
            self._add(event.start, wall, length)

    def _add_days(self, start: Moment, length: int, days: int) -> None:
        """Add occurrences at the time of day of `start` on a set of days."""
        if start.is_date:
            self._days |= _widened(days, length // DAY)
        elif length and days.bit_count() <= _MAX_SINGLE_SPANS:
            for day in day_numbers(days):
                self._add(start, day * DAY + start.time, length)
        elif length > _LONG:
            self._add_long(start, length, days)
        elif length:
            key = (start.clock, start.time, length)
            known = self._recurring.get(key)
            if known is None:
                self._budget.spend(days.bit_length() // 8 // _BYTES_PER_STEP)
            self._recurring[key] = days | (known or 0)

    def _add_long(self, start: Moment, length: int, days: int) -> None:
        """Add occurrences of many days. Overlapping ones are merged."""
        begin = end = -1
        for day in day_numbers(days):
            self._budget.spend(1)
            wall = day * DAY + start.time
            if wall > end:
                self._add(start, begin, end - begin)
                begin = wall
            end = wall + length
        self._add(start, begin, end - begin)

    def _add(self, start: Moment, wall: int, length: int) -> None:
        """Add one occurrence, on the clock of `start`."""
        self._budget.spend(6)
        begin, end = max(wall, 0), min(wall + length, _END)
        if begin >= end:
            return
        if start.is_date:
            self._days |= day_range(begin // DAY, end // DAY - 1)
        elif start.clock is None:
            self._floating.append(Span(begin, end))
        else:
            self._look_at(start.clock, begin)
            self._look_at(start.clock, end)
            self._spans.append(Span(start.clock.resolved(begin), start.clock.resolved(end)))

    def _look_at(self, clock: WallClock, wall: int) -> None:
        if (clock, wall >> WINDOW_BITS) not in self._seen:
            self._seen.add((clock, wall >> WINDOW_BITS))
            self._budget.spend(_WINDOW_STEPS)


def _newest(events: Sequence[Event]) -> list[Event]:
    """Drop the older versions of an event, or of a change of its occurrences (RFC 5546, 2.1.4).

    Events without UID are different events. So are events with the same UID and the same SEQUENCE.
    """

    def subject(event: Event) -> tuple[str, Moment | None, bool]:
        return event.uid, event.replaces, event.replaces_following

    newest: dict[tuple[str, Moment | None, bool], int] = {}
    for event in events:
        newest[subject(event)] = max(event.sequence, newest.get(subject(event), 0))
    return [event for event in events if not event.uid or event.sequence == newest[subject(event)]]


def _without_repeated_rules(events: Sequence[Event]) -> list[Event]:
    """Drop the rules of events that replace one occurrence of another event (RFC 5545, 3.8.4.4).

    Confluence repeats the rules of the whole event there.
    """
    whole = {event.uid for event in events if event.replaces is None}
    return [
        replace(event, rules=(), excluding_rules=(), added=(), excepted=())
        if event.replaces is not None and not event.replaces_following and event.uid in whole
        else event
        for event in events
    ]


class _Starts:
    """The starts of one event: days with the time of day of its first start, and other starts.

    Days are those of the clock of the first start.
    """

    def __init__(self, event: Event, rule_days: RuleDays) -> None:
        self._start = event.start
        self.others: list[tuple[int, int]] = []
        """Wall time and length."""
        self.days = _bit(event.start.day)
        for rule in event.rules:
            self.days |= rule_days.of(rule, event.start.day, _last_day(rule, event.start))
        for wall, length in event.added:
            if length == event.length and wall % DAY == event.start.time:
                self.days |= _bit(wall // DAY)
            else:
                self.others.append((wall, length))
        for rule in event.excluding_rules:
            last = _last_day(rule, event.start)
            self.days &= ~rule_days.of(rule, event.start.day, last, with_start=False)

    def remove(self, moments: Iterable[Moment]) -> None:
        """Remove the starts at some moments. If a moment or the start is a date, all starts on that date are removed."""
        dates: set[int] = set()
        walls: set[int] = set()
        for moment in moments:
            if self._start.is_date or moment.is_date:
                dates.add(moment.day)
            else:
                walls.add(moment.wall_on(self._start.clock))
        gone = dates | {wall // DAY for wall in walls if wall % DAY == self._start.time}
        self.days &= ~reduce(or_, map(_bit, gone), 0)
        self.others = [found for found in self.others if found[0] not in walls and found[0] // DAY not in dates]

    def day_of_replaced(self, other: Event) -> int:
        """Give the day of the start that another event replaces, by the clock of this event's start."""
        assert other.replaces is not None
        if self._start.is_date or other.replaces.is_date:
            return other.replaces.day
        return other.replaces.wall_on(self._start.clock) // DAY

    def cut(self, first: int) -> int:
        """Remove the days from `first` on, and return them."""
        gone = self.days >> max(first, 0) << max(first, 0)
        self.days ^= gone
        return gone


def _last_day(rule: Rule, start: Moment) -> int:
    """Give the last day on which a rule can have a start."""
    if rule.until is None:
        return LAST_DAY
    if rule.until.is_date or start.is_date:
        return rule.until.day
    return (rule.until.wall_on(start.clock) - start.time) // DAY


def _bit(day: int) -> int:
    return 1 << day if 0 <= day <= LAST_DAY else 0


def _shifted(days: int, by: int) -> int:
    return days << by & day_range(0, LAST_DAY) if 0 <= by <= LAST_DAY else days >> min(-by, LAST_DAY + 1)


def _widened(days: int, length: int) -> int:
    """Give the days from each day on, `length` of them."""
    width, wanted = 1, min(length, LAST_DAY + 1)
    while width < wanted:
        step = min(width, wanted - width)
        days |= days << step
        width += step
    return days & day_range(0, LAST_DAY)
