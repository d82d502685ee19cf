"""Writes how far backfills are: at once where one begins or ends, else not more often than the pace allows.

Neighbours: `decisions/backfill/plan.py` decides the status, `request_reconciler.py` calls this when nothing is left to
do about a request, as it writes the request's own status.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from process_operator.actions.executor import ActionExecutor
from process_operator.resources.conditions import BackfillReason
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store


class BackfillWriter:
    """Writes the statuses of backfills that decisions left in the notes of their requests."""

    def __init__(self, store: Store, executor: ActionExecutor, clock: Callable[[], datetime], pace: timedelta) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._pacing = pace

    async def write(self, key: NamespacedName) -> datetime | None:
        """Write those of one request that differ; when to come back for others (UTC). Raises ApiError."""
        wanted = self._store.observations(key).backfills
        later = [await self._write(key, name, status) for name, status in list(wanted.items())]
        return min(filter(None, later), default=None)

    async def _write(self, key: NamespacedName, name: str, wanted: ProcessBackfillStatus) -> datetime | None:
        observations, held = self._store.observations(key), self._store.backfills.get(key[0], name)
        if held is None or held.value.status == wanted:
            observations.backfills.pop(name, None)
            return None
        written, now = held.value.status, self._clock()
        last = observations.backfills_written_at.get(name)
        if last is not None and not _is_awaited(written, wanted) and now < last + self._pacing <= now + self._pacing:
            return last + self._pacing
        await self._executor.write_backfill_status(key, held.value, wanted)
        observations.backfills.pop(name, None)
        observations.backfills_written_at[name] = now
        if wanted.phase.is_finished:
            observations.backfills_written_at.pop(name, None)
        return None


def _is_awaited(written: ProcessBackfillStatus, wanted: ProcessBackfillStatus) -> bool:
    """Whether a person waits for it: it begins or ends, was changed, or has no request."""

    def seen(status: ProcessBackfillStatus) -> tuple[object, ...]:
        return status.phase, status.observed_generation, status.reason == BackfillReason.REQUEST_NOT_FOUND

    return seen(written) != seen(wanted)
