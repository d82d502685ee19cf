"""Wiring: creates the objects of one operator and connects them. Nothing runs yet afterwards.

`build_controller` creates the part that decides and acts. It knows no connection, so the flow tests build the same one
over a cluster in memory. `build_operator` adds what one deployment needs. Neighbour: `app.py` runs the result.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from process_operator.actions.action_log import log_action
from process_operator.actions.context import Events, Logs, Notifications, Services
from process_operator.actions.executor import ActionExecutor
from process_operator.actions.log_reader import LogReader
from process_operator.actions.notify.notifier import OUTCOMES, Notifier
from process_operator.actions.notify.receivers_file import read_receivers
from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection
from process_operator.cluster.events import EventRecorder
from process_operator.cluster.lease import Lease, Pod
from process_operator.cluster.object_watch import ObjectWatch
from process_operator.cluster.retry import Retries
from process_operator.controller.agenda import Agenda
from process_operator.controller.burst import BurstPreparer, BurstThresholds
from process_operator.controller.clock_guard import ClockGuard
from process_operator.controller.planner import Planner
from process_operator.controller.process_reconciler import ProcessReconciler
from process_operator.controller.request_reconciler import Reconciler
from process_operator.controller.status_writer import StatusPacing
from process_operator.controller.timer import Timer
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.significance import BATCH_SECONDS
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.resources.log_url import LogUrl
from process_operator.resources.types import NamespacedName
from process_operator.service.health import Health
from process_operator.service.leader_election import Leadership, LeaseTimes
from process_operator.service.metrics import Metrics
from process_operator.settings import Settings
from process_operator.state.store import Store
from process_operator.watch.config_maps import ConfigMaps
from process_operator.watch.kopf_watches import WATCH_SECONDS
from process_operator.watch.resync import Resync
from process_operator.watch.supervisor import RetryIntervals, WatchSupervisor


class Intake:
    """The store and the work queues. Each change of an object adds the key of its request to a queue.

    `monotonic` returns seconds of a clock that cannot be set.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        defaults: Defaults | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.monotonic = monotonic
        self.queue: WorkQueue[NamespacedName] = WorkQueue(clock=monotonic)
        self.processes: WorkQueue[NamespacedName] = WorkQueue(clock=monotonic)
        self.on_change: Callable[[NamespacedName], None] = lambda _: None
        """Called with the key of each request that changed, before it is added to the queue."""
        self.store = Store(
            on_dirty=self._changed,
            on_progress=self._progressed,
            on_end=self.ended,
            on_process=self.processes.add,
            clock=clock,
            defaults=defaults,
        )

    def _changed(self, key: NamespacedName) -> None:
        self.on_change(key)
        self.queue.add(key)

    def _progressed(self, key: NamespacedName) -> None:
        self.on_change(key)
        self.queue.add(key, after=BATCH_SECONDS)

    def ended(self, key: NamespacedName) -> None:
        """Add a request to the queue, because a Job of it has ended or a log is read."""
        self.on_change(key)
        until = self.store.progress(key).ends_wait_until
        self.queue.add(key, after=BATCH_SECONDS if until is not None and self.clock() < until else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerOptions:
    """Options that differ between a deployment and a test."""

    status_pacing: StatusPacing = field(default_factory=StatusPacing)
    burst_thresholds: BurstThresholds = field(default_factory=BurstThresholds)
    namespaces: tuple[str | None, ...] = (None,)
    """Namespaces to list; None: all of them."""
    on_action: Callable[[NamespacedName, Action], None] = lambda _key, _action: None
    """Called with each action that was carried out."""
    decide: Callable[[Snapshot, datetime], Plan] = decide
    """The decision function."""
    chance: Callable[[], float] = random.random
    """Random number from 0 to 1, for the jitter of retries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """The part of an operator that decides and acts."""

    store: Store
    queue: WorkQueue[NamespacedName]
    processes: WorkQueue[NamespacedName]
    agenda: Agenda[NamespacedName]
    clock_guard: ClockGuard
    timer: Timer
    executor: ActionExecutor
    burst: BurstPreparer
    reconciler: Reconciler
    process_reconciler: ProcessReconciler
    resync: Resync


def build_controller(
    api: Api,
    intake: Intake,
    *,
    logs: Logs,
    notifications: Notifications,
    events: Events,
    follow_config_map: Callable[[str, str], Awaitable[None]],
    options: ControllerOptions | None = None,
) -> Controller:
    """Build a controller over an API client and an intake."""
    options = options or ControllerOptions()
    guard = ClockGuard(intake.store, intake.clock, steady=intake.monotonic)
    executor = ActionExecutor(
        Services(
            api=api,
            store=intake.store,
            clock=intake.clock,
            events=events,
            logs=logs,
            notifications=notifications,
            follow_config_map=follow_config_map,
            chance=options.chance,
            term=guard.check,
        )
    )
    return _connect(api, intake, executor, guard, options)


def _connect(
    api: Api, intake: Intake, executor: ActionExecutor, guard: ClockGuard, options: ControllerOptions
) -> Controller:
    store, queue, clock = intake.store, intake.queue, intake.clock
    agenda: Agenda[NamespacedName] = Agenda()
    timer = Timer(agenda, queue, clock, guard.check)

    async def claim(key: NamespacedName, snapshot: Snapshot, action: CreateRun) -> None:
        await executor.execute(key, snapshot, action)
        options.on_action(key, action)

    planner = Planner(store.snapshot, clock, term=guard.check, decide=options.decide, on_turn=queue.add)
    intake.on_change = planner.discard_prepared
    burst = BurstPreparer(planner, agenda, queue, clock, claim=claim, bounds=options.burst_thresholds)
    reconciler = Reconciler(
        store=store,
        queue=queue,
        planner=planner,
        executor=executor,
        clock=clock,
        wake=timer.put,
        pacing=options.status_pacing,
        done=options.on_action,
        term=guard.check,
        chance=options.chance,
    )
    return Controller(
        store=store,
        queue=queue,
        processes=intake.processes,
        agenda=agenda,
        clock_guard=guard,
        timer=timer,
        executor=executor,
        burst=burst,
        reconciler=reconciler,
        process_reconciler=ProcessReconciler(api, store, intake.processes, clock),
        resync=Resync(api, store, namespaces=options.namespaces),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorParts:
    """All parts of one operator."""

    settings: Settings
    clock: Callable[[], datetime]
    api: Api
    controller: Controller
    events: EventRecorder
    logs: LogReader
    notifier: Notifier
    config_maps: ConfigMaps
    watches: WatchSupervisor
    leadership: Leadership
    health: Health
    metrics: Metrics


def build_operator(
    connection: Connection, settings: Settings, *, clock: Callable[[], datetime], intervals: RetryIntervals
) -> OperatorParts:
    """Build an operator over a connection. Raises ConfigurationError if the file of receivers cannot be used."""
    receivers = read_receivers(settings.receivers_file)
    metrics = Metrics(per_request=settings.metrics_per_request)
    metrics.receivers((receiver.name for receiver in receivers), OUTCOMES)
    api = Api(connection, on_request=metrics.api_request)
    defaults = Defaults(
        engine=settings.default_engine,
        receivers=receivers,
        log_url=LogUrl.parse(settings.log_url) if settings.log_url else None,
        are_users_verified=settings.verified_users,
    )
    intake = Intake(clock, defaults=defaults)
    store, queue = intake.store, intake.queue
    events = EventRecorder(api)
    logs = LogReader(api, store, on_read=intake.ended)
    notifier = Notifier(receivers, store, on_done=queue.add, count=metrics.notification, clock=clock)
    object_watch = ObjectWatch(connection, silence=settings.watch_silence_seconds)
    config_maps = ConfigMaps(api, object_watch, store, longest_pause=intervals.watch)
    controller = build_controller(
        api,
        intake,
        logs=logs,
        notifications=notifier,
        events=events,
        follow_config_map=config_maps.follow,
        options=_options(settings, metrics),
    )
    leadership = Leadership(_lease(connection, settings), LeaseTimes.of(settings.lease_seconds))
    watch_seconds = WATCH_SECONDS + settings.watch_silence_seconds + intervals.watch
    health = Health(leadership=leadership, queue=queue, timer=controller.timer, watch_seconds=watch_seconds)
    parts = OperatorParts(
        settings=settings,
        clock=clock,
        api=api,
        controller=controller,
        events=events,
        logs=logs,
        notifier=notifier,
        config_maps=config_maps,
        watches=WatchSupervisor(connection, controller.resync, store, health, settings, intervals),
        leadership=leadership,
        health=health,
        metrics=metrics,
    )
    _show(parts)
    return parts


def _options(settings: Settings, metrics: Metrics) -> ControllerOptions:
    def on_action(key: NamespacedName, action: Action) -> None:
        metrics.action(key, action)
        log_action(key, action)

    return ControllerOptions(
        status_pacing=StatusPacing(timedelta(seconds=settings.status_seconds)),
        namespaces=settings.watch_namespaces or (None,),
        on_action=on_action,
    )


def _show(parts: OperatorParts) -> None:
    """Let the metrics read the state of the parts."""
    parts.metrics.follow(
        store=parts.controller.store,
        queue=parts.controller.queue,
        agenda=parts.controller.agenda,
        leadership=parts.leadership,
        health=parts.health,
        events=parts.events,
        clock=parts.clock,
    )


def _lease(connection: Connection, settings: Settings) -> Lease | None:
    if not settings.lease_namespace:
        return None
    return Lease(
        # Retries within a call would take longer than the Lease lasts.
        Api(connection, timeout=5, retries=Retries(tries=1)),
        namespace=settings.lease_namespace,
        name=settings.lease_name,
        identity=f"{settings.pod_name or socket.gethostname()}_{uuid4()}",
        duration=settings.lease_seconds,
        pod=Pod(settings.pod_name, settings.pod_uid) if settings.pod_name and settings.pod_uid else None,
    )
