"""Supervisor of the watches: starts kopf, restarts it when it ends, and lists everything when a watch has started.

Neighbours: `kopf_watches.py` runs kopf, `resync.py` lists, `app.py` runs both loops.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from process_operator.cluster.backoff import backoff
from process_operator.cluster.connection import Connection
from process_operator.cluster.errors import ApiError, Forbidden, NotFound
from process_operator.resources.kinds import Kind
from process_operator.resources.types import Object
from process_operator.settings import Settings
from process_operator.state.store import Store
from process_operator.watch.kopf_watches import LONGEST_PAUSE_SECONDS, Watches, WatchListener
from process_operator.watch.resync import Resync

_REPEAT_SECONDS: Final = 60.0
"""Seconds after which an unchanged error message is repeated."""

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIntervals:
    """Seconds between two rounds of the endless loops."""

    events: float = 1.0
    """Seconds between two writes of Events."""
    drop: float = 10.0
    """Seconds after which a stand-by drops the keys on which it will not work."""
    relist: float = 1.0
    """Delay between a restarted watch (or the end of kopf) and the list, so that one list covers the restarts of all
    kinds."""
    retry: float = 5.0
    """Pause after the first failed list; it is longer after the next."""
    watch: float = LONGEST_PAUSE_SECONDS
    """Longest pause between two tries to list or watch."""

    def after_list(self, failures: int, error: ApiError) -> float:
        """Seconds until the next list, after a number of failed ones."""
        return backoff(failures, error, first=self.retry, longest=max(self.retry, self.watch))


class WatchHealth(Protocol):
    """Listener for signs of life of the watches (`service/health.py`)."""

    def listed(self) -> None:
        """Everything was listed."""

    def watching(self) -> None:
        """The watches are about to start."""

    def watch_requested(self, plural: str, status: int) -> None:
        """A watch was requested (status 0), or answered."""


class WatchSupervisor:
    """Keeps the store in line with the API server, until cancelled."""

    def __init__(
        self,
        connection: Connection,
        resync: Resync,
        store: Store,
        health: WatchHealth,
        settings: Settings,
        intervals: RetryIntervals,
    ) -> None:
        self._connection = connection
        self._resync = resync
        self._store = store
        self._health = health
        self._settings = settings
        self._intervals = intervals
        self._relisted = asyncio.Event()
        """Set when kopf has started to watch, the first time or again."""
        self.listed = asyncio.Event()
        """Set when everything was listed once."""

    async def watch(self, *, on_start: Callable[[], None], yield_to_due: Callable[[], Awaitable[None]]) -> None:
        """Watch until cancelled. If kopf ends, the watches start again, and everything is listed.

        `on_start` is called whenever kopf has started, `yield_to_due` awaited before objects that arrive in
        thousands.
        """
        while True:
            # kopf does not watch a kind that is not served when it starts, and does not check again.
            await self._wait_for_server()
            watches = Watches(
                self._connection,
                self._seen,
                WatchListener(
                    on_relist=self._relisted.set,
                    on_start=on_start,
                    on_request=self._health.watch_requested,
                    yield_to_urgent=yield_to_due,
                    is_known=self._is_known_request,
                ),
                namespaces=self._settings.watch_namespaces,
                silence_seconds=self._settings.watch_silence_seconds,
                longest_pause=self._intervals.watch,
            )
            try:
                await watches.run()
            except Exception as error:  # noqa: BLE001 - kopf raises its internals
                log.warning("the watches ended and start again", error=repr(error))
            else:
                log.warning("the watches ended and start again")
            await asyncio.sleep(self._intervals.relist)

    async def resync_now_and_then(self) -> None:
        """List everything after each start of the watches, and every few minutes while runs are open."""
        failures = 0
        while True:
            try:
                await asyncio.wait_for(self._relisted.wait(), timeout=self._settings.resync_seconds)
            except TimeoutError:
                if not len(self._store.runs):
                    continue
            else:
                if self.listed.is_set():
                    await asyncio.sleep(self._intervals.relist)
                self._relisted.clear()
            try:
                await self._resync.run()
                self._health.listed()
                self.listed.set()
                failures = 0
            except ApiError as error:
                log.warning("the resync failed and will be retried", error=str(error))
                self._relisted.set()
                failures += 1
                await asyncio.sleep(self._intervals.after_list(failures, error))

    async def _wait_for_server(self) -> None:
        """Retry until everything can be listed, and log the cause now and then."""
        loop, said, silent_until = asyncio.get_running_loop(), "", 0.0
        failures = 0
        while True:
            self._health.watching()
            try:
                await self._resync.probe()
            except ApiError as error:
                why = _why_not_listed(error, self._connection.server)
                if why != said or loop.time() >= silent_until:
                    log.error(why, error=str(error))  # noqa: TRY400 - the traceback says nothing
                    said, silent_until = why, loop.time() + _REPEAT_SECONDS
                failures += 1
                await asyncio.sleep(self._intervals.after_list(failures, error))
            else:
                return

    def _seen(self, kind: Kind, event_type: str | None, raw: Object) -> None:
        self._store.try_apply(kind, raw, deleted=event_type == "DELETED")

    def _is_known_request(self, raw: Object) -> bool:
        about = raw["metadata"]
        version = int(about["resourceVersion"])
        return not self._store.requests.is_newer(about["namespace"], about["name"], about["uid"], version)


def _why_not_listed(error: ApiError, server: str) -> str:
    """The cause and its remedy in one line."""
    if isinstance(error, NotFound):
        return (
            "waiting for the CustomResourceDefinitions: they are not installed "
            "(kubectl apply -f crds/, or crds.enabled in the chart)"
        )
    if isinstance(error, Forbidden):
        return (
            "waiting for rights: this account has no right to list what the operator watches "
            "(the chart's role has them; see rbac.create and watchNamespaces)"
        )
    if error.status == 401:
        return (
            f"waiting for a login: the API server at {server} does not accept this account's credentials "
            "(is the token expired, or of another cluster?)"
        )
    return f"waiting for the API server at {server}: no answer (is the address right, and the network open?)"
