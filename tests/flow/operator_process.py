"""One operator process on a fake clock, with everything that it holds in memory.

Its parts are those of a deployment (`wiring.py`), but for kopf, HTTP, logs of pods and receivers. Neighbour:
`driver.py` starts, crashes and stops processes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from tests.flow.controllers import Controllers
from tests.flow.memory_api import Cluster, CrashPoint, MemoryApi, WatchEvent, copied

from process_operator.cluster.errors import ApiError
from process_operator.controller.burst import BurstThresholds
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.snapshot import Defaults
from process_operator.decisions.plan.actions import KillJob, Notify, ReadLog
from process_operator.decisions.run.log_at_kill import log_sources_at_kill
from process_operator.decisions.run.log_text import build_run_log
from process_operator.resources.batch.job import parse_job
from process_operator.resources.batch.pod import parse_pod
from process_operator.resources.conditions import Reason
from process_operator.resources.kinds import (
    CONFIG_MAP,
    JOB,
    POD,
)
from process_operator.resources.receiver import Receiver
from process_operator.resources.types import NamespacedName
from process_operator.state.request_observations import NotificationsEnded, NotificationsStarted
from process_operator.state.run_observations import LogRead, LogRequested
from process_operator.state.store import Store
from process_operator.wiring import ControllerOptions, Intake, build_controller

if TYPE_CHECKING:
    from tests.flow.driver import Flow

RECEIVERS: Final = (
    Receiver(name="hook", url="https://hook.example.com", namespaces=("*",)),
    Receiver(name="theirs", url="https://theirs.example.com", namespaces=("elsewhere",)),
)
_BEFORE: Final = timedelta(seconds=2)
"""Time before a due tick at which the operator prepares bursts, in scenarios with bursts."""

Delivery = Literal["prompt", "early", "twice", "mixed", "lost"]
"""`early`: the event of a write comes before its answer. `mixed`: watches of different kinds have no common order, so
here they come by kind."""


class RecordedEvents:
    """Events as the operator writes them. They are hints, so the tests only keep them."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []

    def record(self, involved: Mapping[str, str], reason: str, message: str, **more: Any) -> None:
        """Keep the Event."""
        self.said.append((reason, str(more.get("about") or involved["name"]), message))


@dataclass
class _Reading:
    key: NamespacedName
    run: str
    source: LogSource
    tail_bytes: int
    opened: bool


class MemoryLogs:
    """Reader of logs of the pods in memory: at once if the pod has ended, else when it does."""

    def __init__(self, cluster: Cluster, controllers: Controllers, intake: Intake) -> None:
        self._cluster = cluster
        self._controllers = controllers
        self._intake = intake
        self._held = intake.store
        self.readings: list[_Reading] = []

    def start(self, key: NamespacedName, action: ReadLog) -> None:
        """Start to read."""
        self._held.observe(key, LogRequested(action.run))
        self._begin(_Reading(key, action.run, action.source, action.tail_bytes, opened=False))

    async def follow_before_kill(self, key: NamespacedName, action: KillJob) -> None:
        """Open the log before the kill."""
        job = self._cluster.find(JOB, action.job, key[0])
        if job is None:
            return
        pods = [parse_pod(pod) for pod in self._cluster.all(POD)]
        mine = [pod for pod in pods if pod.job_uid == job["metadata"]["uid"]]
        for pod in self._cluster.all(POD):
            self._held.apply(POD, copied(pod))
        for source in log_sources_at_kill(parse_job(job), mine, action.container):
            if source.is_unreported and not self._controllers.has_started(self._cluster.read(POD, source.pod or "")):
                continue
            self._held.observe(key, LogRequested(action.run))
            self._begin(_Reading(key, action.run, source, action.tail_bytes, opened=False))
            return

    def _begin(self, reading: _Reading) -> None:
        pod = self._cluster.find(POD, reading.source.pod or "", reading.key[0])
        reading.opened = pod is not None
        self.readings.append(reading)

    def deliver(self) -> bool:
        """Deliver the logs that can be read by now; whether there were any."""
        ready = [reading for reading in self.readings if self._has_ended(reading)]
        self.readings = [reading for reading in self.readings if reading not in ready]
        for reading in ready:
            if self._held.runs.get(reading.key[0], reading.run) is None:
                continue
            raw = self._controllers.work(reading.run).log.encode() if reading.opened else None
            log = build_run_log(reading.source, raw, tail_bytes=reading.tail_bytes)
            self._held.observe(reading.key, LogRead(reading.run, log, reading.source.pod))
            self._intake.ended(reading.key)
        return bool(ready)

    def _has_ended(self, reading: _Reading) -> bool:
        pod = self._cluster.find(POD, reading.source.pod or "", reading.key[0])
        return pod is None or pod["status"].get("phase") in ("Succeeded", "Failed")


class MemoryNotifier:
    """Notifier that delivers when the operator has nothing else to do. `told` outlives the process, as receivers do."""

    def __init__(self, store: Store, told: list[tuple[str, str]], on_done: Callable[[NamespacedName], None]) -> None:
        self._held = store
        self._told = told
        self._answer = on_done
        self.waiting: list[tuple[NamespacedName, Notify]] = []

    def start(self, key: NamespacedName, action: Notify) -> None:
        """Keep the notification for later."""
        self._held.observe(key, NotificationsStarted(action.uid))
        self.waiting.append((key, action))

    def deliver(self) -> bool:
        """Send the waiting notifications; whether there were any."""
        waiting, self.waiting = self.waiting, []
        for key, action in waiting:
            self._told += [(receiver, str(action.event["id"])) for receiver in action.receivers]
            if action.uid in self._held.facts(key).deliveries:
                self._held.observe(key, NotificationsEnded(action.uid))
                self._answer(key)
        return bool(waiting)


