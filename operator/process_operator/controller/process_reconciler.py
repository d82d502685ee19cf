"""Reconciler of Processes. It writes into their status whether this release can run them.

Requests have a status of their own. Neighbours: `decisions/acceptance/process.py` decides, `state/store.py` adds the
keys of changed Processes to the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from process_operator.cluster.api import Api
from process_operator.cluster.backoff import backoff
from process_operator.cluster.errors import ApiError, NotFound
from process_operator.cluster.status import StatusChanged, replace_status
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.acceptance.process import process_status
from process_operator.resources.kinds import PROCESS
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

_FIRST_PAUSE_SECONDS: Final = 5.0
_MAX_PAUSE_SECONDS: Final = 60.0

log = structlog.get_logger("process_operator")


class ProcessReconciler:
    """Processes keys of the queue. One worker is enough, because a status changes only if a user changed a Process."""

    def __init__(self, api: Api, store: Store, queue: WorkQueue[NamespacedName], clock: Callable[[], datetime]) -> None:
        self._api = api
        self._store = store
        self._queue = queue
        self._clock = clock
        self._failures = 0

    async def work(self) -> None:
        """Process keys until cancelled."""
        while True:
            async with self._queue.hold() as key:
                await self._try(key)

    async def _try(self, key: NamespacedName) -> None:
        """Reconcile one Process, or add it again after a pause."""
        try:
            await self.reconcile(key)
        except ApiError as error:
            log.warning("will try again", namespace=key[0], process=key[1], error=str(error))
            self._failures += 1
            await asyncio.sleep(backoff(self._failures, error, first=_FIRST_PAUSE_SECONDS, longest=_MAX_PAUSE_SECONDS))
            self._queue.add(key)
        else:
            self._failures = 0

    async def reconcile(self, key: NamespacedName) -> None:
        """Write the status of one Process, if it differs. Raises ApiError."""
        held = self._store.processes.get(*key)
        if held is None:
            return
        process = held.value
        status = process_status(process, self._store.step_processes(process), self._clock())
        if status == process.status:
            return
        try:
            self._store.apply(PROCESS, await replace_status(self._api, PROCESS, process, status))
        except StatusChanged as changed:
            self._store.apply(PROCESS, changed.current)
        except NotFound:
            return
