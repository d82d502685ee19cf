"""ProcessRequest: which process to run, with which parameters, and when.

Neighbours: `schedule.py` holds its timing, `process.py` what is run, `process_run.py` each execution.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, WithJsonSchema, field_validator

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.job_template import JobTemplate
from process_operator.resources.kind import AGE, NOT_OBSERVED, Column, Definition, ObservedGeneration, Resource
from process_operator.resources.model import (
    ATOMIC_LIST,
    Bool,
    Duration,
    Instant,
    Int32,
    Int64,
    Model,
    map_list,
)
from process_operator.resources.notification import MAX_RECEIVERS, Notification
from process_operator.resources.process import ConcurrencyPolicy, ParameterName, ProcessReference
from process_operator.resources.process_run import RunPhase
from process_operator.resources.schedule import Timing

_LONGEST_DEADLINE: Final = 2**31 - 1


class OnSuspend(StrEnum):
    """What a suspension does to the run that is going on."""

    KEEP_RUNNING = "KeepRunning"
    SUSPEND_RUNNING = "SuspendRunning"
    CANCEL_RUNNING = "CancelRunning"


class CatchUp(StrEnum):
    """Which of several runs that came due together are started."""

    LATEST = "Latest"
    ALL = "All"


class Engine(StrEnum):
    """Who makes the Jobs of a schedule."""

    AUTO = "Auto"
    CRON_JOB = "CronJob"
    OPERATOR = "Operator"


class LogCapture(StrEnum):
    """Of which runs the log is kept."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


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


class ParameterValue(Model):
    """The value of one parameter."""

    name: ParameterName = Field(description="Name of the parameter.")
    value: str = Field(
        max_length=4096,
        description="Its value, which the program gets as it is written. Numbers and booleans need quotes.",
    )


class History(Model):
    """How many finished runs are kept, each with its Job."""

    successful: Int32 = Field(3, ge=0, description="How many runs that succeeded.")
    failed: Int32 = Field(3, ge=0, description="How many runs that failed.")
    other: Int32 = Field(3, ge=0, description="How many runs that were missed, skipped or canceled, or are unknown.")
    max_age: Duration | None = Field(None, description="Remove finished runs that are older than this, such as 720h.")


class LogSettings(Model):
    """What is kept of the log of each run."""

    capture: LogCapture = Field(
        LogCapture.ALWAYS, description="Always, OnFailure (of runs that did not succeed) or Never."
    )
    tail_bytes: Int32 = Field(8192, ge=0, le=262_144, description="How many bytes of the end of the log are kept.")
    container: str | None = Field(
        None,
        max_length=63,
        description="Whose log. Unset: the container that failed, else the default or first container of the template.",
    )


class ProcessRequestSpec(Model):
    """What to run, with which parameters, and when."""

    rules = (
        CelRule("has(self.process) != has(self.jobTemplate)", "exactly one of process and jobTemplate must be set"),
        CelRule(
            "!has(self.ttlSecondsAfterFinished) || !has(self.timing.schedule)",
            "ttlSecondsAfterFinished may only be set with runImmediately or runLater; for a schedule use history",
            ".ttlSecondsAfterFinished",
        ),
    )

    process: ProcessReference | None = Field(None, description="The Process to run, in the same namespace.")
    job_template: JobTemplate | None = Field(None, description="The Job to run, in place of a Process.")
    parameters: tuple[ParameterValue, ...] = Field(
        (),
        max_length=64,
        description="Values for the parameters of the Process, or environment variables for the Job template.",
        json_schema_extra=map_list("name"),
    )
    timing: Timing = Field(description="When to run: exactly one of runImmediately: {}, runLater and schedule.")
    suspend: Bool = Field(default=False, description="Unschedule: start no further runs. Back to false begins afresh.")
    on_suspend: OnSuspend = Field(
        OnSuspend.KEEP_RUNNING,
        description="What suspend does to the run that is going on: KeepRunning; SuspendRunning, which kills its pods "
        "and starts the work over at the resume; CancelRunning, which ends it as Canceled.",
    )
    concurrency_policy: ConcurrencyPolicy = Field(
        ConcurrencyPolicy.ALLOW,
        description="What happens when a run is due while another run of this request is going on: Allow starts it, "
        "Forbid leaves it out, Replace cancels the other, Queue waits.",
    )
    starting_deadline_seconds: Int64 | None = Field(
        None, ge=0, description="Do not start a run that is more than this late. Unset: it is never too late."
    )
    start_timeout_seconds: Int32 | None = Field(
        None,
        ge=1,
        description="End a run as Failed whose Job has started no container this many seconds after it was let start: "
        "an image that cannot be pulled, no node that fits. Unset: what the Process says, else it may wait for ever.",
    )
    catch_up: CatchUp = Field(
        CatchUp.LATEST,
        description="Of runs that came due together, after an outage: start the Latest, or All in order.",
    )
    engine: Engine | None = Field(
        None,
        description="Who makes the Jobs of a schedule: CronJob (a CronJob of Kubernetes), Operator, or Auto, which "
        "takes CronJob where that means the same. Unset: the default of the installation, Auto if not set there.",
    )
    history: History = Field(History(), description="How many finished runs are kept, each with its Job.")
    ttl_seconds_after_finished: Int32 | None = Field(
        None, ge=0, description="Delete the request, with its run, this long after it finished. Not for a schedule."
    )
    log: LogSettings = Field(LogSettings(), description="What is kept of the log of each run.")
    notify: tuple[Notification, ...] = Field(
        (),
        max_length=MAX_RECEIVERS,
        description="Who is told how runs end, by a CloudEvent over HTTP. Receivers are set up by the administrator.",
        json_schema_extra=map_list("receiver"),
    )

    @field_validator("starting_deadline_seconds")
    @classmethod
    def _fit_for_dates(cls, seconds: int | None) -> int | None:
        # 68 years mean the same as any longer time, and neither our dates nor those of the CronJob controller overflow.
        return None if seconds is None else min(seconds, _LONGEST_DEADLINE)


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


class ProcessRequest(Resource):
    """A request to run a process in the background: immediately, later, or on a schedule."""

    definition: ClassVar = Definition(
        kind=kinds.PROCESS_REQUEST,
        short_name="preq",
        columns=(
            Column("Process", "string", ".spec.process.name"),
            Column("Schedule", "string", ".status.schedule"),
            Column("Status", "string", ".status.phase"),
            Column("Last", "date", ".status.lastRunTime"),
            Column("Result", "string", ".status.lastRun.phase"),
            # Not a date: kubectl shows an instant in the future as <invalid>.
            Column("Next", "string", ".status.nextRunTime"),
            AGE,
            Column("Engine", "string", ".status.engine", wide=True),
            Column("Suspend", "boolean", ".spec.suspend", wide=True),
            Column("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', wide=True),
        ),
        selectable=(".spec.process.name", ".status.phase"),
    )

    kind: Literal["ProcessRequest"] = "ProcessRequest"
    spec: ProcessRequestSpec = Field(description="What to run, with which parameters, and when.")
    status: ProcessRequestStatus = Field(ProcessRequestStatus(), description="What the operator saw and did.")
