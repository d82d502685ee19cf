"""When a request runs: the models of `spec.timing`. Docstrings and descriptions are what `kubectl explain` shows.

What these fields mean in instants is computed in `process_operator.timing`; here is only their shape. Neighbour:
`process_request.py`, which holds them.
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

_AT: Final = "Time of day in timeZone, HH:MM or HH:MM:SS, from 00:00 to 23:59:59. Write it in quotes."


class RunImmediately(Model):
    """Once, as soon as the request is seen."""


class RunLater(Model):
    """Once, at a moment in the future."""

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
        None, description="When to start, RFC 3339 with a zone. One that has passed means at once."
    )
    after: Duration | None = Field(
        None,
        description="How long to wait, counted from when the request was created, resumed or rescheduled: 90s, 1h30m.",
    )
    end_time: Instant | None = Field(
        None, description="Do not start later than this; the run is Missed then. Without an end it is never too late."
    )
    within: Duration | None = Field(None, description="The same as endTime, counted from the start.")


class Interval(Model):
    """A fixed interval of elapsed time: no time zone, no daylight saving."""

    every: Int32 = Field(
        ge=1, le=86_400, description="How many seconds, minutes or hours (as the timing is named) lie between two runs."
    )


class Secondly(Interval):
    """Every n seconds of elapsed time."""


class Minutely(Interval):
    """Every n minutes of elapsed time."""


class Hourly(Interval):
    """Every n hours of elapsed time."""


class Daily(Model):
    """At a time of day: every day, every n days, or on weekdays or weekends."""

    rules = (CelRule("!has(self.every) || !has(self.days)", "at most one of every and days may be set"),)

    at: TimeOfDay = Field(description=_AT)
    every: Int32 | None = Field(
        None, ge=1, le=366, description="Every so many days, counted from the day of startTime. Unset means 1."
    )
    days: DaysOfWeek | None = Field(
        None, description="Weekdays (Monday to Friday) or Weekends (Saturday and Sunday). Unset means every day."
    )


class Weekly(Model):
    """At a time of day on given days of the week, every n weeks."""

    at: TimeOfDay = Field(description=_AT)
    days: tuple[Weekday, ...] = Field(
        min_length=1, max_length=7, description="On which days of the week.", json_schema_extra=SET_LIST
    )
    every: Int32 = Field(
        1, ge=1, le=53, description="Every so many weeks, counted from the week of startTime. Weeks begin on Monday."
    )


class WeekdayOfMonth(Model):
    """A day of the week by its position in the month, such as the last Friday."""

    week: WeekOfMonth = Field(description="First, Second, Third, Fourth or Last.")
    day: Weekday = Field(description="The day of the week, Monday to Sunday.")


class Monthly(Model):
    """At a time of day on one day of the month, every n months."""

    rules = (CelRule("has(self.day) != has(self.weekday)", "exactly one of day and weekday must be set"),)

    at: TimeOfDay = Field(description=_AT)
    day: DayOfMonth | None = Field(
        None, description="Day of the month: 1 to 31 or Last. A month that does not have the day is skipped."
    )
    weekday: WeekdayOfMonth | None = Field(
        None, description="A day of the week by its position, such as the last Friday."
    )
    every: Int32 = Field(1, ge=1, le=120, description="Every so many months, counted from the month of startTime.")


class ConfigMapKey(Model):
    """One key of a ConfigMap in the request's namespace."""

    name: str = Field(min_length=1, max_length=253, description="Name of the ConfigMap.")
    key: str = Field(min_length=1, max_length=253, description="Key that holds the text.")


class OnUnreadable(StrEnum):
    """What an event that cannot be read does."""

    REFUSE = "Refuse"
    SKIP = "Skip"


class ExcludeSource(Model):
    """Where to read dates that are excluded."""

    config_map: ConfigMapKey = Field(description="A ConfigMap key that holds a calendar as iCalendar text (RFC 5545).")
    on_unreadable: OnUnreadable | None = Field(
        None,
        description="What to do if the dates of an event cannot be known: Refuse the calendar, or Skip the event with a "
        "warning. Unset means Refuse.",
    )

    @property
    def skips(self) -> bool:
        """Whether events that cannot be read are left out."""
        return self.on_unreadable == OnUnreadable.SKIP


class Schedule(Model):
    """Again and again, until finishTime or maxRuns."""

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
        None, description="No run before this instant, RFC 3339 with a zone. Intervals are counted from it."
    )
    finish_time: Instant | None = Field(
        None,
        description="No run is scheduled for after this instant, RFC 3339 with a zone. A run that is going on goes on.",
    )
    time_zone: TimeZone = Field(
        "Etc/UTC",
        description="IANA time zone in which daily, weekly, monthly and cron are read, such as Europe/Madrid.",
    )
    secondly: Secondly | None = Field(None, description="Every n seconds of elapsed time.")
    minutely: Minutely | None = Field(None, description="Every n minutes of elapsed time.")
    hourly: Hourly | None = Field(None, description="Every n hours of elapsed time.")
    daily: Daily | None = Field(
        None, description="At a time of day: every day, every n days, or on weekdays or weekends."
    )
    weekly: Weekly | None = Field(None, description="At a time of day on given days of the week, every n weeks.")
    monthly: Monthly | None = Field(None, description="At a time of day on one day of the month, every n months.")
    cron: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="Cron expression. With 5 fields as CronJob reads it (also @daily and its kin, and H); with 6 or 7 "
        "fields as Quartz reads it (seconds first, with ?, L, W, # and a year).",
    )
    jitter: WholeSeconds | None = Field(
        None,
        description="Start each run later by up to this long, by an offset that is the same each time it is computed.",
    )
    exclude: tuple[ExcludedDates, ...] = Field(
        (),
        max_length=366,
        description="Local dates without runs: 2027-12-25, or a range with both ends, 2027-12-24/2028-01-06.",
        json_schema_extra=ATOMIC_LIST,
    )
    exclude_from: tuple[ExcludeSource, ...] = Field(
        (), max_length=8, description="Calendars whose dates are without runs.", json_schema_extra=ATOMIC_LIST
    )
    max_runs: Int32 | None = Field(
        None,
        ge=1,
        description="Stop after so many started runs. An edit of the timing, a resume or a reschedule counts afresh.",
    )


class Timing(Model):
    """When to run."""

    rules = (
        CelRule(
            "[has(self.runImmediately), has(self.runLater), has(self.schedule)].filter(x, x).size() == 1",
            "exactly one of runImmediately (written as runImmediately: {}), runLater and schedule must be set",
        ),
    )

    run_immediately: RunImmediately | None = Field(
        None, description="Once, as soon as the request is seen. Written as runImmediately: {}."
    )
    run_later: RunLater | None = Field(None, description="Once, at a moment in the future.")
    schedule: Schedule | None = Field(None, description="Again and again, until finishTime or maxRuns.")
