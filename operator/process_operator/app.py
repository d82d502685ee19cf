"""Wiring: what is made once, what runs beside what, and in which order it ends.

The only reader of the real clock. Everything else gets its clock from here. Neighbours: `__main__.py` calls `run`,
`watch/kopf_watches.py` runs kopf, `controller/request_reconciler.py` and `controller/timer.py` are the loops.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import structlog

from process_operator.actions.action_log import log_action
from process_operator.actions.context import Services
from process_operator.actions.executor import ActionExecutor
from process_operator.actions.log_reader import LogReader
from process_operator.actions.notify.notifier import OUTCOMES, Notifier
from process_operator.actions.notify.receivers_file import read_receivers
from process_operator.cluster.api import Api
from process_operator.cluster.backoff import backoff, retry_after
from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError, Forbidden, NamespaceTerminating, NotFound
from process_operator.cluster.events import EventRecorder
from process_operator.cluster.lease import Lease, Pod
from process_operator.cluster.object_watch import ObjectWatch
from process_operator.cluster.retry import Retries
from process_operator.controller.agenda import Agenda
from process_operator.controller.burst import BurstPreparer
from process_operator.controller.clock_guard import ClockGuard
from process_operator.controller.process_reconciler import ProcessReconciler
from process_operator.controller.request_reconciler import Reconciler, StatusPacing
from process_operator.controller.timer import Timer
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.actions import Action, CreateRun
from process_operator.resources.kinds import Kind
from process_operator.resources.types import NamespacedName, Object
from process_operator.service.health import Health
from process_operator.service.http_server import HttpServer
from process_operator.service.leader_election import Leadership, LeaseTimes
from process_operator.service.metrics import Metrics
from process_operator.settings import Settings
from process_operator.state.store import Store
from process_operator.watch.config_maps import ConfigMaps
from process_operator.watch.kopf_watches import LONGEST_PAUSE, WATCH_SECONDS, Watches, WatchListener
from process_operator.watch.resync import Resync

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_GARBAGE: Final = (20_000, 20, 50)
"""Thresholds of the collector of cycles, for its three generations."""
_BATCH_SECONDS: Final = 1.5
"""Delay of events that need no immediate reaction. Follow-up events usually arrive within it."""
_REPEAT_SECONDS: Final = 60.0
"""What goes on being wrong is said again after so long."""

_LAST_WORDS_SECONDS: Final = 5.0
"""For the statuses that are not written yet when this process ends or leads no more."""

log = structlog.get_logger("process_operator")


def utc_now() -> datetime:
    """The real clock, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryIntervals:
    """Seconds between two tries of what goes on for ever."""

    events: float = 1.0
    """Events are written so often."""
    drop: float = 10.0
    """A stand-by forgets so often what it will not work on."""
    relist: float = 1.0
    """From a watch that began anew (or the end of kopf) to our list: those of all kinds begin one after the other."""
    retry: float = 5.0
    """After the first list that failed; longer after the next."""
    watch: float = LONGEST_PAUSE
    """The longest between two tries to list or watch."""

    def after_list(self, failures: int, error: ApiError) -> float:
        """Seconds until the next list, after so many that failed."""
        return backoff(failures, error, first=self.retry, longest=max(self.retry, self.watch))


