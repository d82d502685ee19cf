"""Log reader: background tasks that read the logs of pods. A log may take as long as the grace period of a pod.

The result is an observation about the run, and its request is decided again. Neighbours: `cluster/logs.py` reads bytes,
`decisions/run/log_text.py` makes them storable, `pods.py` and `jobs.py` start a reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog

from process_operator.cluster.api import Api
from process_operator.cluster.errors import ApiError
from process_operator.cluster.logs import KUBELET_RETRIES, LogFollower, TailResult, read_tail
from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.ownership import is_pod_of
from process_operator.decisions.plan.actions import KillJob, ReadLog
from process_operator.decisions.run.log_at_kill import log_sources_at_kill
from process_operator.decisions.run.log_text import build_run_log
from process_operator.resources import names
from process_operator.resources.batch.pod import parse_pod
from process_operator.resources.conditions import LogReason
from process_operator.resources.kinds import POD
from process_operator.resources.types import NamespacedName
from process_operator.state.run_observations import LogRead, LogReadingCancelled, LogRequested
from process_operator.state.store import Store

_EXTRA_GRACE_SECONDS: Final = 10.0
"""Seconds after the grace period of a pod within which its log must have ended."""
_MAX_FOLLOW_SECONDS: Final = 3600.0
"""Limit for a log that ends with its pod. The operator did not kill that pod, and does not know its grace period."""

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A log to read: the container that has it, and the open run that it is for."""

    key: NamespacedName
    run: str
    uid: str
    """UID of the run, because another run may get its name. Empty if the run is not open."""
    source: LogSource
    tail_bytes: int

    @property
    def pod(self) -> str:
        """The pod that has the log."""
        assert self.source.pod is not None
        return self.source.pod


class LogReader:
    """Background readers, one for each run.

    `on_read` is called with the key of the request when a log is read.
    """

    def __init__(
        self,
        api: Api,
        store: Store,
        *,
        on_read: Callable[[NamespacedName], None],
    ) -> None:
        self._api = api
        self._store = store
        self._on_read = on_read
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, key: NamespacedName, action: ReadLog) -> None:
        """Read (or follow) the log of a run's container."""
        self._store.observe(key, LogRequested(action.run))
        reading = self._reading(key, action.run, action.source, action.tail_bytes)
        self._spawn(reading, self._follow(reading) if action.follow else self._read(reading))

    async def follow_before_kill(self, key: NamespacedName, action: KillJob) -> None:
        """Open the log of a Job that the operator is about to kill. Returns when the API server has started to send it."""
        held = self._store.jobs.get(key[0], action.job)
        try:
            listing = await self._api.list(POD, key[0], label_selector=f"{names.LABEL_CONTROLLER_UID}={action.uid}")
        except ApiError:
            return  # the kill matters more than its log
        for raw in listing.items:
            self._store.apply(POD, raw)
        job = held.value if held is not None and held.uid == action.uid else None
        pods = [pod for pod in map(parse_pod, listing.items) if is_pod_of(action.uid, pod)]
        grace = max((raw["spec"].get("terminationGracePeriodSeconds") or 0 for raw in listing.items), default=0)
        for source in log_sources_at_kill(job, pods, action.container):
            reading = self._reading(key, action.run, source, action.tail_bytes)
            follower = await self._open(reading)
            if source.is_unreported and follower.has_no_log:
                await follower.finish(0)
                continue
            self._store.observe(key, LogRequested(action.run))
            self._spawn(reading, self._finish(reading, follower, grace + _EXTRA_GRACE_SECONDS))
            return

    async def close(self) -> None:
        """Cancel all readers. Their logs are read again after a restart."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _reading(self, key: NamespacedName, run: str, source: LogSource, tail_bytes: int) -> _Reading:
        return _Reading(key, run, self._uid_of(key, run), source, tail_bytes)

    def _uid_of(self, key: NamespacedName, run: str) -> str:
        """Return the UID of the open run of that name, or an empty string."""
        held = self._store.runs.get(key[0], run)
        return held.uid if held is not None else ""

    def _is_wanted(self, reading: _Reading) -> bool:
        """Whether the run is still open. It may be recorded or deleted, and another run may have its name."""
        return bool(reading.uid) and self._uid_of(reading.key, reading.run) == reading.uid

    def _spawn(self, reading: _Reading, work: Coroutine[Any, Any, None]) -> None:
        """Start the reader of a run."""
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if task.cancelled():
                # kopf cancels tasks that started after it when it ends. The log is then requested again.
                self._give_up(reading)

        task.add_done_callback(ended)

    async def _read(self, reading: _Reading) -> None:
        self._report(reading, await self._tail(reading))

    async def _follow(self, reading: _Reading) -> None:
        await self._finish(reading, await self._open(reading), _MAX_FOLLOW_SECONDS)

    async def _open(self, reading: _Reading) -> LogFollower:
        return await LogFollower.open(
            self._api,
            namespace=reading.key[0],
            pod=reading.pod,
            container=reading.source.container,
            tail_bytes=reading.tail_bytes,
        )

    async def _finish(self, reading: _Reading, follower: LogFollower, seconds: float) -> None:
        result = await follower.finish(seconds)
        if reading.source.is_unreported and (result.gone is not None or not result.data):
            self._give_up(reading)  # only a later report of the kubelet can tell whether it started
            return
        if result.gone is not None:
            result = await self._tail(reading)
        self._report(reading, result)

    async def _tail(self, reading: _Reading) -> TailResult:
        try:
            return await read_tail(
                self._api,
                namespace=reading.key[0],
                pod=reading.pod,
                container=reading.source.container,
                tail_bytes=reading.tail_bytes,
                previous=reading.source.previous,
                retries=KUBELET_RETRIES,
            )
        except ApiError as error:
            log.warning("a log could not be read", namespace=reading.key[0], pod=reading.pod, error=str(error))
            return TailResult(gone=LogReason.KUBELET_UNREACHABLE)

    def _give_up(self, reading: _Reading) -> None:
        """Let the log be requested again, unless the run is over."""
        if self._is_wanted(reading):
            self._store.observe(reading.key, LogReadingCancelled(reading.run))
            self._on_read(reading.key)

    def _report(self, reading: _Reading, result: TailResult) -> None:
        if not self._is_wanted(reading):
            return
        raw = None if result.gone is not None else result.data
        tail_bytes = reading.tail_bytes
        text = build_run_log(reading.source, raw, tail_bytes=tail_bytes, cut_before=result.cut, failure=result.gone)
        self._store.observe(reading.key, LogRead(reading.run, text, reading.pod))
        self._on_read(reading.key)
