"""ProcessRun: one execution, an entry of the process monitor.

Made by the operator at each tick, or by a person to run a request now. Neighbours: `process_request.py` is what it
belongs to, `conditions.py` has its reasons.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Literal

from pydantic import Field

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.kind import AGE, NOT_OBSERVED, Column, Definition, ObservedGeneration, Resource
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
        """Whether the run is over; such a phase never changes again."""
        return self not in (RunPhase.PENDING, RunPhase.RUNNING)


class Trigger(StrEnum):
    """Why a run exists."""

    IMMEDIATE = "Immediate"
    LATER = "Later"
    SCHEDULE = "Schedule"
    CATCH_UP = "CatchUp"
    BACKFILL = "Backfill"
    MANUAL = "Manual"
    STEP = "Step"

    @property
    def has_scheduled_time(self) -> bool:
        """Whether a run of this kind must say for which instant it stands."""
        return self in (Trigger.LATER, Trigger.SCHEDULE, Trigger.CATCH_UP, Trigger.BACKFILL)

    @property
    def is_of_schedule(self) -> bool:
        """Whether the run stands for a time of a schedule, as the Job of a CronJob does."""
        return self in (Trigger.SCHEDULE, Trigger.CATCH_UP, Trigger.BACKFILL)

    @property
    def is_of_timing(self) -> bool:
        """Whether the timing of its request made the run, so that it stands for a tick or an activation of it.

        The others neither take a tick's place nor were they due at their scheduledTime: they asked at their creation.
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
    """The run of a process with steps that this run is a step of."""

    name: ObjectName = Field(description="Name of the ProcessRun that has the steps.")
    step: str = Field(min_length=1, max_length=20, description="Name of the step.")


class ProcessRunSpec(Model):
    """What was asked for. Nothing in it changes but cancel."""

    rules = (
        CelRule(
            "[has(self.scheduledTime) == has(oldSelf.scheduledTime) && "
            f"(!has(self.scheduledTime) || {compared('self.scheduledTime', '==', 'oldSelf.scheduledTime')}), "
            "has(self.parent) == has(oldSelf.parent) && (!has(self.parent) || self.parent == oldSelf.parent), "
            "self.trigger == oldSelf.trigger, self.request == oldSelf.request].all(x, x)",
            "only cancel can be changed",
        ),
        CelRule("!oldSelf.cancel || self.cancel", "cancel cannot be taken back", ".cancel"),
        CelRule(
            f"!(self.trigger in {_TIMED}) || has(self.scheduledTime)",
            "scheduledTime must be set, because trigger is neither Immediate, Manual nor Step",
            ".scheduledTime",
        ),
        CelRule(
            "(self.trigger == 'Step') == has(self.parent)",
            "parent must be set with the trigger Step, and only then",
            ".parent",
        ),
    )

    request: RequestReference = Field(
        description="The request that this is a run of. Until it exists the run is Pending."
    )
    trigger: Trigger = Field(
        Trigger.MANUAL, description="Why the run exists. People create Manual runs; the others are the operator's."
    )
    scheduled_time: Instant | None = Field(None, description="The instant for which the run was scheduled.")
    parent: ParentReference | None = Field(None, description="Of a step: the run that has the steps.")
    cancel: Bool = Field(default=False, description="Set to true to cancel the run. It cannot be taken back.")


class RunLog(Model):
    """The end of the log of the container that decided the run."""

    text: str | None = Field(None, max_length=262_144, description="The text.")
    truncated: Bool | None = Field(None, description="Whether anything before the text was cut off.")
    container: str | None = Field(None, max_length=63, description="Whose log it is.")
    reason: str | None = Field(
        None,
        max_length=128,
        description="Why it is not the end of the log: NotCaptured, NeverStarted, FromTerminationMessage, PodGone, "
        "NodeGone or KubeletUnreachable.",
    )