class Operator:
    """Everything that makes one operator, wired together over one connection."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        intervals: RetryIntervals | None = None,
    ) -> None:
        self._intervals = intervals or RetryIntervals()
        self._settings = settings
        self._clock = clock
        self._connection = connection
        receivers = read_receivers(settings.receivers_file)
        self.metrics = Metrics(per_request=settings.metrics_per_request)
        self.api = Api(connection, on_request=self.metrics.api_request)
        self.queue: WorkQueue[NamespacedName] = WorkQueue()
        self.processes: WorkQueue[NamespacedName] = WorkQueue()
        self.store = Store(
            on_dirty=self._dirty,
            on_progress=self._progressed,
            on_process=self.processes.add,
            clock=clock,
            defaults=Defaults(engine=settings.default_engine, receivers=receivers),
        )
        self.agenda: Agenda[NamespacedName] = Agenda()
        self.clock_guard = ClockGuard(self.store, clock)
        self.timer = Timer(self.agenda, self.queue, clock, self.clock_guard.check)
        self.events = EventRecorder(self.api)
        self.logs = LogReader(self.api, self.store, on_read=self.queue.add, on_early=self._batched)
        self.notifier = Notifier(
            receivers, self.store, on_done=self.queue.add, count=self.metrics.notification, clock=clock
        )
        self.metrics.receivers((receiver.name for receiver in receivers), OUTCOMES)
        watch = ObjectWatch(connection, silence=settings.watch_silence_seconds)
        self.config_maps = ConfigMaps(self.api, watch, self.store, longest_pause=self._intervals.watch)
        self.executor = ActionExecutor(
            Services(
                api=self.api,
                store=self.store,
                clock=clock,
                events=self.events,
                logs=self.logs,
                notifications=self.notifier,
                follow_config_map=self.config_maps.follow,
                chance=random.random,
            )
        )
        self.burst = BurstPreparer(
            self.store, self.agenda, self.queue, clock, self.clock_guard.check, claim=self._claim
        )
        self.reconciler = Reconciler(
            store=self.store,
            queue=self.queue,
            executor=self.executor,
            clock=clock,
            wake=self.timer.put,
            pacing=StatusPacing(timedelta(seconds=settings.status_seconds)),
            done=self._done,
            term=self.clock_guard.check,
            burst=self.burst,
        )
        self.process_reconciler = ProcessReconciler(self.api, self.store, self.processes, clock)
        self.resync = Resync(self.api, self.store, namespaces=settings.watch_namespaces or (None,))
        self.leadership = Leadership(_lease(connection, settings), _lease_times(settings.lease_seconds))
        self.health = Health(
            leadership=self.leadership,
            queue=self.queue,
            timer=self.timer,
            watch_seconds=WATCH_SECONDS + settings.watch_silence_seconds + self._intervals.watch,
        )
        self.metrics.follow(
            store=self.store,
            queue=self.queue,
            agenda=self.agenda,
            leadership=self.leadership,
            health=self.health,
            events=self.events,
            clock=clock,
        )
        self._relisted = asyncio.Event()
        """kopf has begun to watch, first or anew."""
        self._listed = asyncio.Event()
        """All was listed once."""
        self._end = asyncio.Event()

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT asks for the end (in the main thread), or the task is cancelled."""
        asyncio.get_running_loop().set_exception_handler(_say_in_a_line)
        with self._signals():
            work = asyncio.create_task(self._work())
            end = asyncio.create_task(self._end.wait())
            try:
                await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                end.cancel()
                work.cancel()
                await asyncio.wait({work, end})
        if not work.cancelled():
            work.result()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        self._take_signals()
        try:
            yield
        finally:
            for number in _SIGNALS:
                asyncio.get_running_loop().remove_signal_handler(number)

    def _take_signals(self) -> None:
        for number in _SIGNALS:
            # Only the main thread can; elsewhere (in a test) the task is cancelled.
            with contextlib.suppress(ValueError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, self._end.set)

    async def _work(self) -> None:
        async with self._http():
            tasks = [
                asyncio.create_task(self._forever(loop))
                for loop in (self._resync_now_and_then, self._drop_while_standing_by)
            ]
            tasks.append(asyncio.create_task(self._lead_once_listed()))
            try:
                await self._watch()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.leadership.release()

    @contextlib.asynccontextmanager
    async def _http(self) -> AsyncIterator[None]:
        if self._settings.http_port is None:
            yield
            return
        async with HttpServer(
            self.health, self.metrics, host=self._settings.http_host, port=self._settings.http_port
        ) as server:
            log.info("probes and metrics", port=server.port)
            yield

    async def _lead_once_listed(self) -> None:
        await self._listed.wait()
        log.info("listed", requests=len(self.store.requests), open_runs=len(self.store.runs), jobs=len(self.store.jobs))
        await self.leadership.run(self._lead)

    async def _lead(self) -> None:
        """What only one operator does: decide and act."""
        self.clock_guard.begin()
        self.store.reset()
        for key in self.store.request_keys():
            self.queue.add(key)
        for key in self.store.processes.entries:
            self.processes.add(key)
        tasks = [asyncio.create_task(self._forever(loop)) for loop in self._loops()]
        tasks.append(asyncio.create_task(self._say_when_ready()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.agenda.clear()
            self.burst.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self.reconciler.flush()
            await self.logs.close()
            await self.notifier.close()
            await self.config_maps.close()
            with contextlib.suppress(ApiError):
                await self.events.flush(self._clock(), everything=True)

    async def _drop_while_standing_by(self) -> None:
        """A stand-by decides nothing: keys that become dirty meanwhile are all looked at when it leads."""
        while True:
            if not self.leadership.leads:
                self.queue.clear()
                self.processes.clear()
                self.store.reset()
            await asyncio.sleep(self._intervals.drop)

    def _loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [
            *[self.reconciler.work] * self._settings.workers,
            self.process_reconciler.work,
            self.timer.run,
            self.burst.run,
            self._flush_events,
        ]

    async def _forever(self, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A loop that ends by a bug begins anew, and says so: nobody else would notice."""
        while True:
            try:
                await loop()
            except Exception:
                log.exception("a loop ended; it begins anew", loop=loop.__qualname__)
                await asyncio.sleep(1)

    async def _wait_for_server(self) -> None:
        """Try until everything can be listed, and say now and then why it cannot."""
        loop, said, silent_until = asyncio.get_running_loop(), "", 0.0
        failures = 0
        while True:
            self.health.watching()
            try:
                await self.resync.probe()
            except ApiError as error:
                why = _why_not_listed(error, self._connection.server)
                if why != said or loop.time() >= silent_until:
                    log.error(why, error=str(error))  # noqa: TRY400 - the way there says nothing
                    said, silent_until = why, loop.time() + _REPEAT_SECONDS
                failures += 1
                await asyncio.sleep(self._intervals.after_list(failures, error))
            else:
                return

    async def _say_when_ready(self) -> None:
        await self.queue.wait_idle()
        # What is there now stays: no later collection has to walk through it.
        gc.collect()
        gc.freeze()
        log.info("ready", requests=len(self.store.requests))

    async def _watch(self) -> None:
        """Watch for ever. Where kopf ends, the watches begin anew, and all is listed."""
        while True:
            # kopf does not watch a kind that is not served when it starts, and never looks again.
            await self._wait_for_server()
            watches = Watches(
                self._connection,
                self._seen,
                WatchListener(
                    listed=self._relisted.set,
                    began=self._take_signals,
                    asked=self.health.watch_asked,
                    yield_to_urgent=self.queue.yield_to_due,
                ),
                namespaces=self._settings.watch_namespaces,
                silence_seconds=self._settings.watch_silence_seconds,
                longest_pause=self._intervals.watch,
            )
            try:
                await watches.run()
            except Exception as error:  # noqa: BLE001 - kopf raises its internals
                log.warning("the watches ended and begin anew", error=repr(error))
            else:
                log.warning("the watches ended and begin anew")
            await asyncio.sleep(self._intervals.relist)

    def _dirty(self, key: NamespacedName) -> None:
        self.burst.drop(key)
        self.queue.add(key)

    def _progressed(self, key: NamespacedName) -> None:
        self.burst.drop(key)
        self._batched(key)

    def _batched(self, key: NamespacedName) -> None:
        self.queue.add(key, after=_BATCH_SECONDS)

    def _done(self, key: NamespacedName, action: Action) -> None:
        self.metrics.action(key, action)
        log_action(key, action)

    async def _claim(self, key: NamespacedName, snapshot: Snapshot, claim: CreateRun) -> None:
        await self.executor.execute(key, snapshot, claim)
        self._done(key, claim)

    def _seen(self, kind: Kind, event_type: str | None, raw: Object) -> None:
        self.store.take(kind, raw, deleted=event_type == "DELETED")

    async def _resync_now_and_then(self) -> None:
        """Once kopf has begun to watch, first or anew, and every few minutes while runs are open."""
        failures = 0
        while True:
            try:
                await asyncio.wait_for(self._relisted.wait(), timeout=self._settings.resync_seconds)
            except TimeoutError:
                if not len(self.store.runs):
                    continue
            else:
                if self._listed.is_set():
                    await asyncio.sleep(self._intervals.relist)
                self._relisted.clear()
            try:
                await self.resync.run()
                self.health.listed()
                self._listed.set()
                failures = 0
            except ApiError as error:
                log.warning("resync failed, will try again", error=str(error))
                self._relisted.set()
                failures += 1
                await asyncio.sleep(self._intervals.after_list(failures, error))

    async def _flush_events(self) -> None:
        pause = self._intervals.events
        while True:
            await asyncio.sleep(pause)
            await self.queue.yield_to_due()
            errors = await self.events.flush(self._clock())
            pause = max([self._intervals.events, *map(retry_after, errors)])
            for error in errors:
                # A namespace that is being deleted takes no Events, and nobody would read them.
                if not isinstance(error, NamespaceTerminating | NotFound):
                    log.warning("an Event was not written", error=str(error))


def _say_in_a_line(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a task died of that nobody awaits: kopf leaves some when it ends, and their tracebacks say nothing."""
    log.warning(context["message"], error=repr(context.get("exception")))


def _why_not_listed(error: ApiError, server: str) -> str:
    """What is wrong and what to do about it, in one line."""
    if isinstance(error, NotFound):
        return (
            "waiting for the CustomResourceDefinitions: they are not installed "
            "(kubectl apply -f crds/, or crds.enabled in the chart)"
        )
    if isinstance(error, Forbidden):
        return (
            "waiting for rights: this account may not list what the operator watches "
            "(the chart's role has them; see rbac.create and watchNamespaces)"
        )
    if error.status == 401:
        return (
            f"waiting for a login: the API server at {server} does not accept this account's credentials "
            "(is the token expired, or of another cluster?)"
        )
    return f"waiting for the API server at {server}: no answer (is the address right, and the network open?)"


def _lease(connection: Connection, settings: Settings) -> Lease | None:
    if not settings.lease_namespace:
        return None
    return Lease(
        # Retries of its own would outlast what they are for.
        Api(connection, timeout=5, retries=Retries(tries=1)),
        namespace=settings.lease_namespace,
        name=settings.lease_name,
        identity=f"{settings.pod_name or socket.gethostname()}_{uuid4()}",
        duration=settings.lease_seconds,
        pod=Pod(settings.pod_name, settings.pod_uid) if settings.pod_name and settings.pod_uid else None,
    )


def _lease_times(seconds: float) -> LeaseTimes:
    return LeaseTimes(duration=seconds, renew=seconds / 5, deadline=seconds * 0.7, retry=min(1.0, seconds / 10))


async def run(
    settings: Settings,
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Connect and work until a signal. Raises ConfigurationError where there is no usable configuration."""
    # What is held lives long, and hardly anything is a cycle: looking for them often costs a quarter of a start.
    gc.set_threshold(*_GARBAGE)
    connection = await connect(kubeconfig=kubeconfig, context=context, max_connections=settings.max_connections)
    try:
        await Operator(connection, settings, clock=clock).run()
    finally:
        await connection.close()
