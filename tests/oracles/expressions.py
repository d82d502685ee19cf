"""Random cron expressions of both dialects: valid ones, with every form of item that ours and the oracle both know."""

from __future__ import annotations

from random import Random
from typing import Final

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_FIVE: Final = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_STEPS: Final = {"second": 59, "minute": 59, "hour": 23, "day": 31, "month": 12, "weekday": 7}


def five_fields(rng: Random) -> str:
    """Give an expression of 5 fields."""
    return " ".join(_five_field(rng, *field) for field in _FIVE)


def _five_field(rng: Random, name: str, low: int, high: int) -> str:
    if rng.random() < (0.25 if name in ("minute", "hour") else 0.45):
        return rng.choice("***?") if name in ("day", "weekday") else "*"
    return ",".join(_five_item(rng, name, low, high) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def _five_item(rng: Random, name: str, low: int, high: int) -> str:
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    step = rng.randint(1, high + 5)
    forms = [
        _named(rng, name, first),
        _named(rng, name, first),
        f"{_named(rng, name, first)}-{_named(rng, name, last)}",
        f"{first}-{first}",
        f"{first}-{last}/{step}",
        f"{first}/{step}",
        f"*/{step}",
        f"{first:02}",
    ]
    return rng.choice(forms)


def _named(rng: Random, name: str, value: int) -> str:
    names = {"month": MONTHS, "weekday": WEEKDAYS}.get(name)
    if names is None or rng.random() < 0.6:
        return str(value)
    text = names[value - (1 if name == "month" else 0)]
    return rng.choice((text, text.lower(), text.capitalize()))


def quartz(rng: Random) -> str:
    """Give an expression of 6 or 7 fields."""
    times = [
        _quartz_field(rng, "second", 0, 59),
        _quartz_field(rng, "minute", 0, 59),
        _quartz_field(rng, "hour", 0, 23),
    ]
    if rng.random() < 0.6:  # a single second, so that ticks reach further
        times[0] = str(rng.randint(0, 59))
    month = _quartz_field(rng, "month", 1, 12)
    days = (_quartz_days(rng), month, "?") if rng.random() < 0.5 else ("?", month, _quartz_weekdays(rng))
    return " ".join([*times, *days, *_quartz_year(rng)])


def _quartz_field(rng: Random, name: str, low: int, high: int) -> str:
    if rng.random() < 0.3:
        return "*"
    return ",".join(_quartz_item(rng, name, low, high) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def _quartz_item(rng: Random, name: str, low: int, high: int) -> str:
    first, last = rng.randint(low, high), rng.randint(low, high)
    step = rng.randint(1, _STEPS[name])
    forms = [
        str(first),
        str(first),
        f"{first}-{last}",
        f"{first}-{last}/{step}",
        f"{first}/{step}",
        f"*/{step}",
        f"/{step}",
    ]
    names = {"month": ("", *MONTHS), "weekday": ("", *WEEKDAYS)}.get(name)
    if names is not None:
        forms += [names[first], names[first].lower(), f"{names[first]}-{names[last]}"]
        forms += [f"{names[first]}/{step}", f"{names[first]}-{names[last]}/{step}"]
    return rng.choice(forms)


def _quartz_days(rng: Random) -> str:
    if rng.random() < 0.4:
        return _quartz_field(rng, "day", 1, 31)
    return ",".join(_placed_day(rng) for _ in range(rng.choice((1, 1, 1, 2))))


def _placed_day(rng: Random) -> str:
    day = rng.randint(1, 31)
    return rng.choice(("L", f"L-{day - 1}", "LW", f"L-{rng.randint(0, 30)}W", f"{day}W", f"{day}W", str(day)))


def _quartz_weekdays(rng: Random) -> str:
    if rng.random() < 0.5:
        return _quartz_field(rng, "weekday", 1, 7)
    day, nth = rng.randint(1, 7), rng.randint(1, 5)
    name = WEEKDAYS[day - 1]
    return rng.choice((f"{day}L", f"{name}L", f"{day}#{nth}", f"{name}#{nth}", "L"))


def _quartz_year(rng: Random) -> list[str]:
    if rng.random() < 0.6:
        return []
    first = rng.randint(2007, 2060)
    return [
        rng.choice(("*", str(first), f"{first}-{first + rng.randint(0, 30)}", f"{first}/{rng.randint(1, 9)}", "*/2"))
    ]
