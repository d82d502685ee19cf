"""Cron expressions of 5 fields, read as the CronJob controller reads them: minute, hour, day of month, month, weekday.

The grammar is `cron.ParseStandard` of github.com/robfig/cron/v3 (what batch/v1 CronJob uses), less what it accepts by
accident: `*-5` (the end is ignored), `,` and `1,,2` (items that are not there) and `+7`. Expressions of 6 and 7 fields
are Quartz's and have a reader of their own, so have the letters that only Quartz knows. Neighbour: `recurrence.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn

from process_operator.timing.errors import SCHEDULE_FIELD, Reason, ScheduleError

CRON_FIELD: Final = f"{SCHEDULE_FIELD}.cron"

MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_WEEKDAYS: Final = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_HASHED: Final = re.compile(r"H(\([^)]*\))?(/.*)?")
_QUARTZ: Final = re.compile(r"L|LW|L-\d+|\d+W|\d+L|[A-Za-z]{3}L|\w+#\d+")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")  # more digits are out of any range anyway


class Cron(NamedTuple):
    """What an expression selects.

    `days` are 1..31, `months` 1..12, `weekdays` 0 = Sunday .. 6. `either`: a day is selected if `days` or `weekdays`
    has it (no day field has a star), else both must have it.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    @property
    def all_days(self) -> bool:
        """Whether every day is selected."""
        every_day = len(self.days) == 31
        every_weekday = len(self.weekdays) == 7
        by_day = every_day or every_weekday if self.either else every_day and every_weekday
        return by_day and len(self.months) == 12


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: dict[str, int]

    @property
    def allowed(self) -> str:
        named = ", ".join(self.names)
        return f"{self.low} to {self.high}" + (f" or {named}" if named else "")

    def refuse(self, item: str, why: str, reason: Reason = "InvalidSchedule") -> NoReturn:
        raise ScheduleError(reason, CRON_FIELD, f"{self.name} {item!r}: {why}")


_FIELDS: Final = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 6, _WEEKDAYS),
)
_ORDER: Final = "minute, hour, day of month, month and weekday"


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> Cron:
    """Read an expression of 5 fields or a macro such as @daily.

    Raises ScheduleError: InvalidSchedule with the field of the expression and its allowed values, or Unsupported.
    """
    fields = _split(text)
    minutes, hours, days, months, weekdays = (
        _parse_field(field, part) for field, part in zip(_FIELDS, fields, strict=True)
    )
    return Cron(
        minutes=minutes.values,
        hours=hours.values,
        days=days.values,
        months=months.values,
        weekdays=weekdays.values,
        either=not (days.star or weekdays.star),
    )


def _split(text: str) -> list[str]:
    text = text.strip()
    if text.startswith("@"):
        return _macro(text).split()
    if text.startswith(("TZ=", "CRON_TZ=")):
        _refuse(f"{text.split('=')[0]}= is not allowed here; set {SCHEDULE_FIELD}.timeZone")
    fields = text.split()
    if len(fields) in (6, 7):
        _refuse(f"{len(fields)} fields (the Quartz form) are not supported yet; use 5: {_ORDER}", "Unsupported")
    if len(fields) == 4:
        _refuse(f"4 fields, but 5 are needed: {_ORDER}; is the weekday missing? Write * for every one")
    if len(fields) != 5:
        _refuse(f"{len(fields)} fields, but 5 are needed: {_ORDER}")
    return fields


def _macro(text: str) -> str:
    lower = text.lower()
    if lower in MACROS and text != lower:
        _refuse(f"{text!r} must be written in lower case: {lower}")
    if lower.startswith("@every"):
        _refuse("@every is not allowed here; use secondly, minutely or hourly")
    if lower == "@reboot":
        _refuse("@reboot means nothing in a cluster; use runImmediately to run once")
    if text not in MACROS:
        _refuse(f"{text!r} is not known; allowed are {', '.join(MACROS)} and 5 fields")
    return MACROS[text]


def _refuse(message: str, reason: Reason = "InvalidSchedule") -> NoReturn:
    raise ScheduleError(reason, CRON_FIELD, message)


class _Selection(NamedTuple):
    values: frozenset[int]
    star: bool


def _parse_field(field: _Field, text: str) -> _Selection:
    items = [_parse_item(field, item, text) for item in text.split(",")]
    return _Selection(frozenset().union(*(item.values for item in items)), any(item.star for item in items))


def _parse_item(field: _Field, item: str, text: str) -> _Selection:
    if not item:
        field.refuse(text, "an item of the list is empty")
    if _HASHED.fullmatch(item):
        field.refuse(item, "H is not supported yet; write a number", "Unsupported")
    if _QUARTZ.fullmatch(item.upper()) and item.lower() not in field.names:
        field.refuse(item, f"L, W and # belong to the Quartz form, not to 5 fields; allowed are {field.allowed}")
    span, slash, step_text = item.partition("/")
    step = _parse_step(field, item, step_text) if slash else 1
    first, dash, last = span.partition("-")
    if first in ("*", "?"):
        if dash:
            field.refuse(item, f"{first} is the whole range already, it has no end")
        low, high = field.low, field.high
    else:
        low = _parse_value(field, item, first)
        # `a/n` runs to the end of the range, as robfig and Quartz read it.
        high = _parse_value(field, item, last) if dash else field.high if slash else low
        if low > high:
            field.refuse(item, f"the range goes backwards; write {low}-{field.high},{field.low}-{high}")
    return _Selection(frozenset(range(low, high + 1, step)), star=first in ("*", "?") and step == 1)


def _parse_step(field: _Field, item: str, text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        field.refuse(item, "the step after / must be a whole number from 1")
    return int(text)


def _parse_value(field: _Field, item: str, text: str) -> int:
    named = field.names.get(text.lower())
    if named is not None:
        return named
    if not _NUMBER.fullmatch(text):
        field.refuse(item, f"{text!r} is not a value; allowed are {field.allowed}, *, ranges, lists and steps")
    value = int(text)
    if field.names is _WEEKDAYS and value == 7:
        field.refuse(item, "7 is not a weekday here; write 0 for Sunday")
    if not field.low <= value <= field.high:
        field.refuse(item, f"{value} is out of range; allowed are {field.allowed}")
    return value
