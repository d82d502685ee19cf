"""Status writer for requests and their backfills. The reconciler keeps the wanted statuses in the progress of a request.

A status that a user waits for is written at once. Any other status is written at most once per pace. Neighbours:
`decisions/status/request.py` and `decisions/backfill/plan.py` decide the statuses, `request_reconciler.py` calls the
writer when nothing else is left to do about a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from process_operator.actions.executor import ActionExecutor
from process_operator.cluster.errors import ApiError, NotFound
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.status.run_counts import with_uncounted
from process_operator.decisions.status.writes import is_awaited, is_backfill_awaited, is_worth_a_write
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

_MAX_CONCURRENT_FLUSHES: Final = 20

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True)
class StatusPacing:
    """Shortest time between two writes of the status of a request or backfill."""

    status: timedelta = timedelta(seconds=10)


class StatusWriter:
    """Writes statuses that differ from what the API server holds."""

    def __init__(
        self, store: Store, executor: ActionExecutor, clock: Callable[[], datetime], pacing: StatusPacing
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._pace = pacing.status

    async def write(self, key: NamespacedName, snapshot: Snapshot) -> datetime | None:
        """Write the statuses of a request and of its backfills.

        Returns when a status that has to wait may be written (UTC), or None. Raises ApiError.
        """
        allowed_at = await self.write_request(key, snapshot)
        backfills = list(self._store.progress(key).backfills.items())
        later = [await self._write_backfill(key, name, status) for name, status in backfills]
        return min(filter(None, (allowed_at, *later)), default=None)

    async def write_request(self, key: NamespacedName, snapshot: Snapshot, *, at_once: bool = False) -> datetime | None:
        """Write the status of a request. With `at_once` its pace does not matter.

        Returns when a status that has to wait may be written (UTC), or None. Raises ApiError.
        """
        progress = self._store.progress(key)
        wanted, request = progress.status, snapshot.request
        if wanted is None or request is None or request.metadata.deletion_timestamp is not None:
            return None
        if not is_worth_a_write(request.status, wanted):
            self._store.set_progress(key, replace(progress, status=None))
            return None
        now = self._clock()
        if not at_once and not is_awaited(request.status, wanted):
            allowed_at = self._allowed_at(progress.status_written_at, now)
            if allowed_at is not None:
                return allowed_at
        try:
            await self._executor.write_status(key, snapshot, wanted)
        except NotFound:
            return None
        self._store.set_progress(key, replace(self._store.progress(key), status_written_at=now))
        return None

    async def _write_backfill(self, key: NamespacedName, name: str, wanted: ProcessBackfillStatus) -> datetime | None:
        progress, held = self._store.progress(key), self._store.backfills.get(key[0], name)
        if held is None or held.value.status == wanted:
            written_at = progress.backfills_written_at.get(name)
            self._store.set_progress(key, progress.without_backfill(name, written_at=written_at))
            return None
        now = self._clock()
        if not is_backfill_awaited(held.value.status, wanted):
            allowed_at = self._allowed_at(progress.backfills_written_at.get(name), now)
            if allowed_at is not None:
                return allowed_at
        await self._executor.write_backfill_status(key, held.value, wanted)
        written_at = None if wanted.phase.is_finished else now
        self._store.set_progress(key, self._store.progress(key).without_backfill(name, written_at=written_at))
        return None

    def _allowed_at(self, written_at: datetime | None, now: datetime) -> datetime | None:
        """Return when the pace allows the next write, or None if it allows one now. A clock that was set back allows
        one."""
        allowed_at = written_at + self._pace if written_at is not None else None
        return allowed_at if allowed_at is not None and now < allowed_at <= now + self._pace else None

    async def flush(self) -> None:
        """Write all statuses that wait for their pace. After the process ends, nothing else knows what they hold."""
        gate = asyncio.Semaphore(_MAX_CONCURRENT_FLUSHES)

        async def write(key: NamespacedName) -> None:
            snapshot, progress = self._store.snapshot(key), self._store.progress(key)
            counted = with_uncounted(snapshot.status.counts, snapshot.history or ())
            wanted = snapshot.status.model_copy(update={"counts": counted})
            self._store.set_progress(key, replace(progress, status=wanted))
            async with gate:
                try:
                    await self.write_request(key, snapshot, at_once=True)
                except ApiError as error:
                    about = {"namespace": key[0], "request": key[1], "error": str(error)}
                    log.warning("the last status could not be written", **about)

        await asyncio.gather(*map(write, self._store.observed_keys()))
