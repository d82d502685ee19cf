"""ProcessRun: one execution of a request.

The operator creates a run at each tick. A user can create one to run a request now. `conditions.py` has its reasons.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Literal

from pydantic import Field

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.kind import AGE, NOT_OBSERVED, Column, Definition, ObservedGeneration, Resource
from process_operator.resources.log_url import MAX_LOG_URL
from process_operator.resources.model import (
    Bool,
    Instant,
    Int32,
    Int64,
    Model,
    ObjectName,
    compared,
    map_list,
)
from process_operator.resources.parameters import MAX_PARAMETERS, PARAMETER_NAMES, ParameterText, UsedParameter
from process_operator.resources.status_text import MAX_MESSAGE, MAX_REASON, MAX_STEP_MESSAGE
from process_operator.resources.user_names import MAX_USER_NAME


class RunPhase(StrEnum):
    """The state of a run in one word."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    MISSED = "Missed"
    SKIPPED = "Skipped"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"

    @property
    def is_finished(self) -> bool:
        """Whether the run is over. A finished phase never changes again."""
        return self not in OPEN_PHASES


OPEN_PHASES: Final = frozenset({RunPhase.PENDING, RunPhase.RUNNING})
"""Phases of a run that is not over. A phase as text, as the API gives it, can be compared with them too."""


class Trigger(StrEnum):
    """The cause of a run."""

    IMMEDIATE = "Immediate"
    LATER = "Later"
    SCHEDULE = "Schedule"
    CATCH_UP = "CatchUp"
    BACKFILL = "Backfill"
    MANUAL = "Manual"
    STEP = "Step"

    @property
    def has_scheduled_time(self) -> bool:
        """Whether a run with this trigger must have a scheduledTime."""
        return self in (Trigger.LATER, Trigger.SCHEDULE, Trigger.CATCH_UP, Trigger.BACKFILL)

    @property
    def is_of_schedule(self) -> bool:
        """Whether the run stands for a time of a schedule, like the Job of a CronJob."""
        return self in (Trigger.SCHEDULE, Trigger.CATCH_UP, Trigger.BACKFILL)

    @property
    def is_of_timing(self) -> bool:
        """Whether the timing of the request caused the run, so that it stands for a tick or for an activation.

        Runs of other triggers are due at their creation, and leave the tick of their scheduledTime untouched.
        """
        return self in (Trigger.IMMEDIATE, Trigger.LATER, Trigger.SCHEDULE, Trigger.CATCH_UP)


def _cel_list(values: list[str]) -> str:
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


_FINISHED: Final = _cel_list([phase for phase in RunPhase if phase.is_finished])
_TIMED: Final = _cel_list([trigger for trigger in Trigger if trigger.has_scheduled_time])


class RequestReference(Model):
    """A ProcessRequest in the same namespace."""

    name: ObjectName = Field(description="Name of the ProcessRequest.")


class ParentReference(Model):
    """The run of a process with steps to which the run of a step belongs."""

    name: ObjectName = Field(description="Name of the ProcessRun that has the steps.")
    step: str = Field(min_length=1, max_length=20, description="Name of the step.")


