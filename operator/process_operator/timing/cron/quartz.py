"""Cron expressions of 6 and 7 fields, read as Quartz documents them: second, minute, hour, day, month, weekday, year.

The grammar is that of `org.quartz.CronExpression` 2.5. Exactly one of day of month and weekday is `?`. Ranges wrap around
the end of their field (`FRI-MON`). `L`, `W` and `#` name days by their place in the month. Weekdays count from SUN = 1.
Forms that Quartz accepts by accident are rejected: long names, a step of 0, and lists of which it reads only a part.
`standard.py` reads 5 fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from process_operator.timing import days
from process_operator.timing.cron.expression import reject, split_fields
from process_operator.timing.cron.field import MONTHS, WEEKDAY_NAMES, Field
from process_operator.timing.cron.hashed import resolve_hashed
from process_operator.timing.errors import ScheduleError

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

_WEEKDAYS: Final = {name: number for number, name in enumerate(WEEKDAY_NAMES, 1)}
_DAY_FORMS: Final = ", L, L-3, LW, L-3W, 15W"
_WEEKDAY_FORMS: Final = ", L, 6L, friL, fri#3"
_FIELDS: Final = (
    Field("second", 0, 59, largest_step=59),
    Field("minute", 0, 59, largest_step=59),
    Field("hour", 0, 23, largest_step=23),
    Field("day of month", 1, 31, largest_step=31, forms=_DAY_FORMS),
    Field("month", 1, 12, MONTHS, largest_step=12),
    Field("weekday", 1, 7, _WEEKDAYS, largest_step=7, forms=_WEEKDAY_FORMS),
    Field("year", FIRST_YEAR, LAST_YEAR),
)
_DAY, _MONTH, _WEEKDAY = 3, 4, 5

_PLACED_DAY: Final = re.compile(r"(?:L(?:-(?P<back>[0-9]+))?|(?P<day>[0-9]+)(?=W))(?P<near>W)?", re.IGNORECASE)
_FROM_ZERO: Final = re.compile(r"(?<![0-9/#])[0-6](?![0-9])")
_LETTERS: Final = re.compile(r"[0-9]*[LW#]|[A-Z]{3}[L#]", re.IGNORECASE)
_PLACED_WEEKDAY: Final = re.compile(r"(?P<day>[A-Z]+?|[0-9]+)(?:L|#(?P<nth>.*))", re.IGNORECASE)


class Quartz(NamedTuple):
    """The selected values of an expression: `days` within the months 1..12 of the years. `years` None means every year."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: days.DayRule
    months: frozenset[int]
    years: frozenset[int] | None


def parse_quartz(text: str, key: str = "") -> Quartz:
    """Read an expression of 6 or 7 fields; `key` (`<namespace>/<name>`) decides on H.

    Raises ScheduleError (InvalidSchedule) with the field of the expression and its allowed values.
    """
    fields = split_fields(text)
    _reject_day_fields(fields)
    resolved = [resolve_hashed(field, part, key) for field, part in zip(_FIELDS, fields, strict=False)]
    return _parse(" ".join(resolved))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quartz:
    fields = text.split()
    seconds, minutes, hours, months = (_values(_FIELDS[n], fields[n]) for n in (0, 1, 2, _MONTH))
    weekdays = fields[_WEEKDAY]
    rule = _day_rule(fields[_DAY]) if weekdays == "?" else _weekday_rule(weekdays)
    years = None if len(fields) == 6 or fields[6] == "*" else _values(_FIELDS[6], fields[6])
    return Quartz(seconds, minutes, hours, rule, months, years)


def _reject_day_fields(fields: Sequence[str]) -> None:
    """Check that there is exactly one `?`. The error suggests the expression that the author probably meant."""
    day, weekday = fields[_DAY], fields[_WEEKDAY]
    if (day == "?") != (weekday == "?"):
        return
    rule = f"{len(fields)} fields are the Quartz form, seconds first: exactly one of day of month and weekday must be ?"
    if re.fullmatch("[0-9]{4}", weekday):
        reject(f"{rule}; is {weekday} a year? It is the seventh field")
    if weekday in ("*", "?"):
        meant = [*fields[:_DAY], "*" if day == "?" else day, fields[_MONTH], "?", *fields[6:]]
    elif day == "*":
        meant = [*fields[:_DAY], "?", fields[_MONTH], weekday, *fields[6:]]
    else:
        reject(f"{rule}; for days that match either, use two requests")
    try:
        parse_quartz(" ".join(meant))
    except ScheduleError as error:
        reject(f"{rule}; besides, {error.message}")
    counted = " (weekdays count from SUN = 1)" if meant[_DAY] == "?" else ""
    reject(f"{rule}; write {' '.join(meant)!r}{counted}, or 5 fields, which have no seconds")


