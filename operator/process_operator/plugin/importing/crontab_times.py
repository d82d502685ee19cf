"""Times of a crontab line (crontab(5) of Vixie cron and cronie) as a cron expression of a ProcessRequest."""

from __future__ import annotations

import re
from typing import Final

from process_operator.timing.cron.field import WEEKDAY_NAMES
from process_operator.timing.cron.standard import parse_cron

_ITEM: Final = re.compile(
    r"\*(?:/[0-9]+)?|(?P<first>[0-9]+|[a-z]{3})(?:-(?P<last>[0-9]+|[a-z]{3})(?:/(?P<step>[0-9]+))?)?", re.IGNORECASE
)
_RANDOM: Final = re.compile(r"(?P<low>[0-9]*)~(?P<high>[0-9]*)")
_BOUNDS: Final = (("0", "59"), ("0", "23"), ("1", "28"), ("1", "12"), ("0", "6"))
"""Lowest and highest value of a field if `~` has no end. Day 28 is the last one that every month has."""
_DAY, _WEEKDAY = 2, 4
_SUNDAY: Final = 7


def crontab_times(fields: list[str]) -> str:
    """Translate the five fields of a crontab line.

    Sunday is 0 or 7 in a crontab, and only 0 in a CronJob. A random value (`0~5` in cronie) becomes `H(0-5)`.
    Raises ValueError for a form that no crontab has, and ScheduleError for a value that is out of range.
    """
    parts = [",".join(_item(index, item) for item in field.split(",")) for index, field in enumerate(fields)]
    cron = " ".join(parts)
    compiled = parse_cron(cron)
    # Vixie cron and cronie look at the first character of both day fields, the CronJob controller at whole stars.
    either = not (fields[_DAY].startswith("*") or fields[_WEEKDAY].startswith("*"))
    if either != compiled.either and not compiled.all_days:
        raise ValueError(
            f"{fields[_DAY]!r} and {fields[_WEEKDAY]!r}: cron runs on days that meet "
            f"{'one' if either else 'both'} of these two fields, and a request on days that meet "
            f"{'both' if either else 'one'}; list the days of the month, or check the day in the command"
        )
    return cron


def _item(index: int, item: str) -> str:
    if random := _RANDOM.fullmatch(item):
        low, high = _BOUNDS[index]
        return f"H({random['low'] or low}-{random['high'] or high})"
    form = _ITEM.fullmatch(item)
    if form is None:
        raise ValueError(f"{item!r} is not a value, range or step of a crontab")
    if index != _WEEKDAY or str(_SUNDAY) not in (form["first"], form["last"]):
        return item
    first = _weekday(form["first"])
    last = first if form["last"] is None else _weekday(form["last"])
    step = int(form["step"] or 1)
    if first > last or last > _SUNDAY or step == 0:
        raise ValueError(f"weekday {item!r}: the range goes backwards or has no step")
    return _joined(sorted({day % _SUNDAY for day in range(first, last + 1, step)}))


def _weekday(text: str) -> int:
    """Read a number or a name of a weekday, from Sunday = 0 to Sunday = 7."""
    if text.isdecimal():
        return int(text)
    if text.lower() not in WEEKDAY_NAMES:
        raise ValueError(f"{text!r} is not a weekday")
    return WEEKDAY_NAMES.index(text.lower())


def _joined(days: list[int]) -> str:
    """Write weekdays as a list of values and ranges, such as `0,3-6`."""
    spans: list[list[int]] = []
    for day in days:
        if spans and spans[-1][-1] == day - 1:
            spans[-1].append(day)
        else:
            spans.append([day])
    return ",".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
