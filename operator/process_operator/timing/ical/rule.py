"""Recurrence rules of iCalendar as text (RFC 5545, section 3.3.10), from DAILY to YEARLY.

A part that would change the meaning is rejected, never ignored. Mistakes that every calendar program accepts (blanks,
an empty part, an X- part) are accepted. `rule_days.py` finds the days of a rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from process_operator.timing.ical.lines import CalendarError
from process_operator.timing.ical.values import Moment, read_until

_WEEKDAYS: Final = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_BYDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TIMES: Final = {"BYHOUR": 3600, "BYMINUTE": 60, "BYSECOND": 1}
_PARTS: Final = frozenset({
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYDAY", "BYSETPOS", "WKST", *_TIMES
})  # fmt: skip
_ALLOWED: Final = (
    "FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYDAY, "
    "BYSETPOS and WKST"
)


class NthWeekday(NamedTuple):
    """A weekday (0 = Monday): every one, or the `nth` (negative: from the end) of the month or year."""

    nth: int | None
    weekday: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the days that match all its parts, in every `interval`-th day, week, month or year."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weekdays: tuple[NthWeekday, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0
    """The first weekday of a week, 0 = Monday."""


def read_rule(text: str, time: int | None) -> Rule:
    """Read the value of an RRULE of an event that starts at a second of the day; None for an all-day event.

    Raises CalendarError for a rule that is not supported.
    """
    parts = _parts(text)
    _reject_other_times(parts, time, text)
    if parts.get("FREQ") not in _FREQUENCIES:
        _reject(text)
    week_start = _weekdays(parts.get("WKST"), text)
    if any(found.nth is not None for found in week_start) or len(week_start) > 1:
        _reject(text)
    return Rule(
        frequency=parts["FREQ"],
        interval=_number(parts.get("INTERVAL", "1"), 1, 10_000, text),
        count=_number(parts["COUNT"], 1, 10**9, text) if "COUNT" in parts else None,
        until=read_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        months=_numbers(parts.get("BYMONTH"), 1, 12, text),
        month_days=_numbers(parts.get("BYMONTHDAY"), -31, 31, text),
        year_days=_numbers(parts.get("BYYEARDAY"), -366, 366, text),
        weekdays=_weekdays(parts.get("BYDAY"), text),
        positions=_numbers(parts.get("BYSETPOS"), -366, 366, text),
        week_start=week_start[0].weekday if week_start else 0,
    )


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in "".join(text.upper().split()).split(";"):
        name, _, value = part.partition("=")
        if not part or name.startswith("X-"):
            continue
        if name not in _PARTS or not value or name in parts:
            _reject(text)
        parts[name] = value
    return parts


def _reject_other_times(parts: dict[str, str], time: int | None, text: str) -> None:
    """Check that BYHOUR, BYMINUTE and BYSECOND, if they are set, repeat the time of day of DTSTART."""
    for name, unit in _TIMES.items():
        if name in parts:
            given = _numbers(parts[name], 0, 59, text, zero=True)
            own = (time or 0) // unit % (24 if unit == 3600 else 60)
            if given != (own,):
                _reject(text)


def _numbers(text: str | None, low: int, high: int, rule: str, *, zero: bool = False) -> tuple[int, ...]:
    found = dict.fromkeys(_number(word, low, high, rule) for word in text.split(",")) if text else {}
    if 0 in found and not zero:
        _reject(rule)
    return tuple(found)


def _number(text: str, low: int, high: int, rule: str) -> int:
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        _reject(rule)
    return int(text)


def _weekdays(text: str | None, rule: str) -> tuple[NthWeekday, ...]:
    found: dict[NthWeekday, None] = {}
    for word in text.split(",") if text else ():
        matched = _BYDAY.fullmatch(word)
        if matched is None:
            _reject(rule)
        nth, name = matched.groups()
        if nth is not None and not 1 <= abs(int(nth)) <= 53:
            _reject(rule)
        found[NthWeekday(None if nth is None else int(nth), _WEEKDAYS[name])] = None
    return tuple(found)


def _reject(rule: str) -> NoReturn:
    raise CalendarError(f"RRULE {rule[:200]} is not supported; allowed is {_ALLOWED}")