class RunSummary(Model):
    """The ticks that one record of many missed or skipped ones stands for."""

    from_: Instant = Field(alias="from", description="The first of them.")
    to: Instant = Field(description="The last of them.")
    count: Int64 = Field(ge=1, description="How many there are.")


class StepStatus(Model):
    """One step of a run whose process has steps: what it runs, and how that ended."""

    name: str = Field(min_length=1, max_length=20, description="Name of the step.")
    process: ObjectName = Field(description="The Process that it runs.")
    run: str | None = Field(None, max_length=63, description="Name of its own run, once that was made.")
    phase: RunPhase | None = Field(None, description="How its run ended. Unset until then.")
    start_time: Instant | None = Field(None, description="When its work began.")
    end_time: Instant | None = Field(None, description="When its work ended.")
    duration: str | None = Field(None, max_length=32, description="How long it took, such as 1m30s.")
    attempts: Int32 | None = Field(None, ge=0, description="How often its work was tried.")
    exit_code: Int32 | None = Field(None, description="Exit code of the container that decided its run.")
    reason: str | None = Field(None, max_length=128, description="Why, as one word in CamelCase.")
    message: str | None = Field(None, max_length=256, description="The beginning of what its run says of its end.")


class ProcessRunStatus(Model):
    """How it went."""

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
        description="Pending or Running; in the end Succeeded, Failed, Missed (too late), Skipped (another run was in "
        "the way), Canceled, or Unknown (its Job was gone before it could be read).",
    )
    process: str | None = Field(
        None,
        max_length=63,
        description="What was run: the Process, or the request where that has its own Job template.",
    )
    start_time: Instant | None = Field(None, description="When the work began: when its first container started.")
    end_time: Instant | None = Field(None, description="When the work ended.")
    duration: str | None = Field(None, max_length=32, description="How long it took, such as 1m30s.")
    job: str | None = Field(None, max_length=63, description="Name of the Job.")
    job_uid: str | None = Field(None, alias="jobUID", max_length=64, description="UID of the Job.")
    pod: str | None = Field(None, max_length=253, description="The pod that decided the run.")
    node: str | None = Field(None, max_length=253, description="The node it ran on.")
    attempts: Int32 | None = Field(None, ge=0, description="How often the work was tried: 1, and 1 for each retry.")
    exit_code: Int32 | None = Field(None, description="Exit code of the container that decided the run.")
    reason: str | None = Field(None, max_length=128, description="Why, as one word in CamelCase, for programs.")
    message: str | None = Field(None, max_length=4096, description="Why, as a sentence, for people.")
    log: RunLog | None = Field(None, description="The end of the log, written once, together with the final phase.")
    summary: RunSummary | None = Field(
        None, description="Set where this Missed or Skipped record stands for many scheduled times."
    )
    steps: tuple[StepStatus, ...] | None = Field(
        None,
        max_length=64,
        description="Of a process with steps: the steps as its list was when the run began, and how each went.",
        json_schema_extra=map_list("name"),
    )
    stop_on_failure: Bool | None = Field(
        None,
        description="Of a process with steps: whether the steps after one that failed are left out, as the process "
        "said when the run began.",
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Reconciling while it is Pending. Finished at any end; Complete after success, Failed and Stalled "
        "after any other end; Notified once those who are to be told have been, or were given up.",
        json_schema_extra=map_list("type"),
    )


class ProcessRun(Resource):
    """One execution of a process: when it ran, how it ended, and the end of its log."""

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
        ),
        selectable=(".status.phase", ".spec.request.name", ".spec.parent.name"),
        # Shown from the first moment, also in field selectors, without a write.
        status_default={"phase": RunPhase.PENDING.value},
    )

    kind: Literal["ProcessRun"] = "ProcessRun"
    spec: ProcessRunSpec = Field(description="What was asked for. Nothing in it changes but cancel.")
    status: ProcessRunStatus = Field(ProcessRunStatus(), description="How it went.")
