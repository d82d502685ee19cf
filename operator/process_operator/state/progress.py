"""Progress of the reconciler with one request, as a frozen value: decided statuses, failures and retries.

The reconciler replaces the value in the store with each change. A restart loses it, and the operator finds it out again.
Neighbours: `memory.py` keeps it beside the facts, `controller/` changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus


@dataclass(frozen=True, slots=True)
class RequestProgress:
    """Progress with one request. Times are UTC."""

    status: ProcessRequestStatus | None = None
    """The decided status that is not written yet."""
    status_version: int = field(default=0, compare=False)
    """Another number each time a status was seen that the operator did not know, and after each reset."""
    status_written_at: datetime | None = None
    backfills: Mapping[str, ProcessBackfillStatus] = field(default_factory=dict)
    """Decided statuses of backfills that are not written yet, by name."""
    backfills_written_at: Mapping[str, datetime] = field(default_factory=dict)
    blocked: Mapping[str, Blocked] = field(default_factory=dict)
    """Actions that the API server keeps rejecting, by their `Need`."""
    failures: int = 0
    retry_at: datetime | None = None
    """Time of the next try after a failure."""
    ends_wait_until: datetime | None = None
    """Time until which the ends of runs are batched (`decisions/plan/follow_up.py`)."""
    held_until: datetime | None = None
    """Time until which the API server wants no call about this request (Retry-After)."""

    def with_backfills(self, statuses: Mapping[str, ProcessBackfillStatus]) -> RequestProgress:
        """The progress after statuses of backfills were decided."""
        return replace(self, backfills={**self.backfills, **statuses}) if statuses else self

    def without_backfill(self, name: str, *, written_at: datetime | None = None) -> RequestProgress:
        """The progress after the status of a backfill was written, or is not wanted any more.

        `written_at`: the next status of the backfill waits for its pace from then on (UTC).
        """
        times = {other: at for other, at in self.backfills_written_at.items() if other != name}
        if written_at is not None:
            times[name] = written_at
        kept = {other: status for other, status in self.backfills.items() if other != name}
        return replace(self, backfills=kept, backfills_written_at=times)

    def with_blocked(self, need: str, blocked: Blocked | None) -> RequestProgress:
        """The progress after an action failed, or worked again (None)."""
        others = {other: found for other, found in self.blocked.items() if other != need}
        return replace(self, blocked=others if blocked is None else {**others, need: blocked})