# ---- Fields that are sets of values


def _values(field: Field, text: str) -> frozenset[int]:
    return frozenset().union(*(_item(field, item, text) for item in text.split(",")))


def _item(field: Field, item: str, text: str) -> frozenset[int]:
    if not item:
        field.reject(text, "an item of the list is empty")
    if "?" in item:
        field.reject(text, "? must be the whole field, for day of month or weekday")
    span, slash, step_text = item.partition("/")
    step = field.step(item, step_text) if slash else 1
    size = field.high - field.low + 1
    if span == "*" or (slash and not span):
        low, high = field.low, field.high
    else:
        first, dash, last = span.partition("-")
        low = _value(field, item, first)
        high = _value(field, item, last) if dash else field.high if slash else low
    if high < low:
        if field.name == "year":
            field.reject(item, "the range goes backwards")
        high += size
    return frozenset((value - field.low) % size + field.low for value in range(low, high + 1, step))


def _value(field: Field, item: str, text: str) -> int:
    if field.names is _WEEKDAYS and text.isdecimal() and int(text) == 0:
        named = _FROM_ZERO.sub(lambda number: WEEKDAY_NAMES[int(number[0])].upper(), item)
        field.reject(item, f"weekdays of the Quartz form count from SUN = 1 to SAT = 7; write {named}")
    if field.forms and _LETTERS.match(text) and text.lower() not in field.names:
        field.reject(item, f"L, W and # cannot have a range or a step; allowed are {field.allowed}, *{field.forms}")
    return field.value(item, text)


# ---- Days by their place in the month


def _day_rule(text: str) -> days.DayRule:
    items = text.split(",")
    placed = [_PLACED_DAY.fullmatch(item) for item in items]
    plain = [item for item, form in zip(items, placed, strict=True) if form is None]
    rules = [_placed_day(form) for form in placed if form is not None]
    if plain:
        rules.append(days.days_of_month(_values(_FIELDS[_DAY], ",".join(plain))))
    return rules[0] if len(rules) == 1 else days.any_of(rules)


def _placed_day(form: re.Match[str]) -> days.DayRule:
    field, item = _FIELDS[_DAY], form[0]
    if form["day"] is not None:
        rule = days.day_of_month(field.value(item, form["day"]))
    else:
        back = int(form["back"] or 0)
        if back > 30:
            field.reject(item, "the days before the last are out of range; allowed are L-0 to L-30")
        rule = days.from_last_day(back)
    return days.nearest_working_day(rule) if form["near"] else rule


def _weekday_rule(text: str) -> days.DayRule:
    field = _FIELDS[_WEEKDAY]
    items = text.split(",")
    # A name may end in L only beyond its three letters; none of the names holds a #.
    forms = [None if item.lower() in _WEEKDAYS else _PLACED_WEEKDAY.fullmatch(item) for item in items]
    if len(items) > 1 and any(form or item.upper() == "L" for form, item in zip(forms, items, strict=True)):
        field.reject(text, "L and # cannot be part of a list; use two requests")
    if text.upper() == "L":
        return days.weekdays(frozenset({_monday_first(7)}))
    form = forms[0]
    if form is None:
        return days.weekdays(frozenset(_monday_first(value) for value in _values(field, text)))
    weekday = _monday_first(_value(field, text, form["day"]))
    if form["nth"] is None:
        return days.last_weekday(weekday)
    if form["nth"] not in tuple("12345"):
        field.reject(text, "the number after # is out of range; allowed are 1 to 5")
    return days.nth_weekday(int(form["nth"]), weekday)


def _monday_first(weekday: int) -> int:
    return (weekday - 2) % 7
