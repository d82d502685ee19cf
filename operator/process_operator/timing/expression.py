"""A cron expression as its fields: macros, and what is refused before any field is looked at.

Neighbours: `cron.py` reads the fields.
"""

from __future__ import annotations

from typing import Final, NoReturn

from process_operator.timing.cron_field import CRON_FIELD
from process_operator.timing.errors import SCHEDULE_FIELD, Reason, ScheduleError

MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_ORDER: Final = "minute, hour, day of month, month and weekday"


def split_fields(text: str) -> list[str]:
    """Split an expression into its fields, a macro into those it stands for.

    Raises ScheduleError (InvalidSchedule) where their number is wrong, and for what is no expression at all.
    """
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
