"""ProcessBackfill: runs of a schedule for a range of time in the past, one for each scheduled time.

It is a kind of its own, because it has a start, a progress and an end, and one request can have several backfills.
docs/decisions compares the alternatives. `decisions/backfill/plan.py` creates its runs.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Literal

from pydantic import Field

from process_operator.resources import kinds
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.conditions import MAX_CONDITIONS, Condition
from process_operator.resources.kind import AGE, NOT_OBSERVED, Column, Definition, ObservedGeneration, Resource
from process_operator.resources.model import Bool, Instant, Int32, Int64, Model, compared, map_list
from process_operator.resources.process_run import RequestReference
from process_operator.resources.status_text import MAX_MESSAGE, MAX_REASON


class BackfillPhase(StrEnum):
    """The state of a backfill in one word."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_finished(self) -> bool:
        """Whether the backfill is over. A finished phase never changes again."""
        return self not in (BackfillPhase.PENDING, BackfillPhase.RUNNING)


class Rerun(StrEnum):
    """The scheduled times with earlier runs that run again."""

    NEVER = "Never"
    FAILED = "Failed"
    ALWAYS = "Always"


_FINISHED: Final = "[" + ", ".join(f"'{phase}'" for phase in BackfillPhase if phase.is_finished) + "]"


class ProcessBackfillSpec(Model):
    """The request, the range of time and the rules of the backfill."""

    rules = (
        CelRule(compared("self.from", "<=", "self.to"), "to must not be before from", ".to"),
        CelRule(
            f"[self.request == oldSelf.request, self.rerun == oldSelf.rerun, "
            f"{compared('self.from', '==', 'oldSelf.from')}, {compared('self.to', '==', 'oldSelf.to')}].all(x, x)",
            "only maxActiveRuns and cancel can be changed; for another range create another ProcessBackfill",
        ),
        CelRule("!oldSelf.cancel || self.cancel", "cancel cannot be changed back to false", ".cancel"),
    )

    request: RequestReference = Field(
        description="Request whose schedule is used. The backfill is Pending until the request exists."
    )
    from_: Instant = Field(
        alias="from",
        description="Start of the range, as RFC 3339 with a zone. A scheduled time at this instant is included.",
    )
    to: Instant = Field(
        description="End of the range, as RFC 3339 with a zone. A scheduled time at this instant is included. Times after the "
        "creation of the backfill belong to the schedule."
    )
    max_active_runs: Int32 = Field(
        1,
        ge=1,
        le=100,
        description="Highest number of open runs of the backfill, 1 to 100. Unset means 1, which is one after the other.",
    )
    rerun: Rerun = Field(
        Rerun.NEVER,
        description="Scheduled times with earlier runs that run again: Never, Failed (times without a run that succeeded) "
        "or Always. The earlier runs stay. Times without a run always run. Unset means Never.",
    )
    cancel: Bool = Field(
        default=False,
        description="Set to true to start no further runs and to cancel open runs. It cannot be changed back to false.",
    )


class BackfillCounts(Model):
    """The number of scheduled times by result. It is exact, because it is written together with the progress."""

    succeeded: Int64 = Field(0, ge=0, description="Number of runs that succeeded.")
    failed: Int64 = Field(0, ge=0, description="Number of runs that failed.")
    canceled: Int64 = Field(0, ge=0, description="Number of runs that were canceled or replaced.")
    unknown: Int64 = Field(0, ge=0, description="Number of runs whose end is unknown.")
    existing: Int64 = Field(
        0,
        ge=0,
        description="Number of scheduled times that did not run again, because the schedule or another backfill ran them.",
    )

    @property
    def total(self) -> int:
        """The number of all scheduled times that are done."""
        return self.succeeded + self.failed + self.canceled + self.unknown + self.existing


class ProcessBackfillStatus(Model):
    """The progress and the result of the backfill."""

    rules = (
        CelRule(
            f"!(oldSelf.phase in {_FINISHED}) || self.phase == oldSelf.phase",
            "the phase of a finished backfill cannot be changed",
            ".phase",
        ),
    )

    observed_generation: ObservedGeneration = NOT_OBSERVED
    phase: BackfillPhase = Field(
        BackfillPhase.PENDING,
        description="Pending or Running, and at the end Succeeded, Failed (a run did not succeed, or the range cannot be "
        "run) or Canceled.",
    )
    request_uid: str | None = Field(
        None,
        alias="requestUID",
        max_length=64,
        description="UID of the request whose schedule was used last. It distinguishes a later request of the same name.",
    )
    progress: str | None = Field(
        None,
        max_length=32,
        description="Number of scheduled times that are done, and of all in the range, such as 12/31.",
    )
    total: Int64 | None = Field(None, ge=0, description="Number of scheduled times in the range.")
    active: Int32 = Field(0, ge=0, description="Number of open runs of the backfill.")
    counts: BackfillCounts = Field(BackfillCounts(), description="Number of scheduled times that are done, by result.")
    last_scheduled_time: Instant | None = Field(
        None,
        description="Newest scheduled time that is done. It and all earlier times are not considered again.",
    )
    start_time: Instant | None = Field(None, description="Start of the backfill.")
    end_time: Instant | None = Field(None, description="End of the backfill.")
    reason: str | None = Field(
        None, max_length=MAX_REASON, description="Reason of the phase, as one word in CamelCase, for programs."
    )
    message: str | None = Field(
        None, max_length=MAX_MESSAGE, description="Reason of the phase, as a sentence, for people."
    )
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Reconciling is set until the end, Finished at any end. Complete is set after success, Failed and "
        "Stalled after any other end.",
        json_schema_extra=map_list("type"),
    )


class ProcessBackfill(Resource):
    """Runs of a schedule for a range of time in the past."""

    definition: ClassVar = Definition(
        kind=kinds.PROCESS_BACKFILL,
        short_name="pbf",
        columns=(
            Column("Request", "string", ".spec.request.name"),
            Column("Status", "string", ".status.phase"),
            Column("Done", "string", ".status.progress"),
            Column("Failed", "integer", ".status.counts.failed"),
            AGE,
            Column("From", "string", ".spec.from", wide=True),
            Column("To", "string", ".spec.to", wide=True),
            Column("Active", "integer", ".status.active", wide=True),
            Column("Reason", "string", ".status.reason", wide=True),
        ),
        selectable=(".status.phase", ".spec.request.name"),
        # A default makes the phase visible at once, also in field selectors, without a write.
        status_default={"phase": BackfillPhase.PENDING.value},
    )

    kind: Literal["ProcessBackfill"] = "ProcessBackfill"
    spec: ProcessBackfillSpec = Field(description="The request, the range of time and the rules of the backfill.")
    status: ProcessBackfillStatus = Field(
        ProcessBackfillStatus(), description="The progress and the result of the backfill."
    )
