"""Yearly recurrence rules of iCalendar (RFC 5545, section 3.3.10), the ones that holidays have.

A rule names days of a month, as `days.py` has them, so that is what it becomes. Neighbour: `icalendar.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from process_operator.timing import days
from process_operator.timing.ical_lines import CalendarError
from process_operator.timing.ical_values import Moment, read_until

_WEEKDAYS: Final = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_BYDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")
_PARTS: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST"})
_ALLOWED: Final = "FREQ=YEARLY with INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY and BYDAY"
_ALL_MONTHS: Final = tuple(range(1, 13))
_LAST_YEAR: Final = days.LAST_MONTH // 12
_FIRST_YEAR: Final = days.FIRST_MONTH // 12


class NthWeekday(NamedTuple):
    """A weekday (0 = Monday): every one, or the `nth` (negative: from the end) of the month or year."""

    nth: int | None
    weekday: int


class Budget:
    """How many steps may still be taken, so that no text, however it is made, takes long."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps. Raises CalendarError where too many were taken."""
        self._left -= steps
        if self._left < 0:
            raise CalendarError("its events recur too often; leave out old ones, or give their rules an UNTIL")


@dataclass(frozen=True, slots=True)
class YearlyRule:
    """Every `interval` years, on the days that `months`, `month_days` and `weekdays` name together."""

    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[NthWeekday, ...] = ()

    def days_after(self, start: int, budget: Budget) -> Iterator[int]:
        """Give the days (as numbers) after the day `start` to which the rule is anchored, through 2199, in order."""
        first_month, day_of_month = days.month_and_day(start)
        year = first_month // 12
        if self.count is None and year < _FIRST_YEAR - 1:
            year += (_FIRST_YEAR - 1 - year) // self.interval * self.interval
        months = self.months or ((first_month % 12 + 1,) if not (self.month_days or self.weekdays) else _ALL_MONTHS)
        while year <= _LAST_YEAR:
            for number in months:
                budget.spend()
                month = days.month(year * 12 + number - 1)
                bits = self._of_month(month, day_of_month) & month.all_days
                while bits:
                    day = month.first_day + (bits & -bits).bit_length() - 1
                    bits &= bits - 1
                    if day > start:
                        yield day
            year += self.interval

    def _of_month(self, month: days.Month, day_of_month: int) -> int:
        if not self.month_days and not self.weekdays:
            return 1 << (day_of_month - 1)
        bits = month.all_days
        if self.month_days:
            # From the end: -1 is the last day.
            named = (day if day > 0 else month.length + 1 + day for day in self.month_days)
            bits &= sum(1 << (day - 1) for day in set(named) if 1 <= day <= month.length)
        if self.weekdays:
            found = 0
            for nth in self.weekdays:
                found |= self._weekday(month, nth)
            bits &= found
        return bits

    def _weekday(self, month: days.Month, wanted: NthWeekday) -> int:
        nth, weekday = wanted
        if nth is None:
            return days.weekly(frozenset({weekday}), every=1, anchor=0)(month)
        first, end = month.first_day, month.first_day + month.length
        if not self.months:  # counted within the year
            first, end = (days.month(month.number // 12 * 12 + offset).first_day for offset in (0, 12))
        if nth > 0:
            day = first + (weekday - days.weekday(first)) % 7 + (nth - 1) * 7
        else:
            day = end - 1 - (days.weekday(end - 1) - weekday) % 7 + (nth + 1) * 7
        return 1 << (day - month.first_day) if first <= day < end and day >= month.first_day else 0


def read_rule(text: str) -> YearlyRule:
    """Read the value of an RRULE. Raises CalendarError for any that is not yearly by months and days."""
    parts: dict[str, str] = {}
    for part in text.rstrip(";").upper().split(";"):
        name, _, value = part.partition("=")
        if name not in _PARTS or not value or name in parts:
            _refuse(text)
        parts[name] = value
    if parts.get("FREQ") != "YEARLY" or ("COUNT" in parts and "UNTIL" in parts):
        _refuse(text)
    return YearlyRule(
        interval=_number(parts.get("INTERVAL", "1"), 1, 10_000, text),
        count=_number(parts["COUNT"], 1, 10**9, text) if "COUNT" in parts else None,
        until=read_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        months=tuple(sorted(set(_numbers(parts.get("BYMONTH"), 1, 12, text)))),
        month_days=_numbers(parts.get("BYMONTHDAY"), -31, 31, text),
        weekdays=_weekdays(parts.get("BYDAY"), text),
    )


def _numbers(text: str | None, low: int, high: int, rule: str) -> tuple[int, ...]:
    found = tuple(_number(word, low, high, rule) for word in text.split(",")) if text else ()
    if 0 in found:
        _refuse(rule)
    return found


def _number(text: str, low: int, high: int, rule: str) -> int:
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        _refuse(rule)
    return int(text)


def _weekdays(text: str | None, rule: str) -> tuple[NthWeekday, ...]:
    found = []
    for word in dict.fromkeys(text.split(",")) if text else ():
        matched = _BYDAY.fullmatch(word)
        if matched is None:
            _refuse(rule)
        nth, name = matched.groups()
        if nth is not None and not 1 <= abs(int(nth)) <= 53:
            _refuse(rule)
        found.append(NthWeekday(None if nth is None else int(nth), _WEEKDAYS[name]))
    return tuple(found)


def _refuse(rule: str) -> NoReturn:
    raise CalendarError(f"RRULE {rule} is not supported; allowed is {_ALLOWED}")
