"""Day rules: functions from a month to the set of its selected days.

A set of days is an integer with bit 0 for the 1st of the month, so that AND, OR and count are one machine operation.
Days are numbered from 1970-01-01 = 0, months as `year * 12 + month - 1`. A new kind of rule is one more function here,
without a change elsewhere.

`wall_grid.py` combines days with times of day. `wall_timing.py` chooses the rule of a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Final, NamedTuple

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
FIRST_MONTH: Final = 1970 * 12
LAST_MONTH: Final = 2199 * 12 + 11
LAST_DAY: Final = date(2199, 12, 31).toordinal() - _EPOCH_ORDINAL

SATURDAY: Final = 5
SUNDAY: Final = 6
_WEEK: Final = 7
_EVERY_DAY: Final = (1 << 31) - 1


class Month(NamedTuple):
    """One month of the calendar.

    `number` is year * 12 + month - 1, `first_day` the day number of the 1st, `weekday` that day's weekday (0 = Monday).
    """

    number: int
    first_day: int
    length: int
    weekday: int

    @property
    def all_days(self) -> int:
        """All days of the month as bits."""
        return (1 << self.length) - 1


DayRule = Callable[[Month], int]
"""The days of a month as bits, bit 0 = the 1st; bits beyond the month's length may be set."""


def day_number(day: date) -> int:
    """Count the days from 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of_day(day: int) -> date:
    """Give the date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def day_numbers(days: int) -> Iterator[int]:
    """Give the numbers of the days in a set, in order."""
    if not days:
        return
    day = (days & -days).bit_length() - 1
    text = f"{days >> day:b}"[::-1]
    at = 0
    while at >= 0:
        yield day + at
        at = text.find("1", at + 1)


def weekday(day: int) -> int:
    """Give the weekday of a day number, 0 = Monday (1970-01-01 was a Thursday)."""
    return (day + 3) % _WEEK


def month_and_day(day: int) -> tuple[int, int]:
    """Split a day number into the number of its month and the day of the month, from 1."""
    civil = date.fromordinal(day + _EPOCH_ORDINAL)
    return civil.year * 12 + civil.month - 1, civil.day


@cache
def month(number: int) -> Month:
    """Give a month by its number. There are 2,760 of them from 1970 to 2199, so the cache has a bound."""
    first_day = _first_day(number)
    return Month(number, first_day, _first_day(number + 1) - first_day, weekday(first_day))


