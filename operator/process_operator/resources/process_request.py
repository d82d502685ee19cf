"""ProcessRequest: a request to run a process, with parameters and a timing.

`schedule.py` has the timing, `process_request_status.py` the status, `process.py` the work, `process_run.py` each run.
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
from process_operator.resources.parameters import MAX_PARAMETERS, ParameterValue
from process_operator.resources.process import ConcurrencyPolicy, ProcessReference
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.schedule import Timing

_LONGEST_DEADLINE: Final = 2**31 - 1


class OnSuspend(StrEnum):
    """The effect of a suspension on open runs."""

    KEEP_RUNNING = "KeepRunning"
    SUSPEND_RUNNING = "SuspendRunning"
    CANCEL_RUNNING = "CancelRunning"


class CatchUp(StrEnum):
    """The runs that start if several became due during an outage."""

    LATEST = "Latest"
    ALL = "All"


class LogCapture(StrEnum):
    """The runs whose log is kept."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


class History(Model):
    """The number of finished runs that are kept, each with its Job."""

    successful: Int32 = Field(3, ge=0, description="Number of succeeded runs to keep. Unset means 3.")
    failed: Int32 = Field(3, ge=0, description="Number of failed runs to keep. Unset means 3.")
    other: Int32 = Field(
        3, ge=0, description="Number of missed, skipped, canceled and unknown runs to keep. Unset means 3."
    )
    max_age: Duration | None = Field(
        None, description="Age after which finished runs are deleted, such as 720h. Unset means no limit."
    )


class LogSettings(Model):
    """The part of the log of each run that is kept in its status."""

    capture: LogCapture = Field(
        LogCapture.ALWAYS,
        description="Runs whose log is kept: Always, OnFailure (runs that did not succeed) or Never. Unset means Always.",
    )
    tail_bytes: Int32 = Field(
        8192,
        ge=0,
        le=262_144,
        description="Number of bytes to keep of the end of the log, up to 262144. Unset means 8192.",
    )
    container: str | None = Field(
        None,
        max_length=63,
        description="Container whose log is kept. Unset means the container that failed, else the default container or the first "
        "container of the template.",
    )


class ProcessRequestSpec(Model):
    """The work, its parameters, its timing and its rules."""

    rules = (
        CelRule("has(self.process) != has(self.jobTemplate)", "exactly one of process and jobTemplate must be set"),
        CelRule(
            "!has(self.ttlSecondsAfterFinished) || !has(self.timing.schedule)",
            "ttlSecondsAfterFinished may only be set with runImmediately or runLater; for a schedule set history",
            ".ttlSecondsAfterFinished",
        ),
    )

    description: str | None = Field(
        None, max_length=1024, description="Purpose of the request, for people. It changes nothing."
    )
    process: ProcessReference | None = Field(
        None, description="Process to run, in the same namespace. Exactly one of process and jobTemplate must be set."
    )
    job_template: JobTemplate | None = Field(
        None,
        description="Template of the Job to run, as in a CronJob. Exactly one of process and jobTemplate must be set.",
    )
    parameters: tuple[ParameterValue, ...] = Field(
        (),
        max_length=MAX_PARAMETERS,
        description="Values of the parameters of the Process. With jobTemplate each is an environment variable of all "
        "containers.",
        json_schema_extra=map_list("name"),
    )
    timing: Timing = Field(description="Time of the runs: exactly one of runImmediately: {}, runLater and schedule.")
    suspend: Bool = Field(
        default=False,
        description="Whether the request is suspended, so that no further run starts. A change back to false starts the timing "
        "again from that moment. Unset means false.",
    )
    on_suspend: OnSuspend = Field(
        OnSuspend.KEEP_RUNNING,
        description="Effect of suspend on open runs. KeepRunning lets them continue. SuspendRunning deletes their pods and "
        "starts the work again after the resume. CancelRunning ends them as Canceled. Unset means KeepRunning.",
    )
    concurrency_policy: ConcurrencyPolicy = Field(
        ConcurrencyPolicy.ALLOW,
        description="Rule for a run that is due while another run of this request is open. Allow starts it, Forbid "
        "skips it, Replace cancels the other run, Queue makes it wait. Unset means Allow.",
    )
    starting_deadline_seconds: Int64 | None = Field(
        None,
        ge=0,
        description="Seconds after the scheduled time within which a run must start; after them it is Missed. Unset means no "
        "limit.",
    )
    start_timeout_seconds: Int32 | None = Field(
        None,
        ge=1,
        description="Seconds within which the Job of a run must start a container; after them the run ends as Failed. "
        "Common causes are an image that cannot be pulled and the lack of a suitable node. Unset means the value of the "
        "Process, else no limit.",
    )
    catch_up: CatchUp = Field(
        CatchUp.LATEST,
        description="Runs that start if several became due during an outage: only the Latest, or All in order. Unset means "
        "Latest.",
    )
    engine: Engine | None = Field(
        None,
        description="Controller that creates the Jobs of a schedule. CronJob means a CronJob of Kubernetes, Operator means "
        "the operator itself. Auto chooses CronJob if it gives exactly the same times and rules. Unset means the default "
        "of the installation, which is Auto unless the administrator changed it.",
    )
    history: History = Field(History(), description="Number of finished runs that are kept, each with its Job.")
    ttl_seconds_after_finished: Int32 | None = Field(
        None,
        ge=0,
        description="Seconds after the end of the run after which the request and its run are deleted. Not allowed for a "
        "schedule. Unset means never.",
    )
    log: LogSettings = Field(LogSettings(), description="Part of the log of each run that is kept in its status.")
    notify: tuple[Notification, ...] = Field(
        (),
        max_length=MAX_RECEIVERS,
        description="Receivers of a CloudEvent over HTTP at the end of runs. The administrator configures the receivers.",
        json_schema_extra=map_list("receiver"),
    )

    @field_validator("starting_deadline_seconds")
    @classmethod
    def _fit_for_dates(cls, seconds: int | None) -> int | None:
        # 68 years have the effect of any longer time, and prevent overflows here and in the CronJob controller.
        return None if seconds is None else min(seconds, _LONGEST_DEADLINE)


class ProcessRequest(Resource):
    """A request to run a process in the background: immediately, later or on a schedule."""

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
            Column("Description", "string", ".spec.description", wide=True),
        ),
        selectable=(".spec.process.name", ".status.phase"),
    )

    kind: Literal["ProcessRequest"] = "ProcessRequest"
    spec: ProcessRequestSpec = Field(description="The work, its parameters, its timing and its rules.")
    status: ProcessRequestStatus = Field(
        ProcessRequestStatus(), description="The state of the request as the operator observed it."
    )
