"""How long the search for a tick takes: the first one with nothing known of the zone yet, again, and one after another."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final

from process_operator.resources.schedule import Schedule
from process_operator.timing import days, zone
from process_operator.timing.recurrence import Recurrence, compile_schedule

_SINCE: Final = datetime(2027, 1, 1, tzinfo=UTC)
_SCHEDULES: Final[dict[str, dict[str, Any]]] = {
    **{
        text: {"cron": text}
        for text in (
            "*/5 * * * *",
            "0 2 * * *",
            "0 0 29 2 *",
            "0 0 12 LW * ?",
            "0,30 * * * * ?",
            "0 0 0 29 2 ? 2096-2199",
            "0 0 0 ? 2 1#5",
        )
    },
    "daily": {"daily": {"at": "02:30"}},
    "every 7 days since 1977": {"daily": {"at": "02:30", "every": 7}, "startTime": "1977-01-01T00:00:00Z"},
    "every 7 seconds since 1977": {"secondly": {"every": 7}, "startTime": "1977-01-01T00:00:00Z"},
    "last Friday": {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}},
}


def ticks(searches: int) -> dict[str, dict[str, float]]:
    """Measure in Europe/Madrid, in microseconds of processor time."""
    return {name: _measure(spec, searches) for name, spec in _SCHEDULES.items()}


def _measure(spec: dict[str, Any], searches: int) -> dict[str, float]:
    zone.wall_clock.cache_clear()
    days.month.cache_clear()
    schedule = Schedule.model_validate({**spec, "timeZone": "Europe/Madrid"})
    began = time.process_time()
    recurrence = compile_schedule(schedule, since=_SINCE)
    compiled = time.process_time()
    recurrence.next_after(recurrence.floor)
    found = time.process_time()
    for _ in range(searches):
        recurrence.next_after(recurrence.floor)
    again = time.process_time()
    walked = _walk(recurrence, searches)
    in_a_row = time.process_time()
    spans = {
        "compile": compiled - began,
        "first": found - compiled,
        "again": (again - found) / searches,
        "in a row": (in_a_row - again) / walked,
    }
    return {name: round(seconds * 1e6, 1) for name, seconds in spans.items()}


def _walk(recurrence: Recurrence, searches: int) -> int:
    tick = recurrence.next_after(recurrence.floor)
    walked = 1
    while tick is not None and walked < searches:
        tick = recurrence.next_after(tick)
        walked += 1
    return walked
