"""Equivalent CronJob of a schedule: the cron expression with which a batch/v1 CronJob fires at the same instants.

This module compares instants only. The other conditions for engine CronJob (policies, finishTime, jitter, the template)
are in `decisions/acceptance/engine.py`. For a schedule with startTime the CronJob is created at that time.
"""

from __future__ import annotations

from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from process_operator.resources.local_time import DaysOfWeek, Weekday
from process_operator.resources.model import format_instant, whole_second
from process_operator.resources.schedule import Daily, Monthly, Weekly
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.cron.robfig import robfig_next
from process_operator.timing.cron.standard import parse_cron, resolve_cron
from process_operator.timing.cron.ticks import cron_ticks, is_quartz, parse_expression
from process_operator.timing.errors import SCHEDULE_FIELD
from process_operator.timing.recurrence import elapsed_seconds
from process_operator.timing.ticks import HourCoveringTicks
from process_operator.timing.wall_timing import time_of_day
from process_operator.timing.zone import DAY, EPOCH, SECOND, wall_clock

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.resources.schedule import Schedule
    from process_operator.timing.cron.standard import Cron

_AHEAD: Final = 5 * 366 * DAY  # clock changes within this time are compared
_FAR: Final = 366 * DAY
_SHARED: Final = 4096  # distinct expressions to keep an answer for
_UTC: Final = "Etc/UTC"
_WEEKDAYS: Final = {weekday: (number + 1) % 7 for number, weekday in enumerate(Weekday)}


class CronSchedule(NamedTuple):
    """`spec.schedule` and `spec.timeZone` of a CronJob."""

    schedule: str
    time_zone: str


class WhyNot(NamedTuple):
    """The reason why no CronJob is equivalent: the field that prevents it, and the cause as the end of a sentence."""

    field: str
    message: str


def cronjob_equivalent(schedule: Schedule, *, since: datetime, now: datetime, key: str = "") -> CronSchedule | WhyNot:
    """Find the CronJob that fires at the instants of a schedule in the five years after `now`.

    `since` is the start of the activation, from which elapsed timings without startTime count (cut to the second). Both
    are aware. `key` is as in `compile_schedule`. The result can change with time, when further clock changes come within
    five years, and with tzdata.

    Raises ScheduleError if `compile_schedule` rejects the schedule.
    """
    period = elapsed_seconds(schedule)
    if period is not None:
        return _elapsed(schedule, period, (schedule.start_time or whole_second(since)).astimezone(UTC))
    translated = _translate(schedule, key)
    if isinstance(translated, WhyNot):
        return translated
    # The day is exact enough for five years, and requests with the same expression share the result.
    day = (now - EPOCH) // SECOND // DAY
    difference = _difference(translated.schedule, translated.time_zone, day)
    return translated if difference is None else WhyNot(_timing_field(schedule), difference)


# ---- To five fields


def _elapsed(schedule: Schedule, period: int, anchor: datetime) -> CronSchedule | WhyNot:
    field = _timing_field(schedule)
    if schedule.secondly is not None:
        return WhyNot(field, "a CronJob knows minutes, not seconds")
    if anchor.second or anchor.microsecond:
        return WhyNot(field, f"it counts from {anchor.time()} UTC, and a CronJob fires on whole minutes")
    minute_of_day = anchor.hour * 60 + anchor.minute
    minutes = period // 60
    if 60 % minutes == 0:
        return CronSchedule(f"{_every(minute_of_day % minutes, minutes, 60)} * * * *", _UTC)
    hours, rest = divmod(minutes, 60)
    if rest == 0 and 24 % hours == 0:
        hour = anchor.hour % hours
        return CronSchedule(f"{anchor.minute} {_every(hour, hours, 24)} * * *", _UTC)
    return WhyNot(field, f"every {minutes} minutes does not come out even in an hour or a day, as a CronJob needs it")


def _every(first: int, step: int, size: int) -> str:
    if step == size:
        return str(first)
    if first:
        return f"{first}-{size - 1}/{step}"
    return "*" if step == 1 else f"*/{step}"


