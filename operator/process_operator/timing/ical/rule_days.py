"""Days of iCalendar recurrence rules, as one integer with a bit for each day from 1970 to 2199.

Every part of a rule (a month, the second Monday, every third week) is a set of this kind, and the rule is their intersection.
A rule is never walked from date to date. Therefore a rule without a match and a rule of every day cost the same.
`rule.py` reads rules, `days.py` counts days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Final

from process_operator.timing.days import LAST_DAY, day_number, weekday
from process_operator.timing.ical.budget import Budget
from process_operator.timing.ical.lines import CalendarError
from process_operator.timing.ical.rule import NthWeekday, Rule

_FIRST_YEAR: Final = 1970
_EARLIEST_YEAR: Final = 1600
_LAST_YEAR: Final = 2199
_WEEK: Final = 7
_DAYS_PER_STEP: Final = 80
"""Number of days of one set that cost one step of the budget."""


class RuleDays:
    """Finds the days of rules, and keeps the sets that they have in common while one calendar is read."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._sets: dict[int, _DaySets] = {}

    def of(self, rule: Rule, start: int, last: int, *, with_start: bool = True) -> int:
        """Give the days of a rule from the day `start` to the day `last`, both included; bit 0 is 1970-01-01.

        With `with_start` the start is the first day, even if it does not match the rule. Raises CalendarError.
        """
        sets = self._sets_from(_FIRST_YEAR if rule.count is None or start >= 0 else _EARLIEST_YEAR)
        if rule.count is not None and start < sets.first_day:
            raise CalendarError(f"COUNT with a DTSTART before {_EARLIEST_YEAR} is not supported; use UNTIL")
        begin = start - sets.first_day
        found = sets.of(rule, start)
        if begin > 0:
            found = found >> begin << begin
        if with_start and begin >= 0:
            found |= 1 << begin
        found &= (1 << max(min(last, LAST_DAY) - sets.first_day + 1, 0)) - 1
        if rule.count is not None:
            found = _first_bits(found, rule.count)
        return found >> -sets.first_day if sets.first_day < 0 else found

    def _sets_from(self, year: int) -> _DaySets:
        if year not in self._sets:
            self._sets[year] = _DaySets(year, self._budget)
        return self._sets[year]


