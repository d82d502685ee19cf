"""Expressions of other schedulers: Amazon EventBridge's `cron(...)`, `rate(...)` and `at(...)`, and `every 5 minutes`.

They are rejected with an equivalent timing. Each suggestion is first parsed by this package, so that it is valid if the
user types it. `ticks.py` calls this module before it reads an expression.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from process_operator.timing.cron.expression import interval_hint, reject
from process_operator.timing.cron.field import WEEKDAY_NAMES
from process_operator.timing.cron.quartz import parse_quartz
from process_operator.timing.cron.standard import parse_cron
from process_operator.timing.errors import ScheduleError

_CALL: Final = re.compile(r"(cron|rate|at)\s*\((.*)\)", re.IGNORECASE)
_RATE: Final = re.compile(r"(?:every\s+)?([0-9]{1,6})\s*(second|minute|hour|day)s?", re.IGNORECASE)
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_DAY, _MONTH, _WEEKDAY, _YEAR = 2, 3, 4, 5  # EventBridge has the minute first and the year last
_WHOSE: Final = "is an expression of Amazon EventBridge"


def reject_foreign(text: str) -> None:
    """Raise a ScheduleError (InvalidSchedule) if an expression belongs to another scheduler."""
    text = text.strip()
    call = _CALL.fullmatch(text)
    if call is None:
        if text.lower().startswith("every ") and (rate := _RATE.fullmatch(text)) is not None:
            reject(f"{text!r} is not a cron expression; use {_interval(rate)}")
        fields = text.split()
        if len(fields) == 6 and "?" in (fields[_DAY], fields[_WEEKDAY]):
            _reject_cron(text, fields)
        return
    form, inner = call[1].lower(), call[2].strip()
    if form == "cron":
        _reject_cron(text, inner.split())
    if form == "rate":
        found = _RATE.fullmatch(inner)
        reject(f"{text!r} {_WHOSE}; use {_interval(found) if found else 'secondly, minutely or hourly'}")
    start = f"{{startTime: {inner}Z}}" if _INSTANT.fullmatch(inner) else "with its startTime"
    reject(f"{text!r} {_WHOSE}; use runLater: {start}")


def _interval(rate: re.Match[str]) -> str:
    return interval_hint(int(rate[1]) * _SECONDS[rate[2].lower()])


def _reject_cron(text: str, fields: Sequence[str]) -> None:
    candidates = _of_eventbridge(fields) if len(fields) == 6 else iter([" ".join(fields)])
    found = [candidate for candidate in candidates if _is_read(candidate)]
    why = f"{text!r} {_WHOSE}, with the minute first and the year last"
    if not found:
        reject(f"{why}; use 5 fields, or the Quartz form, which has the seconds first")
    reject(f"{why}; write {' or '.join(map(repr, found))}")


def _of_eventbridge(fields: Sequence[str]) -> Iterator[str]:
    """Give the equivalent with 5 fields if there is one, and the equivalent in the Quartz form."""
    day, weekday = fields[_DAY], fields[_WEEKDAY]
    if fields[_YEAR] == "*" and ("?" in (day, weekday) or "*" in (day, weekday)):
        yield " ".join([*fields[:_DAY], day.replace("?", "*"), fields[_MONTH], _named(weekday.replace("?", "*"))])
    years = [] if fields[_YEAR] == "*" else [fields[_YEAR]]
    yield " ".join(["0", *fields[:_YEAR], *years])


def _named(weekdays: str) -> str:
    """Replace numbers of weekdays by names. EventBridge counts from SUN = 1, but names mean the same."""
    return re.sub(r"(?<![0-9/#])[1-7](?![0-9])", lambda number: WEEKDAY_NAMES[int(number[0]) - 1].upper(), weekdays)


def _is_read(candidate: str) -> bool:
    try:
        if len(candidate.split()) == 5:
            parse_cron(candidate)
        else:
            parse_quartz(candidate)
    except ScheduleError:
        return False
    return True
