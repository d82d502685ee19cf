"""Wall timings: compiles daily, weekly, monthly and cron timings to their ticks in a zone, without bounds.

Each distinct text is compiled once. The anchor day is 0 if the timing does not count from it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final

from process_operator.resources.conditions import Reason
from process_operator.resources.local_time import DaysOfWeek, Weekday, WeekOfMonth
from process_operator.resources.schedule import Daily, Monthly, Schedule, Weekly
from process_operator.timing import days
from process_operator.timing.cron.ticks import cron_ticks, on_whole_minutes, parse_expression
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError
from process_operator.timing.ticks import FixedTicks, Ticks
from process_operator.timing.wall_grid import TimesOfDay, WallGrid
from process_operator.timing.zone import DAY, EPOCH, SECOND, wall_clock

_SHARED: Final = 4096  # distinct texts to keep compiled

_WEEKDAY_NUMBERS: Final = {weekday: number for number, weekday in enumerate(Weekday)}
_NTH: Final = {WeekOfMonth.FIRST: 1, WeekOfMonth.SECOND: 2, WeekOfMonth.THIRD: 3, WeekOfMonth.FOURTH: 4}


def wall_ticks(schedule: Schedule, anchor: datetime, key: str) -> tuple[Ticks, bool]:
    """Compile a wall timing. The second value is true if it names whole minutes only.

    Raises ScheduleError for an expression that is not valid, and for a schedule without a timing.
    """
    name = schedule.time_zone
    if schedule.cron is not None:
        cron = parse_expression(schedule.cron, key)
        return cron_ticks(cron, name), on_whole_minutes(cron)
    anchor_instant = (anchor - EPOCH) // SECOND
    anchor_day = (anchor_instant + wall_clock(name).offset(anchor_instant)) // DAY
    timing = schedule.daily or schedule.weekly or schedule.monthly
    if timing is None:
        allowed = "secondly, minutely, hourly, daily, weekly, monthly and cron"
        raise ScheduleError(Reason.INVALID_SCHEDULE, SCHEDULE_FIELD, f"exactly one of {allowed} must be set")
    counted_from = anchor_day if (timing.every or 1) > 1 else 0
    return _calendar_ticks(timing, counted_from, name), time_of_day(timing.at) % 60 == 0


@lru_cache(maxsize=_SHARED)
def _calendar_ticks(timing: Daily | Weekly | Monthly, anchor_day: int, zone_name: str) -> Ticks:
    months = days.ALL_MONTHS
    if isinstance(timing, Daily):
        rule = _daily_rule(timing, anchor_day)
    elif isinstance(timing, Weekly):
        weekdays = frozenset(_WEEKDAY_NUMBERS[day] for day in timing.days)
        rule = days.weekly(weekdays, every=timing.every, anchor=anchor_day)
    else:
        rule = _day_of_month_rule(timing)
        months = days.every_n_months(timing.every, anchor=anchor_day)
    hour, rest = divmod(time_of_day(timing.at), 3600)
    minute, second = divmod(rest, 60)
    times = TimesOfDay(frozenset({hour}), frozenset({minute}), frozenset({second}))
    return FixedTicks(WallGrid(days.Calendar(rule, months), times), wall_clock(zone_name))


def _daily_rule(timing: Daily, anchor_day: int) -> days.DayRule:
    if timing.days == DaysOfWeek.WEEKDAYS:
        return days.weekly(frozenset(range(5)), every=1, anchor=0)
    if timing.days == DaysOfWeek.WEEKENDS:
        return days.weekly(frozenset({5, 6}), every=1, anchor=0)
    return days.every_n_days(timing.every, anchor=anchor_day) if timing.every else days.every_day


def _day_of_month_rule(timing: Monthly) -> days.DayRule:
    if timing.weekday is not None:
        weekday = _WEEKDAY_NUMBERS[timing.weekday.day]
        week = timing.weekday.week
        return days.last_weekday(weekday) if week == WeekOfMonth.LAST else days.nth_weekday(_NTH[week], weekday)
    if isinstance(timing.day, int):
        return days.day_of_month(timing.day)
    return days.from_last_day(0)


def time_of_day(at: str) -> int:
    """Read HH:MM or HH:MM:SS as seconds since midnight."""
    hour, minute, *second = (int(part) for part in at.split(":"))
    return hour * 3600 + minute * 60 + sum(second)
