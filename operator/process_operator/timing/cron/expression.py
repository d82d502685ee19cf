"""Cron expressions as lists of fields: macros, and errors about the expression as a whole.

`standard.py` and `quartz.py` read the fields.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from process_operator.resources.conditions import Reason
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError

MACROS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_GO_DURATION: Final = re.compile(r"(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,5})s)?")
_UNITS: Final = (("hourly", 3600), ("minutely", 60), ("secondly", 1))
_LONGEST_INTERVAL: Final = 86_400  # the highest value of `every`

_BARE_MACROS: Final = frozenset(macro.removeprefix("@") for macro in MACROS)
_ORDER: Final = "minute, hour, day of month, month and weekday"
_QUARTZ: Final = "the Quartz form has 6 or 7, seconds first and a year at the end"


def split_fields(text: str) -> list[str]:
    """Split an expression into its 5, 6 or 7 fields. A macro is replaced by its fields.

    Raises ScheduleError (InvalidSchedule) for any other number of fields and for text that is not an expression.
    """
    text = text.strip()
    if text.startswith("@"):
        return _macro(text).split()
    if text.startswith(("TZ=", "CRON_TZ=")):
        reject(f"{text.split('=')[0]}= is not allowed here; set {SCHEDULE_FIELD}.timeZone")
    fields = text.split()
    if text.lower() in _BARE_MACROS:
        reject(f"{text!r} needs an @ to be a macro; write @{text.lower()}")
    if len(fields) == 4:
        reject(f"4 fields, but 5 are needed: {_ORDER}; is the weekday missing? Write * for every weekday")
    if len(fields) not in (5, 6, 7):
        reject(f"{len(fields)} fields, but 5 are needed: {_ORDER}; {_QUARTZ}")
    return fields


def _macro(text: str) -> str:
    lower = text.lower()
    if lower in MACROS and text != lower:
        reject(f"{text!r} is not in lower case; write {lower}")
    if lower.startswith("@every"):
        duration = _GO_DURATION.fullmatch(lower.removeprefix("@every").strip())
        hours, minutes, seconds = (int(part or 0) for part in duration.groups()) if duration else (0, 0, 0)
        reject(f"@every is not allowed here; use {interval_hint(hours * 3600 + minutes * 60 + seconds)}")
    if lower == "@reboot":
        reject("@reboot means nothing in a cluster; use runImmediately to run once")
    if text not in MACROS:
        reject(f"{text!r} is not known; allowed are {', '.join(MACROS)} and 5 fields")
    return MACROS[text]


def interval_hint(seconds: int) -> str:
    """Write an interval in seconds as a timing, such as `minutely: {every: 5}`."""
    for name, unit in _UNITS:
        every, rest = divmod(seconds, unit)
        if not rest and 1 <= every <= _LONGEST_INTERVAL:
            return f"{name}: {{every: {every}}}"
    return "secondly, minutely or hourly"


def reject(message: str) -> NoReturn:
    """Raise a ScheduleError (InvalidSchedule) about the expression as a whole."""
    raise ScheduleError(Reason.INVALID_SCHEDULE, CRON_FIELD, message)