def _first_day(number: int) -> int:
    return day_number(date(number // 12, number % 12 + 1, 1))


@lru_cache(maxsize=7 * 128)  # all there are
def _weekday_bits(weekdays: frozenset[int], first: int) -> int:
    """Give the days with one of `weekdays` in a month whose 1st is the weekday `first`."""
    return sum(1 << day for day in range(31) if (first + day) % _WEEK in weekdays)


def _bits_of_days(days: Iterable[int]) -> int:
    return sum(1 << (day - 1) for day in set(days))


def cron_days(*, days: frozenset[int], weekdays: frozenset[int], either: bool) -> DayRule:
    """Select as cron does: days of the month 1..31, weekdays 0 = Monday.

    `either`: a day is selected if it is in one of `days` and `weekdays`, else it must be in both.
    """
    day_bits = _bits_of_days(days)

    def rule(month: Month) -> int:
        by_weekday = _weekday_bits(weekdays, month.weekday)
        return day_bits | by_weekday if either else day_bits & by_weekday

    return rule


def any_of(rules: Sequence[DayRule]) -> DayRule:
    """Select the days that at least one of several rules selects."""
    return lambda month: reduce(or_, (rule(month) & month.all_days for rule in rules))


def every_day(_: Month) -> int:
    """Select all days."""
    return _EVERY_DAY


def every_n_days(every: int, *, anchor: int) -> DayRule:
    """Select the day `anchor` and each `every`-th day before and after it."""

    def rule(month: Month) -> int:
        first = (anchor - month.first_day) % every
        return sum(1 << day for day in range(first, month.length, every))

    return rule


def weekly(weekdays: frozenset[int], *, every: int, anchor: int) -> DayRule:
    """Select weekdays (0 = Monday) in each `every`-th week. Weeks start on Monday, week 0 holds the day `anchor`."""
    monday = anchor - weekday(anchor)

    def rule(month: Month) -> int:
        bits = _weekday_bits(weekdays, month.weekday)
        if every == 1:
            return bits
        weeks = ((month.first_day + day - monday) // _WEEK for day in range(month.length))
        return bits & sum(1 << day for day, week in enumerate(weeks) if week % every == 0)

    return rule


def weekdays(selected: frozenset[int]) -> DayRule:
    """Select weekdays, 0 = Monday."""
    return lambda month: _weekday_bits(selected, month.weekday)


def days_of_month(days: frozenset[int]) -> DayRule:
    """Select days of the month, 1..31."""
    bits = _bits_of_days(days)
    return lambda _: bits


def day_of_month(day: int) -> DayRule:
    """Select one day, 1..31; a month without it has none."""
    return lambda _: 1 << (day - 1)


def from_last_day(back: int) -> DayRule:
    """Select the day that is `back` days before the last one; a month that is too short has none."""
    return lambda month: 1 << (month.length - 1 - back) if back < month.length else 0


def nearest_working_day(selected: DayRule) -> DayRule:
    """Select the day from Monday to Friday that is nearest to the one day of a rule, within its month."""

    def rule(month: Month) -> int:
        bits = selected(month) & month.all_days
        day = bits.bit_length() - 1
        at = (month.weekday + day) % _WEEK
        if at == SATURDAY:
            return bits >> 1 if day else bits << 2
        if at == SUNDAY:
            return bits << 1 if day < month.length - 1 else bits >> 2
        return bits

    return rule


def nth_weekday(nth: int, weekday: int) -> DayRule:
    """Select the `nth` (from 1) `weekday` (0 = Monday) of the month."""
    return lambda month: 1 << ((weekday - month.weekday) % _WEEK + (nth - 1) * _WEEK)


def last_weekday(weekday: int) -> DayRule:
    """Select the last `weekday` (0 = Monday) of the month, be it the fourth or the fifth."""

    def rule(month: Month) -> int:
        back = (month.weekday + month.length - 1 - weekday) % _WEEK
        return 1 << (month.length - 1 - back)

    return rule


ALL_MONTHS: Final = (1 << (LAST_MONTH - FIRST_MONTH + 1)) - 1


def month_bits(months: frozenset[int], years: frozenset[int] | None = None) -> int:
    """Give the months 1..12 of years (None: of all from 1970 to 2199) as bits, bit 0 = January 1970."""
    year_bits = sum(1 << (month - 1) for month in months)
    first, last = FIRST_MONTH // 12, LAST_MONTH // 12
    return sum(year_bits << (year - first) * 12 for year in years or range(first, last + 1))


def every_n_months(every: int, *, anchor: int) -> int:
    """Give each `every`-th month as bits, before and after the month that holds the day `anchor`."""
    anchor_month, _ = month_and_day(anchor)
    return sum(
        1 << number for number in range((anchor_month - FIRST_MONTH) % every, LAST_MONTH - FIRST_MONTH + 1, every)
    )


class Calendar:
    """Search and count among the days that a rule selects from 1970 to 2199, in the months given as bits.

    Computed months are cached.
    """

    def __init__(self, rule: DayRule, months: int = ALL_MONTHS) -> None:
        self._rule = rule
        self._months = months
        self._masks: dict[int, int] = {}

    def first(self, day: int) -> int | None:
        """Give the first selected day from `day` on; None if there is none by 2199."""
        if day > LAST_DAY:
            return None
        number, of_month = month_and_day(max(day, 0))
        bits = self._mask(number) >> (of_month - 1) << (of_month - 1)
        while not bits:
            later = self._months >> (number + 1 - FIRST_MONTH)
            if not later:
                return None
            number += (later & -later).bit_length()
            bits = self._mask(number)
        return month(number).first_day + (bits & -bits).bit_length() - 1

    def last(self, day: int) -> int | None:
        """Give the last selected day up to `day`; None if there is none since 1970."""
        if day < 0:
            return None
        number, of_month = month_and_day(min(day, LAST_DAY))
        bits = self._mask(number) & ((1 << of_month) - 1)
        while not bits:
            earlier = self._months & ((1 << (number - FIRST_MONTH)) - 1)
            if not earlier:
                return None
            number = FIRST_MONTH + earlier.bit_length() - 1
            bits = self._mask(number)
        return month(number).first_day + bits.bit_length() - 1

    def count(self, start: int, end: int) -> int:
        """Count the selected days from `start` to before `end`."""
        start, end = max(start, 0), min(end, LAST_DAY + 1)
        if start >= end:
            return 0
        first, first_of_month = month_and_day(start)
        last, last_of_month = month_and_day(end - 1)
        total = sum(self._mask(number).bit_count() for number in range(first, last + 1))
        before = self._mask(first) & ((1 << (first_of_month - 1)) - 1)
        return total - before.bit_count() - (self._mask(last) >> last_of_month).bit_count()

    def without(self, days: int) -> Calendar:
        """Give a calendar without some days: bit n of `days` stands for the day number n."""
        return Calendar(lambda month: self._mask(month.number) & ~(days >> month.first_day))

    def _mask(self, number: int) -> int:
        bits = self._masks.get(number)
        if bits is None:
            this = month(number)
            is_selected = self._months >> (number - FIRST_MONTH) & 1
            bits = self._masks[number] = self._rule(this) & this.all_days if is_selected else 0
        return bits
