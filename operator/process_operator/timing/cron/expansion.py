"""Expansion of cron fields into the values that they select, by the package croniter.

croniter gets fields that `standard.py` has checked and normalised, because its own reading differs from that of a
CronJob in places (docs/decisions/004-cron-of-our-own.md). In particular it reads the range `5-5` as the whole field.
"""

from __future__ import annotations

from functools import lru_cache

from process_operator.timing.cron.field import Field

_FIELDS = 5


def normalised_item(field: Field, low: int, high: int, step: int) -> str:
    """Write the values from `low` to `high` in steps of `step` in a form that croniter and a CronJob read alike."""
    if low == high:
        return str(low)
    if step > 1:
        return f"{low}-{high}/{step}"
    return "*" if (low, high) == (field.low, field.high) else f"{low}-{high}"


@lru_cache(maxsize=4096)
def expand(index: int, low: int, high: int, normalised: str) -> frozenset[int]:
    """Give the values that one of the five fields selects; `low` and `high` are the bounds of that field.

    Fields are expanded and cached one by one, because few of them differ between thousands of expressions. Weekdays
    are counted from Sunday = 0.
    """
    from croniter import croniter  # imported with the first expression, because the import takes 60 ms

    fields = ["*"] * _FIELDS
    fields[index] = normalised
    values = croniter.expand(" ".join(fields))[0][index]
    # croniter writes a star for all values, also if the field lists them one by one.
    return frozenset(range(low, high + 1)) if "*" in values else frozenset(map(int, values))