class ProcessRunSpec(Model):
    """The requested run. Only cancel can be changed."""

    rules = (
        CelRule(
            "[has(self.scheduledTime) == has(oldSelf.scheduledTime) && "
            f"(!has(self.scheduledTime) || {compared('self.scheduledTime', '==', 'oldSelf.scheduledTime')}), "
            "has(self.parent) == has(oldSelf.parent) && (!has(self.parent) || self.parent == oldSelf.parent), "
            "has(self.parameters) == has(oldSelf.parameters) && "
            "(!has(self.parameters) || self.parameters == oldSelf.parameters), "
            "self.trigger == oldSelf.trigger, self.request == oldSelf.request].all(x, x)",
            "only cancel can be changed",
        ),
        CelRule("!oldSelf.cancel || self.cancel", "cancel cannot be changed back to false", ".cancel"),
        CelRule(
            f"!(self.trigger in {_TIMED}) || has(self.scheduledTime)",
            "scheduledTime must be set if trigger is Later, Schedule, CatchUp or Backfill",
            ".scheduledTime",
        ),
        CelRule(
            "(self.trigger == 'Step') == has(self.parent)",
            "parent must be set if trigger is Step, and only then",
            ".parent",
        ),
        CelRule(
            "!has(self.parameters) || self.trigger == 'Manual'",
            "parameters may only be set if trigger is Manual",
            ".parameters",
        ),
    )

    request: RequestReference = Field(description="Request that is run. The run is Pending until the request exists.")
    trigger: Trigger = Field(
        Trigger.MANUAL,
        description="Cause of the run: Immediate, Later, Schedule, CatchUp, Backfill, Manual or Step. Users create Manual "
        "runs; the operator creates all others. Unset means Manual.",
    )
    scheduled_time: Instant | None = Field(
        None,
        description="Instant for which the run is scheduled. It must be set if trigger is Later, Schedule, CatchUp or Backfill.",
    )
    parent: ParentReference | None = Field(
        None, description="Run that has the steps. It must be set if trigger is Step, and only then."
    )
    parameters: dict[str, ParameterText] | None = Field(
        None,
        max_length=MAX_PARAMETERS,
        description="Values of parameters for this run alone, by name; only with trigger Manual. They replace the values of "
        "the request, whose other values stay. Allowed are the parameters that the Process or its steps declare, or those "
        "of the request if it has its own jobTemplate. Unset means the values of the request.",
        json_schema_extra=PARAMETER_NAMES,
    )
    cancel: Bool = Field(
        default=False, description="Set to true to cancel the run. It cannot be changed back to false."
    )


class RunLog(Model):
    """The end of the log of the container that determined the result."""

    text: str | None = Field(None, max_length=262_144, description="Text of the log.")
    truncated: Bool | None = Field(None, description="Whether the log has more text before this part.")
    container: str | None = Field(None, max_length=63, description="Name of the container.")
    reason: str | None = Field(
        None,
        max_length=128,
        description="Why the text is not the end of the log: NotCaptured, NeverStarted, FromTerminationMessage, PodGone, "
        "NodeGone or KubeletUnreachable.",
    )
    url: str | None = Field(
        None,
        max_length=MAX_LOG_URL,
        description="URL of the whole log in the cluster's log store, if the administrator has set a template for it.",
    )


class RunSummary(Model):
    """The scheduled times that one record of many missed or skipped runs covers."""

    from_: Instant = Field(alias="from", description="First scheduled time.")
    to: Instant = Field(description="Last scheduled time.")
    count: Int64 = Field(ge=1, description="Number of scheduled times.")


class StepStatus(Model):
    """One step of a run whose process has steps, and its result."""

    name: str = Field(min_length=1, max_length=20, description="Name of the step.")
    process: ObjectName = Field(description="Process that the step runs.")
    run: str | None = Field(
        None, max_length=63, description="Name of the run of the step, set when the run is created."
    )
    phase: RunPhase | None = Field(None, description="Phase in which the run of the step ended. Unset until then.")
    start_time: Instant | None = Field(None, description="Start of the work.")
    end_time: Instant | None = Field(None, description="End of the work.")
    duration: str | None = Field(None, max_length=32, description="Duration of the work, such as 1m30s.")
    attempts: Int32 | None = Field(None, ge=0, description="Number of attempts: 1, and 1 for each retry.")
    exit_code: Int32 | None = Field(None, description="Exit code of the container that determined the result.")
    reason: str | None = Field(
        None, max_length=MAX_REASON, description="Reason of the phase, as one word in CamelCase."
    )
    message: str | None = Field(
        None, max_length=MAX_STEP_MESSAGE, description="Beginning of the message of the run of the step."
    )


