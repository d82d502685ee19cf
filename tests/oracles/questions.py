"""Random questions for an oracle: expressions with zones and starts, many of them near a change of the clocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Final

from tests.oracles.oracle import Question

from process_operator.timing.zone import DAY, wall_clock

COUNT: Final = int(os.environ.get("ORACLE_COUNT") or 20_000)
SEED: Final = int(os.environ.get("ORACLE_SEED") or 1)
TICKS: Final = 4
"""Number of ticks that are compared for each expression."""

FIRST: Final = int(datetime(2007, 1, 1, tzinfo=UTC).timestamp())
LAST: Final = int(datetime(2037, 1, 1, tzinfo=UTC).timestamp())
ZONES: Final = (
    "Etc/UTC", "Asia/Tokyo", "Asia/Kolkata", "America/Phoenix",
    "Europe/Madrid", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana", "America/Santiago",
    "America/Nuuk", "America/Caracas", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Gaza",
    "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Easter",
)  # fmt: skip
"""Every kind of change, but for a date that is skipped whole: there robfig does not return."""


def questions(expression: Callable[[Random], str]) -> list[Question]:
    """Draw questions about expressions of one dialect, the same ones for the same seed."""
    rng = Random(SEED)
    changes = {zone: wall_clock(zone).changes(FIRST, LAST) for zone in ZONES}
    drawn = []
    for _ in range(COUNT):
        zone = rng.choice(ZONES)
        if changes[zone] and rng.random() < 0.5:
            start = rng.choice(changes[zone]) + rng.randint(-3 * DAY, DAY // 12)
        else:
            start = rng.randint(FIRST, LAST)
        drawn.append(Question(expression(rng), zone, start, TICKS))
    return drawn


def utc(instant: int | None) -> str:
    """Write an instant as people read it."""
    return "nothing" if instant is None else f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}"


def instant(text: str) -> int:
    """Read an instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
