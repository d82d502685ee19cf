"""Memory of the operator about requests: facts from observations, and how far its own writes are.

A restart loses it, and the operator finds it out again. Neighbours: `facts.py` and `reducer.py` have the facts, the
reconciler keeps the progress.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.types import NamespacedName
from process_operator.state.facts import NO_FACTS, RequestFacts
from process_operator.state.reducer import Observation, observe
from process_operator.state.request_observations import Interrupted, RequestDeleted


@dataclass(slots=True)
class RequestProgress:
    """Progress of the reconciler with one request: decided statuses, failures and retries. Times are UTC."""

    status: ProcessRequestStatus | None = None
    """The decided status that is not written yet."""
    status_changes: int = field(default=0, compare=False)
    """Number of times that a status was seen which the operator did not know."""
    status_written_at: datetime | None = None
    backfills: dict[str, ProcessBackfillStatus] = field(default_factory=dict)
    """Decided statuses of backfills that are not written yet, by name."""
    backfills_written_at: dict[str, datetime] = field(default_factory=dict)
    blocked: dict[str, Blocked] = field(default_factory=dict)
    """Actions that the API server keeps rejecting, by their `Need`."""
    failures: int = 0
    retry_at: datetime | None = None
    """Time of the next try after a failure."""
    held_until: datetime | None = None
    """Time until which the API server wants no call about this request (Retry-After)."""


class Memory:
    """Facts and progress of all requests."""

    def __init__(self) -> None:
        self._facts: dict[NamespacedName, RequestFacts] = {}
        self._progress: dict[NamespacedName, RequestProgress] = {}

    def observe(self, key: NamespacedName, observation: Observation) -> None:
        """Apply an observation about a request to its facts."""
        before = self.facts(key)
        after = observe(before, observation)
        if after is not before:
            self._facts[key] = after

    def observe_all(self, observation: Observation) -> None:
        """Apply an observation to the facts about every request."""
        for key in list(self._facts):
            self.observe(key, observation)

    def facts(self, key: NamespacedName) -> RequestFacts:
        """The facts about a request."""
        return self._facts.get(key, NO_FACTS)

    def progress(self, key: NamespacedName) -> RequestProgress:
        """The progress with a request. The reconciler changes it in place."""
        return self._progress.setdefault(key, RequestProgress())

    def find_progress(self, key: NamespacedName) -> RequestProgress | None:
        """The progress with a request, if there is any."""
        return self._progress.get(key)

    def keys(self) -> set[NamespacedName]:
        """The requests about which the operator remembers anything."""
        return {*self._facts, *self._progress}

    def mark_status_changed(self, key: NamespacedName) -> None:
        """Drop the decided status, because it was decided on top of a status that holds no more."""
        progress = self.progress(key)
        progress.status = None
        progress.status_changes += 1

    def mark_request_deleted(self, key: NamespacedName) -> None:
        """Evict what holds for a deleted request only."""
        self.observe(key, RequestDeleted())
        if key in self._progress:
            self._progress[key] = RequestProgress()

    def mark_backfill_deleted(self, key: NamespacedName, name: str) -> None:
        """Evict the decided status of a deleted backfill."""
        progress = self._progress.get(key)
        if progress is not None:
            progress.backfills.pop(name, None)
            progress.backfills_written_at.pop(name, None)

    def reset(self) -> None:
        """Evict all that another operator may have changed in the meantime."""
        self.observe_all(Interrupted())
        self._facts = {key: facts for key, facts in self._facts.items() if facts.runs}
        self._progress = {}

    def prune(self, key: NamespacedName, *, is_gone: bool) -> None:
        """Evict an entry that says nothing, so that an idle request costs only its object."""
        progress = self._progress.get(key)
        written_at = progress.status_written_at if progress is not None else None
        is_idle = progress is None or progress == RequestProgress(status_written_at=written_at)
        if is_gone or (is_idle and self.facts(key) == NO_FACTS):
            self._progress.pop(key, None)
            self._facts.pop(key, None)