class ProcessRunStatus(Model):
    """The progress and the result of the run."""

    rules = (
        CelRule(
            f"!(oldSelf.phase in {_FINISHED}) || self.phase == oldSelf.phase",
            "the phase of a finished run cannot be changed",
            ".phase",
        ),
        CelRule(
            f"!has(self.endTime) || !has(self.startTime) || {compared('self.startTime', '<=', 'self.endTime')}",
            "endTime must not be before startTime",
            ".endTime",
        ),
    )

    observed_generation: ObservedGeneration = NOT_OBSERVED
    phase: RunPhase = Field(
        RunPhase.PENDING,
        description="Pending or Running, and at the end Succeeded, Failed, Missed, Skipped, Canceled or Unknown. Missed "
        "means that the run did not start in time, Skipped that another run was open. Unknown means that the Job was "
        "deleted before the operator could read its end.",
    )
    process: str | None = Field(
        None,
        max_length=63,
        description="Name of the Process, or of the request if it has its own jobTemplate.",
    )
    parameters: tuple[UsedParameter, ...] | None = Field(
        None,
        max_length=MAX_PARAMETERS,
        description="Parameters with the values that the run got, at most 4096 bytes of values. Of a run with steps these are "
        "the values at its start. Variables that the template takes from elsewhere, such as a Secret, are left out.",
        json_schema_extra=map_list("name"),
    )
    requested_by: str | None = Field(
        None,
        max_length=MAX_USER_NAME,
        description="Name of the user who created the run, if the client wrote it and the API server verified it.",
    )
    start_time: Instant | None = Field(
        None, description="Start of the work, which is the start of the first container."
    )
    end_time: Instant | None = Field(None, description="End of the work.")
    duration: str | None = Field(None, max_length=32, description="Duration of the work, such as 1m30s.")
    job: str | None = Field(None, max_length=63, description="Name of the Job.")
    job_uid: str | None = Field(None, alias="jobUID", max_length=64, description="UID of the Job.")
    pod: str | None = Field(None, max_length=253, description="Name of the pod that determined the result.")
    node: str | None = Field(None, max_length=253, description="Name of the node of that pod.")
    attempts: Int32 | None = Field(None, ge=0, description="Number of attempts: 1, and 1 for each retry.")
    exit_code: Int32 | None = Field(None, description="Exit code of the container that determined the result.")
    reason: str | None = Field(
        None, max_length=MAX_REASON, description="Reason of the phase, as one word in CamelCase, for programs."
    )
    message: str | None = Field(
        None, max_length=MAX_MESSAGE, description="Reason of the phase, as a sentence, for people."
    )
    log: RunLog | None = Field(None, description="End of the log. It is written once, together with the final phase.")
    summary: RunSummary | None = Field(
        None, description="Scheduled times of this record. Set if one Missed or Skipped run covers many of them."
    )
    steps: tuple[StepStatus, ...] | None = Field(
        None,
        max_length=64,
        description="Steps of the process at the start of the run, and the result of each. Unset for a process without steps.",
        json_schema_extra=map_list("name"),
    )
    stop_on_failure: Bool | None = Field(
        None,
        description="Whether the steps after a failed step are skipped, as the process specified at the start of the run. "
        "Unset for a process without steps.",
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Reconciling is set while the run is Pending, Finished at any end. Complete is set after success, "
        "Failed and Stalled after any other end. Notified is set when all receivers got their event or the last retry "
        "failed.",
        json_schema_extra=map_list("type"),
    )


class ProcessRun(Resource):
    """One execution of a process, with its times, its result and the end of its log."""

    definition: ClassVar = Definition(
        kind=kinds.PROCESS_RUN,
        short_name="prun",
        columns=(
            Column("Request", "string", ".spec.request.name"),
            # Not a date: kubectl shows an instant in the future as <invalid>.
            Column("Scheduled", "string", ".spec.scheduledTime"),
            Column("Status", "string", ".status.phase"),
            Column("Start", "date", ".status.startTime"),
            Column("Duration", "string", ".status.duration"),
            AGE,
            Column("Process", "string", ".status.process", wide=True),
            Column("Trigger", "string", ".spec.trigger", wide=True),
            # Absolute times as text: a Table of ten thousand runs can then be sorted and filtered.
            Column("Started", "string", ".status.startTime", wide=True),
            Column("End", "string", ".status.endTime", wide=True),
            Column("Exit", "integer", ".status.exitCode", wide=True),
            Column("Reason", "string", ".status.reason", wide=True),
            Column("Job", "string", ".status.job", wide=True),
            Column("Parent", "string", ".spec.parent.name", wide=True),
            Column("By", "string", ".status.requestedBy", wide=True),
        ),
        selectable=(".status.phase", ".spec.request.name", ".spec.parent.name"),
        # A default makes the phase visible at once, also in field selectors, without a write.
        status_default={"phase": RunPhase.PENDING.value},
    )

    kind: Literal["ProcessRun"] = "ProcessRun"
    spec: ProcessRunSpec = Field(description="The requested run. Only cancel can be changed.")
    status: ProcessRunStatus = Field(ProcessRunStatus(), description="The progress and the result of the run.")
