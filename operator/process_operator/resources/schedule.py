"""Timing of a request: the models of `spec.timing`. `kubectl explain` shows their docstrings and descriptions.

This module has the shape of the fields only. The package `timing` computes instants from them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import Field

from process_operator.resources.cel_rule import CelRule
from process_operator.resources.local_time import (
    DayOfMonth,
    DaysOfWeek,
    ExcludedDates,
    TimeOfDay,
    TimeZone,
    Weekday,
    WeekOfMonth,
)
from process_operator.resources.model import (
    ATOMIC_LIST,
    SET_LIST,
    Duration,
    Instant,
    Int32,
    Model,
    WholeSeconds,
    compared,
)

_AT: Final = "Time of day in timeZone, as HH:MM or HH:MM:SS from 00:00 to 23:59:59. Write it in quotes."


class RunImmediately(Model):
    """Runs once, immediately."""


class RunLater(Model):
    """Runs once, at an instant in the future."""

    rules = (
        CelRule("has(self.startTime) != has(self.after)", "exactly one of startTime and after must be set"),
        CelRule("!(has(self.endTime) && has(self.within))", "at most one of endTime and within may be set"),
        CelRule(
            f"!has(self.startTime) || !has(self.endTime) || {compared('self.startTime', '<', 'self.endTime')}",
            "endTime must be after startTime",
            ".endTime",
        ),
    )

    start_time: Instant | None = Field(
        None,
        description="Instant of the start, as RFC 3339 with a zone, such as 2027-01-31T02:30:00Z. If it is in the past, "
        "the run starts immediately. Exactly one of startTime and after must be set.",
    )
    after: Duration | None = Field(
        None,
        description="Delay before the start, such as 90s or 1h30m. It is counted from the creation, resume or reschedule of "
        "the request. Exactly one of startTime and after must be set.",
    )
    end_time: Instant | None = Field(
        None,
        description="Latest instant of the start, as RFC 3339 with a zone. After it the run does not start and is Missed. "
        "Unset means no limit. At most one of endTime and within may be set.",
    )
    within: Duration | None = Field(
        None,
        description="Latest start, as a duration after the start time, such as 15m. After it the run does not start and is "
        "Missed. At most one of endTime and within may be set.",
    )


class Interval(Model):
    """A fixed interval of elapsed time. Time zones and daylight saving do not affect it."""

    every: Int32 = Field(
        ge=1,
        le=86_400,
        description="Interval between two runs in seconds (secondly), minutes (minutely) or hours (hourly), 1 to 86400.",
    )


class Secondly(Interval):
    """Runs every n seconds of elapsed time."""


class Minutely(Interval):
    """Runs every n minutes of elapsed time."""


class Hourly(Interval):
    """Runs every n hours of elapsed time."""


class Daily(Model):
    """Runs at a time of day: every day, every n days, on weekdays or on weekends."""

    rules = (CelRule("!has(self.every) || !has(self.days)", "at most one of every and days may be set"),)

    at: TimeOfDay = Field(description=_AT)
    every: Int32 | None = Field(
        None,
        ge=1,
        le=366,
        description="Interval in days, 1 to 366, counted from the day of startTime. Unset means 1, which is every day. At "
        "most one of every and days may be set.",
    )
    days: DaysOfWeek | None = Field(
        None,
        description="Weekdays (Monday to Friday) or Weekends (Saturday and Sunday). Unset means every day. At most one of "
        "every and days may be set.",
    )


class Weekly(Model):
    """Runs at a time of day on the given days of the week, every n weeks."""

    at: TimeOfDay = Field(description=_AT)
    days: tuple[Weekday, ...] = Field(
        min_length=1,
        max_length=7,
        description="Days of the week, Monday to Sunday, at least one.",
        json_schema_extra=SET_LIST,
    )
    every: Int32 = Field(
        1,
        ge=1,
        le=53,
        description="Interval in weeks, 1 to 53, counted from the week of startTime. Weeks start on Monday. Unset means 1.",
    )


class WeekdayOfMonth(Model):
    """A day of the week by its position in the month, such as the last Friday."""

    week: WeekOfMonth = Field(description="Position in the month: First, Second, Third, Fourth or Last.")
    day: Weekday = Field(description="Day of the week, Monday to Sunday.")


class Monthly(Model):
    """Runs at a time of day on one day of the month, every n months."""

    rules = (CelRule("has(self.day) != has(self.weekday)", "exactly one of day and weekday must be set"),)

    at: TimeOfDay = Field(description=_AT)
    day: DayOfMonth | None = Field(
        None,
        description="Day of the month: 1 to 31, or Last. Months without this day are skipped. Exactly one of day and weekday "
        "must be set.",
    )
    weekday: WeekdayOfMonth | None = Field(
        None,
        description="Day of the week by its position in the month, such as the last Friday. Exactly one of day and weekday "
        "must be set.",
    )
    every: Int32 = Field(
        1,
        ge=1,
        le=120,
        description="Interval in months, 1 to 120, counted from the month of startTime. Unset means 1.",
    )


class ConfigMapKey(Model):
    """One key of a ConfigMap in the request's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the ConfigMap.")
    key: str = Field(min_length=1, max_length=253, description="Key of the ConfigMap, in data or binaryData.")


