"""H in a cron expression: a value that differs between requests, so that they do not all start at once.

It is drawn from the request's namespace and name only, so that a request that is deleted and created again keeps its
time. The forms are those of Jenkins: `H`, `H(a-b)`, `H/n`, `H(a-b)/n`, also as items of a list.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from process_operator.timing.cron.field import Field

_FORM: Final = re.compile(r"H(?:\((?P<low>[^()-]*)-(?P<high>[^()-]*)\))?(?:/(?P<step>.*))?")


class _Draw(NamedTuple):
    number: int  # of the field, so that each draws a value of its own
    low: int
    high: int


# A day of the month is one that every month has. Weekdays are counted from Sunday = 0 whatever the dialect.
_DRAWS: Final = {
    "minute": _Draw(0, 0, 59),
    "hour": _Draw(1, 0, 23),
    "day of month": _Draw(2, 1, 28),
    "month": _Draw(3, 1, 12),
    "weekday": _Draw(4, 0, 6),
    "second": _Draw(5, 0, 59),
}


def resolve_hashed(field: Field, text: str, key: str) -> str:
    """Replace each H in one field of an expression by numbers. `key` is `<namespace>/<name>`.

    Raises ScheduleError (InvalidSchedule) for an unknown form of H.
    """
    if "H" not in text:
        return text
    return ",".join(_resolve(field, item, key) if item.startswith("H") else item for item in text.split(","))


def _resolve(field: Field, item: str, key: str) -> str:
    form = _FORM.fullmatch(item)
    draw = _DRAWS.get(field.name)
    if draw is None:
        field.reject(item, f"H is not allowed here; allowed are {field.allowed}")
    if form is None:
        field.reject(item, "H is written H, H(a-b), H/n or H(a-b)/n")
    shift = field.low if field.name == "weekday" else 0
    low, high = draw.low, draw.high
    if form["low"] is not None:
        # Read as values of the field; for weekdays that is its own count, and the draw is from Sunday = 0.
        low, high = (_bound(field, item, form[end], shift) for end in ("low", "high"))
    if low > high:
        field.reject(item, "the range goes backwards")
    if form["step"] is None:
        return str(low + _hash(key, draw) % (high - low + 1) + shift)
    step = field.step(item, form["step"])
    first = low + _hash(key, draw) % (min(low + step - 1, high) - low + 1)
    return f"{first + shift}-{high + shift}/{step}"


def _bound(field: Field, item: str, text: str, shift: int) -> int:
    counted_from_zero = field._replace(low=field.low - shift, high=field.high - shift)
    named = field.names.get(text.lower())
    return counted_from_zero.value(item, text) if named is None else named - shift


def _hash(key: str, draw: _Draw) -> int:
    return int.from_bytes(hashlib.sha256(f"{key}|H{draw.number}".encode()).digest()[:8], "big")
