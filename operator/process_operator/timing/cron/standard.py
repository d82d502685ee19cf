"""Cron expressions of 5 fields, read as the CronJob controller reads them: minute, hour, day of month, month, weekday.

The grammar is `cron.ParseStandard` of github.com/robfig/cron/v3, which batch/v1 CronJob uses. Forms that it accepts by
accident are rejected: `*-5` (it ignores the end), `,` and `1,,2` (empty items) and `+7`. `expansion.py` expands the fields.
`quartz.py` reads expressions of 6 and 7 fields and the letters that only Quartz has.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from process_operator.timing.cron.expansion import expand, normalised_item
from process_operator.timing.cron.expression import MACROS, reject, split_fields
from process_operator.timing.cron.field import MONTHS, WEEKDAY_NAMES, Field
from process_operator.timing.cron.hashed import resolve_hashed

_WEEKDAYS: Final = {name: number for number, name in enumerate(WEEKDAY_NAMES)}
_QUARTZ: Final = re.compile(r"L|LW|L-\d+|\d+W|\d+L|[A-Za-z]{3}L|\w+#\d+")


class Cron(NamedTuple):
    """The selected values of an expression.

    `days` are 1..31, `months` 1..12, `weekdays` 0 = Sunday .. 6. `either` is true if no day field has a star. Then a day
    is selected if it is in `days` or in `weekdays`. Otherwise it must be in both.
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


_FIELDS: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("weekday", 0, 6, _WEEKDAYS),
)
_DAY, _WEEKDAY = 2, 4  # indexes of the two fields of which a day has to meet one or both


def parse_cron(text: str, key: str = "") -> Cron:
    """Read an expression of 5 fields or a macro such as @daily; `key` (`<namespace>/<name>`) decides on H.

    Raises ScheduleError: InvalidSchedule with the field of the expression and its allowed values.
    """
    return _parse(resolve_cron(text, key))


@lru_cache(maxsize=4096)
def resolve_cron(text: str, key: str) -> str:
    """Write an expression in the form of a CronJob: with numbers for H, and single blanks. Macros stay.

    Raises ScheduleError like `parse_cron`, except for errors in values.
    """
    if text.strip() in MACROS:
        return text.strip()
    return " ".join(resolve_hashed(field, part, key) for field, part in zip(_FIELDS, _split(text), strict=True))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Cron:
    read = [_read_field(field, part) for field, part in zip(_FIELDS, _split(text), strict=True)]
    minutes, hours, days, months, weekdays = (
        expand(index, field.low, field.high, found.normalised)
        for index, (field, found) in enumerate(zip(_FIELDS, read, strict=True))
    )
    return Cron(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=weekdays,
        either=not (read[_DAY].star or read[_WEEKDAY].star),
    )


def _split(text: str) -> list[str]:
    fields = split_fields(text)
    if len(fields) != len(_FIELDS):
        reject(f"{len(fields)} fields are the Quartz form; 5 are read here")
    return fields


class _Read(NamedTuple):
    """A field, or an item of it, as numbers, and whether robfig/cron sets its star bit."""

    normalised: str
    star: bool


def _read_field(field: Field, text: str) -> _Read:
    items = [_read_item(field, item, text) for item in text.split(",")]
    return _Read(",".join(item.normalised for item in items), any(item.star for item in items))


def _read_item(field: Field, item: str, text: str) -> _Read:
    if not item:
        field.reject(text, "an item of the list is empty")
    if _QUARTZ.fullmatch(item.upper()) and item.lower() not in field.names:
        field.reject(item, f"L, W and # belong to the Quartz form, not to 5 fields; allowed are {field.allowed}")
    span, slash, step_text = item.partition("/")
    step = field.step(item, step_text) if slash else 1
    first, dash, last = span.partition("-")
    if first in ("*", "?"):
        if dash:
            field.reject(item, f"{first} is the whole range already, without an end")
        low, high = field.low, field.high
    else:
        low = _value(field, item, first)
        # `a/n` runs to the end of the range, as robfig and Quartz read it.
        high = _value(field, item, last) if dash else field.high if slash else low
        if low > high:
            ends = "" if slash else f"; write {low}-{field.high},{field.low}-{high}"
            field.reject(item, f"the range goes backwards{ends}")
    return _Read(normalised_item(field, low, high, step), star=first in ("*", "?") and step == 1)


def _value(field: Field, item: str, text: str) -> int:
    if field.names is _WEEKDAYS and text.isdecimal() and int(text) == 7:
        field.reject(item, f"7 is not a weekday here, Sunday is 0; write {_without_seven(item)}")
    return field.value(item, text)


def _without_seven(item: str) -> str:
    """Write an item that has 7 for Sunday with 0 for it."""
    span, slash, step = item.partition("/")
    first, dash, last = span.partition("-")
    if not dash:
        return f"0{slash}{step}"
    if first == "7":
        return "0" if last == "7" else f"0-{last}{slash}{step}"
    if first == "0":
        return f"*{slash}{step}"
    return f"{first}-6{slash}{step}" if slash else f"{first}-6,0"