class OnUnreadable(StrEnum):
    """The effect of an event that cannot be read."""

    REJECT = "Reject"
    SKIP = "Skip"


class ExcludeSource(Model):
    """A calendar of excluded dates and times."""

    config_map: ConfigMapKey = Field(
        description="ConfigMap key, in the namespace of the request, with a calendar as iCalendar text (RFC 5545).",
    )
    on_unreadable: OnUnreadable | None = Field(
        None,
        description="Effect of an event whose dates cannot be read: Reject rejects the calendar, Skip ignores the event "
        "and writes a warning. Unset means Reject.",
    )

    @property
    def skips(self) -> bool:
        """Whether events that cannot be read are ignored."""
        return self.on_unreadable == OnUnreadable.SKIP


class Schedule(Model):
    """Runs repeatedly, until finishTime or maxRuns."""

    rules = (
        CelRule(
            "[has(self.secondly), has(self.minutely), has(self.hourly), has(self.daily), has(self.weekly), "
            "has(self.monthly), has(self.cron)].filter(x, x).size() == 1",
            "exactly one of secondly, minutely, hourly, daily, weekly, monthly and cron must be set",
        ),
        CelRule(
            f"!has(self.startTime) || !has(self.finishTime) || {compared('self.startTime', '<=', 'self.finishTime')}",
            "finishTime must not be before startTime",
            ".finishTime",
        ),
    )

    start_time: Instant | None = Field(
        None,
        description="First instant of the schedule, as RFC 3339 with a zone. Intervals are counted from it. Unset means the "
        "creation, resume or reschedule of the request.",
    )
    finish_time: Instant | None = Field(
        None,
        description="Last instant of the schedule, as RFC 3339 with a zone. A run that is in progress then continues. Unset "
        "means no end.",
    )
    time_zone: TimeZone = Field(
        "Etc/UTC",
        description="IANA time zone of daily, weekly, monthly, cron and exclude, such as Europe/Madrid. Unset means Etc/UTC.",
    )
    secondly: Secondly | None = Field(None, description="Run every n seconds of elapsed time.")
    minutely: Minutely | None = Field(None, description="Run every n minutes of elapsed time.")
    hourly: Hourly | None = Field(None, description="Run every n hours of elapsed time.")
    daily: Daily | None = Field(
        None, description="Run at a time of day: every day, every n days, on weekdays or on weekends."
    )
    weekly: Weekly | None = Field(
        None, description="Run at a time of day on the given days of the week, every n weeks."
    )
    monthly: Monthly | None = Field(None, description="Run at a time of day on one day of the month, every n months.")
    cron: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="Cron expression. 5 fields are read as a CronJob reads them; macros such as @daily, and H, are allowed "
        "too. 6 or 7 fields are read as Quartz reads them: seconds first, with ?, L, W, # and an optional year.",
    )
    jitter: WholeSeconds | None = Field(
        None,
        description="Longest delay of a run after its scheduled time, in whole seconds, such as 90s or 5m. The delay of each run "
        "follows from the request and the scheduled time. Unset means no delay.",
    )
    exclude: tuple[ExcludedDates, ...] = Field(
        (),
        max_length=366,
        description="Dates in timeZone on which no run is scheduled: 2027-12-25, or a range that includes both ends, "
        "2027-12-24/2028-01-06.",
        json_schema_extra=ATOMIC_LIST,
    )
    exclude_from: tuple[ExcludeSource, ...] = Field(
        (),
        max_length=8,
        description="Calendars with dates and times at which no run is scheduled.",
        json_schema_extra=ATOMIC_LIST,
    )
    max_runs: Int32 | None = Field(
        None,
        ge=1,
        description="Number of started runs after which the schedule is complete. A change of the timing, a resume or a "
        "reschedule starts the count again. Unset means no limit.",
    )


class Timing(Model):
    """The time of the runs."""

    rules = (
        CelRule(
            "[has(self.runImmediately), has(self.runLater), has(self.schedule)].filter(x, x).size() == 1",
            "exactly one of runImmediately (written as runImmediately: {}), runLater and schedule must be set",
        ),
    )

    run_immediately: RunImmediately | None = Field(
        None, description="Run once, immediately. Written as runImmediately: {}."
    )
    run_later: RunLater | None = Field(None, description="Run once, at an instant in the future.")
    schedule: Schedule | None = Field(None, description="Run repeatedly, until finishTime or maxRuns.")
