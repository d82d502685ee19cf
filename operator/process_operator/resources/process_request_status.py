"""Status of a ProcessRequest."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.engine import Engine
from process_operator.resources.kind import NOT_OBSERVED, ObservedGeneration
from process_operator.resources.model import (
    ATOMIC_LIST,
    Instant,
    Int32,
    Int64,
    Model,
    map_list,
)
from process_operator.resources.process_run import RunPhase
from process_operator.resources.user_names import MAX_USER_NAME


class RequestPhase(StrEnum):
    """The state of a request in one word."""

    PENDING = "Pending"
    SCHEDULED = "Scheduled"
    ACTIVE = "Active"
    SUSPENDED = "Suspended"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    FINISHED = "Finished"
    INVALID = "Invalid"


ScheduleInForce = Annotated[
    dict[str, Any], WithJsonSchema({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
]
"""A copy of `spec.timing.schedule`. It needs no schema, because the API server validated the spec."""


class ActivationCause(StrEnum):
    """The cause of an activation."""

    CREATED = "Created"
    RESUMED = "Resumed"
    EDITED = "Edited"
    RESCHEDULED = "Rescheduled"


class Activation(Model):
    """The period in which one timing is in force: from a creation, change, resume or reschedule to the next."""

    number: Int64 = Field(
        0, ge=0, description="Number of the activation, counted from 1. 0 means that the request was created suspended."
    )
    since: Instant | None = Field(
        None, description="Start of the activation. Delays and intervals are counted from it."
    )
    cause: ActivationCause | None = Field(
        None, description="Cause of the activation: Created, Resumed, Edited or Rescheduled."
    )
    runs: Int64 = Field(0, ge=0, description="Number of scheduled runs that started in it, for maxRuns.")
    spec_hash: str = Field("", max_length=128, description="Hash of the timing that is in force.")
    schedule: ScheduleInForce | None = Field(
        None,
        description="Schedule that is in force. After a change of the schedule, runs that were due before are settled by it.",
    )


RememberedDates = Annotated[str, Field(max_length=21)]
RememberedTimes = Annotated[str, Field(max_length=64)]


class RememberedCalendar(Model):
    """The dates and times of the last readable version of a calendar in excludeFrom, kept for a restart."""

    config_map: str = Field(max_length=253, description="Name of the ConfigMap.")
    key: str = Field(max_length=253, description="Key of the calendar.")
    digest: str = Field(max_length=64, description="Hash of the text of the calendar.")
    since: Instant = Field(description="Start of the period that dates and times cover.")
    until: Instant = Field(description="End of the period that dates and times cover.")
    dates: tuple[RememberedDates, ...] = Field(
        (),
        max_length=200,
        description="Excluded dates, and ranges that include both ends.",
        json_schema_extra=ATOMIC_LIST,
    )
    times: tuple[RememberedTimes, ...] = Field(
        (),
        max_length=200,
        description="Excluded times, each from a start (included) to an end (not included).",
        json_schema_extra=ATOMIC_LIST,
    )


class LastRun(Model):
    """The newest run."""

    name: str = Field(max_length=63, description="Name of the ProcessRun.")
    phase: RunPhase = Field(description="Phase of the run.")


class ActiveRun(Model):
    """An open run."""

    name: str = Field(max_length=63, description="Name of the ProcessRun.")
    job: str | None = Field(None, max_length=63, description="Name of the Job of the run.")
    job_uid: str | None = Field(
        None, alias="jobUID", max_length=64, description="UID of the Job, set when the Job is allowed to start pods."
    )


class RunCounts(Model):
    """The number of finished runs by phase."""

    succeeded: Int64 = Field(0, ge=0, description="Number of runs that succeeded.")
    failed: Int64 = Field(0, ge=0, description="Number of runs that failed.")
    missed: Int64 = Field(0, ge=0, description="Number of runs that did not start in time.")
    skipped: Int64 = Field(0, ge=0, description="Number of runs that were skipped because another run was open.")
    canceled: Int64 = Field(0, ge=0, description="Number of runs that were canceled or replaced.")
    unknown: Int64 = Field(
        0, ge=0, description="Number of runs whose Job was deleted before the operator could read its end."
    )
    through: Instant | None = Field(None, description="Time of the record of the newest counted run.")
    at_through: Int64 = Field(
        0, ge=0, description="Number of counted runs that were recorded in the second of through."
    )


class ProcessRequestStatus(Model):
    """The state of the request as the operator observed it."""

    observed_generation: ObservedGeneration = NOT_OBSERVED
    phase: RequestPhase | None = Field(
        None, description="State in one word, for people. Programs should read conditions."
    )
    engine: Engine | None = Field(None, description="Controller that creates the Jobs: CronJob or Operator.")
    schedule: str | None = Field(
        None, max_length=1024, description="Timing in words, such as daily at 02:00 Europe/Madrid."
    )
    activation: Activation | None = Field(
        None,
        description="Period in which the present timing is in force. It is written before any run of it is created.",
    )
    last_handled_reschedule: str | None = Field(
        None,
        max_length=262_144,
        description="Value of the annotation process-operator.io/reschedule that the operator handled last.",
    )
    rescheduled_by: str | None = Field(
        None,
        max_length=MAX_USER_NAME,
        description="Name of the user of that reschedule, if the client wrote it and the API server verified it.",
    )
    suspended_by: str | None = Field(
        None,
        max_length=MAX_USER_NAME,
        description="Name of the user who suspended the request, if the client wrote it and the API server verified it.",
    )
    suspended_since: Instant | None = Field(
        None,
        description="Time since which the request is suspended: its creation, or when the operator first observed "
        "spec.suspend.",
    )
    last_schedule_time: Instant | None = Field(
        None,
        description="Newest scheduled time that is settled. It and all earlier times are not considered again.",
    )
    last_wall_time: str | None = Field(
        None,
        max_length=64,
        description="Local time of the last run of a timing with a time of day. It prevents a second run after a change of "
        "time zone data.",
    )
    tzdata: str | None = Field(None, max_length=64, description="Version of the IANA time zone data in use.")
    calendars: tuple[RememberedCalendar, ...] = Field(
        (),
        max_length=8,
        description="Dates and times of the coming year that the calendars of excludeFrom exclude. They stay in force if a "
        "calendar becomes unreadable, also after a restart of the operator.",
        json_schema_extra=ATOMIC_LIST,
    )
    template_hash: str | None = Field(
        None, max_length=128, description="Hash of the Job that the API server accepted in the last dry run."
    )
    waiting_count: Int32 = Field(0, ge=0, description="Number of due runs that wait for an open run.")
    next_run_time: Instant | None = Field(
        None,
        description="Start of the next run. It is not kept up to date for schedules with intervals below one minute.",
    )
    last_run_time: Instant | None = Field(None, description="Start of the newest run.")
    last_run: LastRun | None = Field(None, description="Newest run.")
    active: tuple[ActiveRun, ...] = Field(
        (),
        max_length=100,
        description="Open runs, at most the 100 oldest.",
        json_schema_extra=map_list("name"),
    )
    active_count: Int32 = Field(0, ge=0, description="Number of open runs.")
    counts: RunCounts = Field(RunCounts(), description="Number of finished runs by phase.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Conditions Accepted, Ready and Stalled. Reconciling is set while the cause of a failure can go away "
        "by itself. Complete or Failed is set when no further run will start. NotificationsReady is set if notify is set, "
        "CalendarsReady if excludeFrom is set.",
        json_schema_extra=map_list("type"),
    )
