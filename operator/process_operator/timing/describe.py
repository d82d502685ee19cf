"""A timing in words, for the SCHEDULE column of `kubectl get`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.resources.local_time import DaysOfWeek, Weekday
from process_operator.resources.model import format_duration, format_instant
from process_operator.resources.schedule import Monthly, Weekly
from process_operator.timing.zone_hints import offset_of_reversed_sign

if TYPE_CHECKING:
    from process_operator.resources.schedule import Daily, RunLater, Schedule, Timing

_INTERVALS: Final = {"secondly": "second", "minutely": "minute", "hourly": "hour"}
_DAYS: Final = {None: "daily", DaysOfWeek.WEEKDAYS: "weekdays", DaysOfWeek.WEEKENDS: "weekends"}
_WEEK: Final = list(Weekday)


def describe_timing(timing: Timing) -> str:
    """Describe a timing in a few words, such as `daily at 02:30 Europe/Madrid`, without its bounds."""
    if timing.schedule is not None:
        return _schedule(timing.schedule)
    if timing.run_later is not None:
        return _run_later(timing.run_later)
    return "run immediately"


def _run_later(later: RunLater) -> str:
    if later.start_time is not None:
        return f"run later at {format_instant(later.start_time)}"
    if later.after is not None:
        return f"run later, {format_duration(later.after)} after it is scheduled"
    return "run later"


def _schedule(schedule: Schedule) -> str:
    for name, unit in _INTERVALS.items():
        interval = getattr(schedule, name)
        if interval is not None:
            return _every(interval.every, unit)
    if schedule.cron is not None:
        return f"cron {' '.join(schedule.cron.split())} {_zone(schedule.time_zone)}"
    timing = schedule.daily or schedule.weekly or schedule.monthly
    if timing is None:
        return "never"
    return f"{_days(timing)} at {timing.at} {_zone(schedule.time_zone)}"


def _zone(name: str) -> str:
    offset = offset_of_reversed_sign(name)
    return f"{name} ({offset})" if offset else name


def _days(timing: Daily | Weekly | Monthly) -> str:
    if isinstance(timing, Weekly):
        days = ", ".join(day[:3] for day in sorted(set(timing.days), key=_WEEK.index))
        return f"{_often(timing.every, 'week', 'weekly')} on {days}"
    if isinstance(timing, Monthly):
        return f"{_often(timing.every, 'month', 'monthly')} on {_day_of_month(timing)}"
    return _often(timing.every or 1, "day", _DAYS[timing.days])


def _day_of_month(timing: Monthly) -> str:
    if timing.weekday is not None:
        return f"the {timing.weekday.week.lower()} {timing.weekday.day}"
    return f"day {timing.day}" if isinstance(timing.day, int) else "the last day"


def _often(every: int, unit: str, each: str) -> str:
    return each if every == 1 else _every(every, unit)


def _every(every: int, unit: str) -> str:
    return f"every {unit}" if every == 1 else f"every {every} {unit}s"
