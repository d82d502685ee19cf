"""Wiring: what is made once, what runs beside what, and in which order it ends.

The only reader of the real clock. Everything else gets its clock from here. Neighbours: `__main__.py` calls `run`,
`watching.py` runs kopf, `reconciler.py` and `timer.py` are the loops.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError, NamespaceTerminating, NotFound
from process_operator.cluster.events import EventRecorder
from process_operator.cluster.kinds import Kind
from process_operator.decisions.snapshot import Defaults
from process_operator.log_reader import LogReader
from process_operator.performer import Performer
from process_operator.process_reconciler import ProcessReconciler
from process_operator.queue import WorkQueue
from process_operator.reconciler import Pace, Reconciler
from process_operator.resync import Resync
from process_operator.settings import Settings
from process_operator.shelf import Key
from process_operator.store import Store
from process_operator.timer import Timer
from process_operator.timing.agenda import Agenda
from process_operator.watching import Watches

_EVENT_FLUSH_SECONDS: Final = 1.0
_WATCH_PAUSE_SECONDS: Final = 1.0

log = structlog.get_logger("process_operator")


def utc_now() -> datetime:
    """The real clock, UTC."""
    return datetime.now(UTC)


class Operator:
    """Everything that makes one operator, wired together over one connection."""

    def __init__(self, connection: Connection, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._connection = connection
        self.api = Api(connection)
        self.queue: WorkQueue[Key] = WorkQueue()
        self.processes: WorkQueue[Key] = WorkQueue()
        self.store = Store(
            on_dirty=self.queue.add,
            on_process=self.processes.add,
            clock=clock,
            defaults=Defaults(engine=settings.default_engine),
        )
        self.agenda: Agenda[Key] = Agenda()
        self.timer = Timer(self.agenda, self.queue, clock)
        self.events = EventRecorder(self.api)
        self.logs = LogReader(self.api, self.store, on_read=self.queue.add)
        self.performer = Performer(self.api, self.store, self.events, self.logs, clock)
        self.reconciler = Reconciler(
            store=self.store,
            queue=self.queue,
            performer=self.performer,
            clock=clock,
            wake=self.timer.put,
            pace=Pace(timedelta(seconds=settings.status_seconds)),
        )
        self.process_reconciler = ProcessReconciler(self.api, self.store, self.processes, clock)
        self.resync = Resync(self.api, self.store)
        self._relisted = asyncio.Event()

    async def run(self) -> None:
        """Work until a signal asks for the end."""
        await self._first_resync()
        tasks = [asyncio.create_task(self._forever(loop)) for loop in self._loops()]
        ready = asyncio.create_task(self._say_when_ready())
        try:
            await self._watch()
        finally:
            for task in (*tasks, ready):
                task.cancel()
            await asyncio.gather(*tasks, ready, return_exceptions=True)
            await self.logs.close()
            with contextlib.suppress(ApiError):
                await self.events.flush(self._clock(), everything=True)

    def _loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [
            *[self.reconciler.work] * self._settings.workers,
            self.process_reconciler.work,
            self.timer.run,
            self._flush_events,
            self._resync_now_and_then,
        ]

    async def _forever(self, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A loop that ends by a bug begins anew, and says so: nobody else would notice."""
        while True:
            try:
                await loop()
            except Exception:
                log.exception("a loop ended; it begins anew", loop=loop.__qualname__)
                await asyncio.sleep(1)

    async def _first_resync(self) -> None:
        """Nothing is decided before everything was listed once."""
        while True:
            try:
                await self.resync.run()
            except ApiError as error:
                log.error("cannot list: is the API server there, are the CRDs installed, may this account list them?", error=str(error))  # noqa: TRY400
                await asyncio.sleep(5)
            else:
                break
        for key in self.store.request_keys():
            self.queue.add(key)
        log.info("listed", requests=len(self.store.requests), open_runs=len(self.store.runs), jobs=len(self.store.jobs))

    async def _say_when_ready(self) -> None:
        await self.queue.drained()
        log.info("ready", requests=len(self.store.requests))

    async def _watch(self) -> None:
        """Watch until kopf ends in order. Where it fails, what it may have missed is listed and the watches begin anew."""
        while True:
            try:
                await Watches(self._connection, self._seen).run()
            except Exception as error:  # noqa: BLE001 - kopf raises its internals
                log.warning("the watches ended and begin anew", error=repr(error))
                await asyncio.sleep(_WATCH_PAUSE_SECONDS)
                self._relisted.set()
            else:
                return

    def _seen(self, kind: Kind, event_type: str | None, raw: dict[str, Any]) -> None:
        if event_type is None and self.store.was_watched(kind, raw):
            self._relisted.set()
        self.store.apply(kind, raw, deleted=event_type == "DELETED", watched=True)

    async def _resync_now_and_then(self) -> None:
        """After a watch began anew, because deletions may have been missed, and every few minutes while runs are open."""
        while True:
            try:
                await asyncio.wait_for(self._relisted.wait(), timeout=self._settings.resync_seconds)
            except TimeoutError:
                if not len(self.store.runs):
                    continue
            else:
                # The new lists of all kinds arrive one after the other: one resync serves them all.
                await asyncio.sleep(_WATCH_PAUSE_SECONDS)
                self._relisted.clear()
            try:
                await self.resync.run()
            except ApiError as error:
                log.warning("resync failed, will try again", error=str(error))
                self._relisted.set()
                await asyncio.sleep(5)

    async def _flush_events(self) -> None:
        while True:
            await asyncio.sleep(_EVENT_FLUSH_SECONDS)
            for error in await self.events.flush(self._clock()):
                # A namespace that is being deleted takes no Events, and nobody would read them.
                if not isinstance(error, NamespaceTerminating | NotFound):
                    log.warning("an Event was not written", error=str(error))


async def run(settings: Settings, *, kubeconfig: str | None = None, context: str | None = None) -> None:
    """Connect and work until a signal. Raises ConfigurationError where there is no usable configuration."""
    connection = await connect(kubeconfig=kubeconfig, context=context, max_connections=settings.max_connections)
    try:
        await Operator(connection, settings).run()
    finally:
        await connection.close()
