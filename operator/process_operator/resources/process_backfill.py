"""ProcessBackfill: run a schedule for a time that has passed, one run for each of its scheduled times.

A kind of its own, because it is a piece of work with a beginning, a progress and an end, and there may be several of
one request (docs/decisions has the comparison). Neighbours: `process_request.py` is whose schedule it follows,
`process_run.py` each execution, `decisions/backfill/plan.py` what follows from it.
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


class BackfillPhase(StrEnum):
    """The state of a backfill in one word."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_finished(self) -> bool:
        """Whether the backfill is over; such a phase never changes again."""
        return self not in (BackfillPhase.PENDING, BackfillPhase.RUNNING)


class Rerun(StrEnum):
    """Which scheduled times that ran before are run again."""

    NEVER = "Never"
    FAILED = "Failed"
    ALWAYS = "Always"


_FINISHED: Final = "[" + ", ".join(f"'{phase}'" for phase in BackfillPhase if phase.is_finished) + "]"


class ProcessBackfillSpec(Model):
    """Which request, and which time."""

    rules = (
        CelRule(compared("self.from", "<=", "self.to"), "to must not be before from", ".to"),
        CelRule(
            f"[self.request == oldSelf.request, self.rerun == oldSelf.rerun, "
            f"{compared('self.from', '==', 'oldSelf.from')}, {compared('self.to', '==', 'oldSelf.to')}].all(x, x)",
            "only maxActiveRuns and cancel can be changed; for another range create another ProcessBackfill",
        ),
        CelRule("!oldSelf.cancel || self.cancel", "cancel cannot be taken back", ".cancel"),
    )

    request: RequestReference = Field(
        description="The request whose schedule is followed. Until it exists the backfill is Pending."
    )
    from_: Instant = Field(
        alias="from", description="The beginning. A time that the schedule has at this very instant is included."
    )
    to: Instant = Field(
        description="The end, included. What comes after the creation of the backfill is left to the schedule."
    )
    max_active_runs: Int32 = Field(
        1,
        ge=1,
        le=100,
        description="How many of its runs may be going on or wait at one time; 1 means one after the other.",
    )
    rerun: Rerun = Field(
        Rerun.NEVER,
        description="Which scheduled times that ran before are run again: Never, Failed (those of which no run "
        "succeeded) or Always. The new run stands beside the old ones. Times that never ran are run in any case.",
    )
    cancel: Bool = Field(
        default=False,
        description="Set to true to start no further runs and cancel its open ones. It cannot be taken back.",
    )


class BackfillCounts(Model):
    """How many scheduled times ended in each way. Exact: written together with how far the backfill is."""

    succeeded: Int64 = Field(0, ge=0, description="Its runs that succeeded.")
    failed: Int64 = Field(0, ge=0, description="Its runs that failed.")
    canceled: Int64 = Field(0, ge=0, description="Its runs that were canceled or replaced.")
    unknown: Int64 = Field(0, ge=0, description="Its runs of which nobody knows how they ended.")
    existing: Int64 = Field(
        0,
        ge=0,
        description="Scheduled times that have a run of the schedule or of another backfill, and that rerun leaves out.",
    )

    @property
    def total(self) -> int:
        """All of them."""
        return self.succeeded + self.failed + self.canceled + self.unknown + self.existing


class ProcessBackfillStatus(Model):
    """How far it is."""

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
        description="Pending or Running; in the end Succeeded, Failed (a run did not succeed, or the range cannot be "
        "run) or Canceled.",
    )
    request_uid: str | None = Field(
        None,
        alias="requestUID",
        max_length=64,
        description="UID of the request whose schedule was last followed: one of the same name may take its place.",
    )
    progress: str | None = Field(
        None, max_length=32, description="How many scheduled times are done, of how many in the range, such as 12/31."
    )
    total: Int64 | None = Field(None, ge=0, description="How many scheduled times the range has.")
    active: Int32 = Field(0, ge=0, description="How many of its runs are going on or wait.")
    counts: BackfillCounts = Field(BackfillCounts(), description="How the scheduled times ended that are done.")
    last_scheduled_time: Instant | None = Field(
        None, description="Scheduled time through which all is done: it and those before it are never looked at again."
    )
    start_time: Instant | None = Field(None, description="When it was taken up.")
    end_time: Instant | None = Field(None, description="When it was over.")
    reason: str | None = Field(None, max_length=128, description="Why, as one word in CamelCase, for programs.")
    message: str | None = Field(None, max_length=4096, description="Why, as a sentence, for people.")
    conditions: tuple[Condition, ...] = Field(
        (),
        max_length=MAX_CONDITIONS,
        description="Reconciling until it is over. Finished at any end; Complete after success, Failed and Stalled after "
        "any other end.",
        json_schema_extra=map_list("type"),
    )


class ProcessBackfill(Resource):
    """Runs of a schedule for a time that has passed."""

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
        # Shown from the first moment, also in field selectors, without a write.
        status_default={"phase": BackfillPhase.PENDING.value},
    )

    kind: Literal["ProcessBackfill"] = "ProcessBackfill"
    spec: ProcessBackfillSpec = Field(description="Which request, and which time.")
    status: ProcessBackfillStatus = Field(ProcessBackfillStatus(), description="How far it is.")