def _translate(schedule: Schedule, key: str) -> CronSchedule | WhyNot:
    if schedule.cron is not None:
        parse_expression(schedule.cron, key)
        if is_quartz(schedule.cron):
            return WhyNot(CRON_FIELD, "a CronJob reads 5 fields, not the Quartz form")
        return CronSchedule(resolve_cron(schedule.cron, key), schedule.time_zone)
    timing = schedule.daily or schedule.weekly or schedule.monthly
    field = _timing_field(schedule)
    if timing is None:
        return WhyNot(field, "it has no timing")
    if (timing.every or 1) > 1:
        return WhyNot(f"{field}.every", "a CronJob cannot count days, weeks or months")
    minute, second = divmod(time_of_day(timing.at), 60)
    if second:
        return WhyNot(f"{field}.at", "a CronJob fires on whole minutes")
    days = _days(timing, field)
    if isinstance(days, WhyNot):
        return days
    return CronSchedule(f"{minute % 60} {minute // 60} {days}", schedule.time_zone)


def _days(timing: Daily | Weekly | Monthly, field: str) -> str | WhyNot:
    if isinstance(timing, Daily):
        weekdays = {None: "*", DaysOfWeek.WEEKDAYS: "1-5", DaysOfWeek.WEEKENDS: "0,6"}[timing.days]
        return f"* * {weekdays}"
    if isinstance(timing, Weekly):
        numbers = sorted({_WEEKDAYS[day] for day in timing.days})
        return f"* * {','.join(map(str, numbers))}"
    if timing.weekday is not None:
        return WhyNot(f"{field}.weekday", "a CronJob cannot count the weekdays of a month")
    if isinstance(timing.day, str):
        return WhyNot(f"{field}.day", "a CronJob has no last day of the month")
    return f"{timing.day} * *"


def _timing_field(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return CRON_FIELD
    kinds = ("secondly", "minutely", "hourly", "daily", "weekly", "monthly")
    kind = next((kind for kind in kinds if getattr(schedule, kind) is not None), None)
    return f"{SCHEDULE_FIELD}.{kind}" if kind else SCHEDULE_FIELD


# ---- The comparison


@lru_cache(maxsize=_SHARED)
def _difference(expression: str, zone_name: str, day: int) -> str | None:
    """Give the first difference between the CronJob controller's ticks and ours in five years; None if there is none."""
    cron = parse_cron(expression)
    clock, ticks = wall_clock(zone_name), cron_ticks(cron, zone_name)
    now = day * DAY
    changes = clock.changes(now - DAY, now + _AHEAD)
    ours = ticks.after(now)
    # Without clock changes both agree, except that the controller ends a search after five years.
    if ours is None or ours - now > _FAR or (changes and ours >= changes[0]):
        theirs = robfig_next(cron, clock, now)
        if ours != theirs:
            return _say("at first", ours, theirs)
    if isinstance(ticks, HourCoveringTicks) and cron.all_days:
        return None  # both match the reading of the clock, minute by minute
    for change in (change for change in changes if change >= now):
        if (difference := _difference_around(change, cron, zone_name)) is not None:
            return difference
    return None


@lru_cache(maxsize=16 * _SHARED)
def _difference_around(change: int, cron: Cron, zone_name: str) -> str | None:
    """Compare both searches near a change of offset.

    A search depends on the time between its start (cut to the day, at most) and the tick that it finds. Therefore these
    searches are enough: one from the days before, one from the last tick before the change, and one from each tick on the
    day of the change. Further searches stay within one offset, in which both agree.
    """
    clock, ticks = wall_clock(zone_name), cron_ticks(cron, zone_name)
    next_day = change + DAY - (change + clock.offset(change)) % DAY
    days_before = change - 2 * DAY
    starts = [days_before]
    at: int | None = ticks.until(change - 1) or days_before
    while at is not None and at < next_day:
        starts.append(at)
        at = ticks.after(at)
    for start in starts:
        ours, theirs = ticks.after(start), robfig_next(cron, clock, start)
        if ours != theirs:
            return _say(f"around the clock change of {_utc(change)} in {zone_name}", ours, theirs)
    return None


def _say(where: str, ours: int | None, theirs: int | None) -> str:
    controller = "find no time to fire" if theirs is None else f"fire at {_utc(theirs)}"
    wanted = "there is none" if ours is None else f"it is {_utc(ours)}"
    return f"{where} a CronJob would {controller}, and by the schedule {wanted}"


def _utc(instant: int) -> str:
    return format_instant(EPOCH + instant * SECOND)
