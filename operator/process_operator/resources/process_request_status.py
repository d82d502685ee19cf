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
"""`spec.timing.schedule` as it was, unread: what it may say is checked in the spec."""


class ActivationCause(StrEnum):
    """What began an activation."""

    CREATED = "Created"
    RESUMED = "Resumed"
    EDITED = "Edited"
    RESCHEDULED = "Rescheduled"


class Activation(Model):
    """An unbroken validity of one timing: from an edit, a resume or a reschedule to the next."""

    number: Int64 = Field(0, ge=0, description="Counts the activations of the request; 0 means created suspended.")
    since: Instant | None = Field(None, description="When the activation began. What is relative is counted from here.")
    cause: ActivationCause | None = Field(None, description="What began it: a creation, resume, edit or reschedule.")
    runs: Int64 = Field(0, ge=0, description="How many scheduled runs were started in it, for maxRuns.")
    spec_hash: str = Field("", max_length=128, description="Hash of the timing it stands for.")
    schedule: ScheduleInForce | None = Field(
        None, description="The schedule it stands for: once it is edited, what it left due is settled by this."
    )


RememberedDates = Annotated[str, Field(max_length=21)]
RememberedTimes = Annotated[str, Field(max_length=64)]


class RememberedCalendar(Model):
    """What a calendar of excludeFrom excluded when it could last be read, for the time after a restart."""

    config_map: str = Field(max_length=253, description="Name of the ConfigMap.")
    key: str = Field(max_length=253, description="Key that holds the calendar.")
    digest: str = Field(max_length=64, description="Hash of the text.")
    since: Instant = Field(description="From when on this says what is excluded.")
    until: Instant = Field(description="Until when this says what is excluded.")
    dates: tuple[RememberedDates, ...] = Field(
        (), max_length=200, description="Excluded dates, and ranges with both ends.", json_schema_extra=ATOMIC_LIST
    )
    times: tuple[RememberedTimes, ...] = Field(
        (), max_length=200, description="Excluded times, from a start to before an end.", json_schema_extra=ATOMIC_LIST
    )


class LastRun(Model):
    """The newest run."""

    name: str = Field(max_length=63, description="Its name.")
    phase: RunPhase = Field(description="Its phase.")


class ActiveRun(Model):
    """A run that is going on."""

    name: str = Field(max_length=63, description="Name of the ProcessRun.")
    job: str | None = Field(None, max_length=63, description="Name of its Job.")
    job_uid: str | None = Field(None, alias="jobUID", max_length=64, description="UID of its Job, once that may work.")


class RunCounts(Model):
    """How many runs ended in each way."""

    succeeded: Int64 = Field(0, ge=0, description="Runs that succeeded.")
    failed: Int64 = Field(0, ge=0, description="Runs that failed.")
    missed: Int64 = Field(0, ge=0, description="Runs that were too late.")
    skipped: Int64 = Field(0, ge=0, description="Runs that were left out because another was going on.")
    canceled: Int64 = Field(0, ge=0, description="Runs that were canceled or replaced.")
    unknown: Int64 = Field(0, ge=0, description="Runs whose Job was gone before its end could be read.")
    through: Instant | None = Field(None, description="When the newest run that is counted was recorded.")
    at_through: Int64 = Field(0, ge=0, description="How many of the counted runs were recorded in that second.")


class ProcessRequestStatus(Model):
    """What the operator saw and did."""

    observed_generation: ObservedGeneration = NOT_OBSERVED
    phase: RequestPhase | None = Field(None, description="The state in one word, for people. Programs read conditions.")
    engine: Engine | None = Field(None, description="Who makes the Jobs: CronJob or Operator.")
    schedule: str | None = Field(
        None, max_length=1024, description="The timing as a sentence, such as daily at 02:00 Europe/Madrid."
    )
    activation: Activation | None = Field(
        None, description="The validity of the present timing: written before anything is made from it."
    )
    last_handled_reschedule: str | None = Field(
        None,
        max_length=262_144,
        description="Value of the annotation process-operator.io/reschedule that was last acted upon.",
    )
    last_schedule_time: Instant | None = Field(
        None, description="Newest scheduled time that is settled: it and all before it are never looked at again."
    )
    last_wall_time: str | None = Field(
        None, max_length=64, description="Local time of the last run of a fixed time of day, for changes of zone data."
    )
    tzdata: str | None = Field(None, max_length=64, description="Version of the time zone data in use.")
    calendars: tuple[RememberedCalendar, ...] = Field(
        (),
        max_length=8,
        description="What the calendars of excludeFrom exclude in the coming year: it stays in force if one of them "
        "cannot be read any more, also after a restart of the operator.",
        json_schema_extra=ATOMIC_LIST,
    )
    template_hash: str | None = Field(
        None, max_length=128, description="Hash of the Job that the API server accepted in the last dry run."
    )
    waiting_count: Int32 = Field(0, ge=0, description="How many due runs wait for a run in their way.")
    next_run_time: Instant | None = Field(
        None, description="When the next run starts. Not kept up to date for schedules faster than one minute."
    )
    last_run_time: Instant | None = Field(None, description="When the newest run started.")
    last_run: LastRun | None = Field(None, description="The newest run.")
    active: tuple[ActiveRun, ...] = Field(
        (),
        max_length=100,
        description="The runs that are going on; the oldest 100 of them.",
        json_schema_extra=map_list("name"),
    )
    active_count: Int32 = Field(0, ge=0, description="How many runs are going on.")
    counts: RunCounts = Field(RunCounts(), description="How many runs ended in each way.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Accepted, Ready and Stalled; Reconciling while it waits for what may come; Complete or Failed once no "
        "run is left to start; NotificationsReady where notify is set; CalendarsReady where excludeFrom is.",
        json_schema_extra=map_list("type"),
    )