class _DaySets:
    """Sets of days, bit 0 = 1 January of the first year, each made once."""

    def __init__(self, first_year: int, budget: Budget) -> None:
        self.first_day = day_number(date(first_year, 1, 1))
        self._budget = budget
        self._first_year = first_year
        self._length = LAST_DAY - self.first_day + 1
        starts = [date(year, 1, 1).toordinal() for year in range(first_year, _LAST_YEAR + 2)]
        self._years = _periods(starts)
        months = [
            date(year, month, 1).toordinal() for year in range(first_year, _LAST_YEAR + 1) for month in range(1, 13)
        ]
        self._months = _periods([*months, starts[-1]])
        self._made: dict[tuple[str | int, ...], int] = {}

    def of(self, rule: Rule, start: int) -> int:
        """Give the days that match a rule without bounds. `start` determines its phase."""
        civil = date.fromordinal(start + date(1970, 1, 1).toordinal())
        found = self._cycle(rule, start, civil) & self._days_in_cycle(rule, civil)
        if rule.months:
            found &= self._union(map(self._month, rule.months))
        return self._at_positions(rule, found) if rule.positions else found

    def _days_in_cycle(self, rule: Rule, civil: date) -> int:
        if not (rule.month_days or rule.year_days or rule.weekdays):
            return self._day_of_start(rule, civil)
        found = (1 << self._length) - 1
        if rule.month_days:
            found &= self._union(map(self._month_day, rule.month_days))
        if rule.year_days:
            found &= self._union(map(self._year_day, rule.year_days))
        if rule.weekdays:
            by_month = rule.frequency == "MONTHLY" or bool(rule.months)
            is_counted = rule.frequency in ("MONTHLY", "YEARLY")
            named = dict.fromkeys(day if is_counted else NthWeekday(None, day.weekday) for day in rule.weekdays)
            found &= self._union(self._weekday(day, by_month=by_month) for day in named)
        return found

    def _day_of_start(self, rule: Rule, civil: date) -> int:
        if rule.frequency == "WEEKLY":
            return self._weekday(NthWeekday(None, civil.weekday()), by_month=False)
        if rule.frequency == "DAILY":
            return (1 << self._length) - 1
        found = self._month_day(civil.day)
        return found & self._month(civil.month) if rule.frequency == "YEARLY" and not rule.months else found

    # ---- every n-th day, week, month, year

    def _cycle(self, rule: Rule, start: int, civil: date) -> int:
        every = rule.interval
        if every == 1:
            return (1 << self._length) - 1
        if rule.frequency == "YEARLY":
            return self._every("YEARLY", every, civil.year - self._first_year, self._years)
        if rule.frequency == "MONTHLY":
            offset = (civil.year - self._first_year) * 12 + civil.month - 1
            return self._every("MONTHLY", every, offset, self._months)
        if rule.frequency == "DAILY":
            return self._repeated(1, every, start - self.first_day)
        begin_of_week = start - (weekday(start) - rule.week_start) % _WEEK
        return self._repeated(_WEEK, every * _WEEK, begin_of_week - self.first_day)

    def _every(self, name: str, every: int, offset: int, periods: list[tuple[int, int]]) -> int:
        phase = offset % every

        def make() -> int:
            return _bits("".join("01"[number % every == phase] * length for number, (length, _) in enumerate(periods)))

        return self._once((name, every, phase), make)

    def _repeated(self, length: int, every: int, offset: int) -> int:
        """Give `length` consecutive days in every `every` days. One run of them starts at an offset."""
        phase = offset % every

        def make() -> int:
            cycle = "1" * length + "0" * (every - length)
            lead = cycle[every - phase :]
            return _bits((lead + cycle * (self._length // every + 1))[: self._length])

        return self._once(("days", length, every, phase), make)

    # ---- days by their names

    def _union(self, sets: Iterable[int]) -> int:
        found = 0
        for days in sets:
            self._budget.spend(4)
            found |= days
        return found

    def _month(self, wanted: int) -> int:
        def make() -> int:
            return _bits(
                "".join("01"[number % 12 == wanted - 1] * length for number, (length, _) in enumerate(self._months))
            )

        return self._once(("month", wanted), make)

    def _month_day(self, day: int) -> int:
        return self._once(("month day", day), lambda: _marked(self._months, lambda length, _: _from_end(day, length)))

    def _year_day(self, day: int) -> int:
        return self._once(("year day", day), lambda: _marked(self._years, lambda length, _: _from_end(day, length)))

    def _weekday(self, wanted: NthWeekday, *, by_month: bool) -> int:
        nth, day = wanted
        if nth is None:
            return self._repeated(1, _WEEK, (day - weekday(self.first_day)) % _WEEK)
        periods = self._months if by_month else self._years

        def position(length: int, first: int) -> int:
            if nth > 0:
                return (day - first) % _WEEK + (nth - 1) * _WEEK
            return length - 1 - (first + length - 1 - day) % _WEEK + (nth + 1) * _WEEK

        return self._once(("nth", nth, day, int(by_month)), lambda: _marked(periods, position))

    # ---- BYSETPOS

    def _at_positions(self, rule: Rule, found: int) -> int:
        chosen: list[str] = []
        for begin, length in self._cycles(rule):
            days = found >> begin & ((1 << length) - 1)
            self._budget.spend(3 + days.bit_count())
            chosen.append(_chosen(days, length, rule.positions))
        return _bits("".join(chosen)) & ((1 << self._length) - 1)

    def _cycles(self, rule: Rule) -> Iterator[tuple[int, int]]:
        begin = 0
        if rule.frequency == "WEEKLY":
            # The first week is cut at the first day, before which no rule names a day.
            first = (rule.week_start - weekday(self.first_day)) % _WEEK or _WEEK
            lengths = [first, *[_WEEK] * (self._length // _WEEK)]
        elif rule.frequency == "DAILY":
            lengths = [1] * self._length
        else:
            lengths = [length for length, _ in (self._years if rule.frequency == "YEARLY" else self._months)]
        for length in lengths:
            yield begin, length
            begin += length

    def _once(self, name: tuple[str | int, ...], make: Callable[[], int]) -> int:
        found = self._made.get(name)
        if found is None:
            self._budget.spend(self._length // _DAYS_PER_STEP)
            found = self._made[name] = make()
        return found


def _periods(starts: list[int]) -> list[tuple[int, int]]:
    """Give the length and the first weekday of each period, from the first days of all periods."""
    return [(end - begin, (begin - 1) % _WEEK) for begin, end in pairwise(starts)]


def _bits(text: str) -> int:
    """Read a text of 0 and 1, the first day first."""
    return int(text[::-1] or "0", 2)


def _marked(periods: list[tuple[int, int]], position: Callable[[int, int], int]) -> int:
    """Mark one day in each period; a position outside of it marks none."""
    texts = []
    for length, first in periods:
        at = position(length, first)
        texts.append("0" * at + "1" + "0" * (length - at - 1) if 0 <= at < length else "0" * length)
    return _bits("".join(texts))


def _from_end(day: int, length: int) -> int:
    """Give the position of a day that is counted from 1, or from the end with -1."""
    return day - 1 if day > 0 else length + day


def _chosen(days: int, length: int, positions: tuple[int, ...]) -> str:
    """Keep the days at some positions, counted from 1, or from the end with -1."""
    if not days:
        return "0" * length
    there = [at for at in range(length) if days >> at & 1]
    kept = {there[_from_end(at, len(there))] for at in positions if -len(there) <= at <= len(there)}
    return "".join("01"[at in kept] for at in range(length))


def _first_bits(days: int, count: int) -> int:
    """Keep the first `count` bits that are set."""
    if not days:
        return 0
    if days.bit_count() <= count:
        return days  # before a mask of `count` bits is made, which may be a billion
    first = (days & -days).bit_length() - 1
    there = days >> first
    high = min(count, there.bit_length())
    while (there & ((1 << high) - 1)).bit_count() < count:
        if high >= there.bit_length():
            return days
        high *= 2
    low = high // 2
    while low < high:
        middle = (low + high) // 2
        if (there & ((1 << middle) - 1)).bit_count() < count:
            low = middle + 1
        else:
            high = middle
    return (there & ((1 << low) - 1)) << first