class Process:
    """One operator process, with everything that is lost at its end."""

    def __init__(self, flow: Flow, crash_at: CrashPoint | None = None) -> None:
        self.clock = flow.clock
        self.api = MemoryApi(flow.cluster, crash_at)
        intake = Intake(flow.clock, defaults=Defaults(receivers=RECEIVERS), monotonic=flow.monotonic)
        self.store, self.queue, self.processes = intake.store, intake.queue, intake.processes
        self.events = RecordedEvents()
        self.logs = MemoryLogs(flow.cluster, flow.controllers, intake)
        self.followed: dict[tuple[str, str], str | None] = {}
        """ConfigMaps by namespace and name, with the version that was delivered last; None: it was not there."""
        self.notifier = MemoryNotifier(self.store, flow.told, self.queue.add)
        self.controller = build_controller(
            self.api,
            intake,
            logs=self.logs,
            notifications=self.notifier,
            events=self.events,
            follow_config_map=self._follow_config_map,
            options=ControllerOptions(
                burst_thresholds=BurstThresholds(many=1, burst=1, in_flight=1), chance=lambda: 1.0, decide=flow.decide
            ),
        )
        self.agenda = self.controller.agenda
        self.looks_ahead = flow.looks_ahead
        self.cluster = flow.cluster
        self.watched = flow.cluster.watch()
        self.delivery: Delivery = flow.delivery
        self.workers = flow.workers
        self.monotonic = flow.monotonic
        if self.delivery == "early":
            self.api.before_answer = self._listen

    async def start(self) -> None:
        """List everything, then evaluate every request."""
        await self.controller.resync.run()
        for key in sorted(self.store.request_keys()):
            self.queue.add(key)

    async def work(self) -> bool:
        """Apply events, then work on one key; whether there was anything to do."""
        # Time has passed, and the operator was not stalled: its timer would have turned every second.
        self.controller.clock_guard.begin()
        self.controller.timer.turn()
        heard = self._listen()
        for queue, reconcile in (
            (self.processes, self.controller.process_reconciler.reconcile),
            (self.queue, self._reconcile),
        ):
            keys = [await queue.get() for _ in range(min(len(queue), self.workers))]
            if keys:
                await asyncio.gather(*(self._work_on(key, queue, reconcile) for key in keys))
                return True
        return self.logs.deliver() or self.notifier.deliver() or heard or await self._look_ahead()

    async def _reconcile(self, key: NamespacedName) -> None:
        """Decide about a request. A decision that raises is a bug, not something to try again."""
        await self.controller.reconciler.reconcile(key)
        for failure in self.store.progress(key).blocked.values():
            assert failure.reason != Reason.INTERNAL_ERROR, f"{key}: the decision raised, see the log"

    async def _look_ahead(self) -> bool:
        """Claim the ticks that are due in a moment; whether there were any."""
        before = len(self.cluster.writes)
        if self.looks_ahead:
            await self.controller.burst.look()
        return len(self.cluster.writes) > before

    def looks_at(self) -> datetime | None:
        """The next instant at which the operator prepares a burst."""
        due, now = self.agenda.next_at(), self.clock()
        return due - _BEFORE if self.looks_ahead and due is not None and due - _BEFORE > now else None

    def works_at(self) -> datetime | None:
        """The instant at which the next key is ready, rounded up, because a clock of microseconds has fewer digits than
        a float."""
        at = self.queue.next_at()
        return self.clock() + timedelta(seconds=at - self.monotonic(), microseconds=1) if at is not None else None

    async def _follow_config_map(self, namespace: str, name: str) -> None:
        # A broken watch of it lists again, so that no change of it is lost, whatever happens to other watches.
        self.followed.pop((namespace, name), None)
        self._look_at_config_map(namespace, name)

    def _look_at_config_map(self, namespace: str, name: str) -> bool:
        body = self.cluster.find(CONFIG_MAP, name, namespace)
        version = None if body is None else body["metadata"]["resourceVersion"]
        if self.followed.get((namespace, name), "") == version:
            return False
        self.followed[namespace, name] = version
        self.store.calendars.apply((namespace, name), copied(body))
        return True

    async def _work_on(
        self,
        key: NamespacedName,
        queue: WorkQueue[NamespacedName],
        reconcile: Callable[[NamespacedName], Awaitable[object]],
    ) -> None:
        try:
            await reconcile(key)
        except ApiError:
            queue.add(key)  # only the status of a Process: its worker tries again
        finally:
            queue.done(key)

    def _listen(self) -> bool:
        events = list(self.watched)
        self.watched.clear()
        for event in self._delivered(events):
            self.store.apply(event.kind, copied(event.body), deleted=event.type == "DELETED", is_answer=False)
        looked = [self._look_at_config_map(*place) for place in list(self.followed)]
        return bool(events) or any(looked)

    def _delivered(self, events: list[WatchEvent]) -> list[WatchEvent]:
        match self.delivery:
            case "twice":
                return [event for event in events for _ in range(2)]
            case "mixed":
                return sorted(events, key=lambda event: event.kind.plural)
            case "lost":
                return []
            case _:
                return events
