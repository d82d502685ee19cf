"""ProcessRequest: which process to run, with which parameters, and when.

Neighbours: `schedule.py` holds its timing, `process.py` what is run, `process_run.py` each execution.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Literal

from pydantic import Field, field_validator

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.engine import Engine
from process_operator.resources.job_template import JobTemplate
from process_operator.resources.kind import AGE, Column, Definition, Resource
from process_operator.resources.model import (
    Bool,
    Duration,
    Int32,
    Int64,
    Model,
    map_list,
)
from process_operator.resources.notification import MAX_RECEIVERS, Notification
from process_operator.resources.process import ConcurrencyPolicy, ParameterName, ProcessReference
from process_operator.resources.process_request_status import ProcessRequestStatus
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


class LogCapture(StrEnum):
    """Of which runs the log is kept."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


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
