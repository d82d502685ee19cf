"""Calendars: the cost of a next tick for each kind, beside croniter alone and robfig/cron if these can express it.

The benchmark steps a calendar from tick to tick, in a zone with clock changes. croniter alone is the package in its
usual form, with its own rules about zones. robfig/cron is the Go library of the CronJob controller, and times itself
(`hack/oracles`). All values are processor time, so that a busy machine gives the same ones. Neighbour: `figures.py`.
"""

from __future__ import annotations

import asyncio
import importlib.resources
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from croniter import croniter
from figures import Figure, Sample, Target

from process_operator.resources.schedule import Schedule
from process_operator.timing import days, zone
from process_operator.timing.recurrence import compile_schedule

CRONITER: Final = "croniter"
ROBFIG: Final = "robfig/cron"
COMPILE: Final = "compile, us"
FIRST: Final = "first tick, us"
NEXT: Final = "next tick, us"
RATE: Final = "next ticks per second"
_REPETITIONS: Final = 3
_SINCE: Final = datetime(2027, 1, 1, tzinfo=UTC)
_ZONE: Final = "Europe/Madrid"
_ORACLES: Final = Path(__file__).parents[1] / "oracles"


@dataclass(frozen=True, slots=True)
class Calendar:
    """One kind: as a schedule says it, and as the others do (empty if they cannot)."""

    kind: str
    schedule: dict[str, Any]
    croniter: str = ""
    """Seconds and year come last here."""
    robfig: str = ""
    is_common: bool = True
    """Whether the target holds for it."""
    walk: int = 2000
    """Ticks in a row."""
    hashed: dict[str, Any] = field(default_factory=dict)
    """More arguments for croniter."""


_HOLIDAYS: Final = [str(date(2027, 1, 6) + timedelta(days=30 * number)) for number in range(36)]
_CALENDARS: Final = (
    Calendar("every 7 seconds", {"secondly": {"every": 7}}, robfig="@every 7s"),
    Calendar("every 5 minutes", {"minutely": {"every": 5}}, robfig="@every 5m"),
    Calendar("hourly", {"hourly": {"every": 1}}, robfig="@every 1h"),
    Calendar("daily", {"daily": {"at": "02:30"}}, "30 2 * * *", "30 2 * * *"),
    Calendar("weekly", {"weekly": {"at": "02:30", "days": ["Monday", "Friday"]}}, "30 2 * * 1,5", "30 2 * * 1,5"),
    Calendar("monthly, day 15", {"monthly": {"at": "02:30", "day": 15}}, "30 2 15 * *", "30 2 15 * *"),
    Calendar(
        "monthly, last Friday",
        {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}},
        "0 18 * * L5",
    ),
    Calendar("monthly, last day", {"monthly": {"at": "18:00", "day": "Last"}}, "0 18 L * *"),
    Calendar("cron */5 * * * *", {"cron": "*/5 * * * *"}, "*/5 * * * *", "*/5 * * * *"),
    Calendar("cron 0 2 * * 1-5", {"cron": "0 2 * * 1-5"}, "0 2 * * 1-5", "0 2 * * 1-5"),
    Calendar("cron H H(0-5) * * *", {"cron": "H H(0-5) * * *"}, "H H(0-5) * * *", hashed={"hash_id": "erp/close"}),
    Calendar("Quartz 0,30 * * * * ?", {"cron": "0,30 * * * * ?"}, "* * * * * 0,30", "0,30 * * * * *"),
    Calendar("Quartz 0 0 12 L * ? 2027-2099", {"cron": "0 0 12 L * ? 2027-2099"}, "0 12 L * * 0 2027-2099", walk=800),
    Calendar("daily without holidays", {"daily": {"at": "02:30"}, "exclude": _HOLIDAYS}),
    Calendar("cron 0 0 29 2 *", {"cron": "0 0 29 2 *"}, "0 0 29 2 *", "0 0 29 2 *", is_common=False, walk=15),
)


async def measure() -> list[list[Sample]]:
    """Three walks of each."""
    command = await asyncio.to_thread(_build)
    found = []
    for _ in range(_REPETITIONS):
        samples = [sample for calendar in _CALENDARS for sample in (*_ours(calendar), *_by_croniter(calendar))]
        found.append([*samples, *_by_robfig(command)])
    return found


def _ours(calendar: Calendar) -> list[Sample]:
    zone.wall_clock.cache_clear()
    days.month.cache_clear()
    schedule = Schedule.model_validate({**calendar.schedule, "timeZone": _ZONE})
    began = time.process_time()
    recurrence = compile_schedule(schedule, since=_SINCE, key="erp/close")
    compiled = time.process_time()
    tick = recurrence.next_after(recurrence.floor)
    found = time.process_time()
    for _ in range(calendar.walk):
        assert tick is not None
        tick = recurrence.next_after(tick)
    walked = time.process_time() - found
    return [
        Sample(COMPILE, calendar.kind, 1, 1e6 * (compiled - began)),
        Sample(FIRST, calendar.kind, 1, 1e6 * (found - compiled)),
        *_pace(calendar.kind, walked / calendar.walk),
    ]


def _by_croniter(calendar: Calendar) -> list[Sample]:
    if not calendar.croniter:
        return []
    ticks = croniter(calendar.croniter, _SINCE.astimezone(ZoneInfo(_ZONE)), **calendar.hashed)
    began = time.process_time()
    for _ in range(calendar.walk):
        ticks.get_next(datetime)
    return _pace(f"{calendar.kind}, {CRONITER}", (time.process_time() - began) / calendar.walk)


def _build() -> list[str]:
    built = subprocess.run([sys.executable, str(_ORACLES), "robfig"], check=True, stdout=subprocess.PIPE)
    return [str(part) for part in json.loads(built.stdout)]


def _by_robfig(command: list[str]) -> list[Sample]:
    asked = [calendar for calendar in _CALENDARS if calendar.robfig]
    lines = [f"{calendar.robfig}\t{_ZONE}\t{int(_SINCE.timestamp())}\t{calendar.walk}\n" for calendar in asked]
    # It takes the zones that the operator takes.
    environment = {**os.environ, "ZONEINFO": str(importlib.resources.files("tzdata.zoneinfo"))}
    answered = subprocess.run(
        [*command, "time"], input="".join(lines), text=True, check=True, stdout=subprocess.PIPE, env=environment
    )
    return [
        sample
        for calendar, nanoseconds in zip(asked, answered.stdout.splitlines(), strict=True)
        for sample in _pace(f"{calendar.kind}, {ROBFIG}", int(nanoseconds) * 1e-9 / calendar.walk)
    ]


def _pace(series: str, seconds: float) -> list[Sample]:
    return [Sample(NEXT, series, 1, 1e6 * seconds), Sample(RATE, series, 1, 1 / seconds)]


FIGURE: Final = Figure(
    name="calendars",
    title="Calendars: the next tick of each kind, beside croniter alone and robfig/cron",
    size="calendars",
    measure=measure,
    plotted=(NEXT,),
    targets=tuple(Target(NEXT, calendar.kind, 1, at_most=50) for calendar in _CALENDARS if calendar.is_common),
    anchors={calendar.kind: (f"{calendar.kind}, {CRONITER}", f"{calendar.kind}, {ROBFIG}") for calendar in _CALENDARS},
    notes=(
        f"processor time of one core; ticks in a row from {_SINCE:%Y-%m-%d} in {_ZONE}",
        "robfig/cron is compiled Go; of croniter and of it the clock changes are wrong (decisions/013)",
    ),
)
