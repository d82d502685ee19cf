"""Writes how far backfills are: at once where one begins or ends, else not more often than the pace allows.

Neighbours: `decisions/backfill/plan.py` decides the status, `request_reconciler.py` calls this when nothing is left to
do about a request, as it writes the request's own status.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from process_operator.actions.executor import Performer
from process_operator.resources.conditions import BackfillReason
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.state.object_cache import Key
from process_operator.state.store import Store


class BackfillWriter:
    """Writes the statuses of backfills that decisions left in the notes of their requests."""

    def __init__(self, store: Store, performer: Performer, clock: Callable[[], datetime], pace: timedelta) -> None:
        self._store = store
        self._performer = performer
        self._clock = clock
        self._pace = pace

    async def write(self, key: Key) -> datetime | None:
        """Write those of one request that differ; when to come back for others (UTC). Raises ApiError."""
        wanted = self._store.notes(key).backfills
        later = [await self._write(key, name, status) for name, status in list(wanted.items())]
        return min(filter(None, later), default=None)

    async def _write(self, key: Key, name: str, wanted: ProcessBackfillStatus) -> datetime | None:
        notes, held = self._store.notes(key), self._store.backfills.get(key[0], name)
        if held is None or held.value.status == wanted:
            notes.backfills.pop(name, None)
            return None
        written, now = held.value.status, self._clock()
        last = notes.backfills_written_at.get(name)
        if last is not None and not _is_awaited(written, wanted) and now < last + self._pace <= now + self._pace:
            return last + self._pace
        await self._performer.write_backfill_status(key, held.value, wanted)
        notes.backfills.pop(name, None)
        notes.backfills_written_at[name] = now
        if wanted.phase.is_finished:
            notes.backfills_written_at.pop(name, None)
        return None


def _is_awaited(written: ProcessBackfillStatus, wanted: ProcessBackfillStatus) -> bool:
    """Whether a person waits for it: it begins or ends, was changed, or has no request."""

    def seen(status: ProcessBackfillStatus) -> tuple[object, ...]:
        return status.phase, status.observed_generation, status.reason == BackfillReason.REQUEST_NOT_FOUND

    return seen(written) != seen(wanted)
