"""A whole operator on a fake clock and a cluster in memory: everything but kopf, HTTP and the real time.

A scenario is an async function of a `Flow`: it applies requests, lets time pass with `advance`, and looks at what is
there. `crash` throws away all that the operator holds in memory; what comes after begins with a resync, as a new
process does. `invariants.py` has what must hold at the end of every scenario.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from tests.flow.controllers import Controllers, Work
from tests.flow.job_queue import JobQueue
from tests.flow.memory_api import Body, Clock, Cluster, Crash, CrashPoint, MemoryApi, WatchEvent, copied

from process_operator.cluster.errors import ApiError
from process_operator.controller.burst import BurstThresholds
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.actions import KillJob, Notify, ReadLog
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.run.log_text import build_run_log
from process_operator.decisions.run.pods import log_source
from process_operator.resources.batch.job import parse_job
from process_operator.resources.batch.pod import parse_pod
from process_operator.resources.conditions import Reason
from process_operator.resources.kinds import (
    CONFIG_MAP,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
)
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.names import ANNOTATION_AHEAD, LABEL_PROCESS
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus
from process_operator.resources.receiver import Receiver
from process_operator.resources.schedule import Schedule
from process_operator.resources.types import NamespacedName
from process_operator.state.request_observations import NotificationsEnded, NotificationsStarted
from process_operator.state.run_observations import LogRead, LogRequested
from process_operator.state.store import Store
from process_operator.wiring import ControllerOptions, Intake, build_controller

BEGIN: Final = datetime(2027, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""Monday noon, and a fraction, because no clock ever shows a whole second."""
RECEIVERS: Final = (
    Receiver(name="hook", url="https://hook.example.com", namespaces=("*",)),
    Receiver(name="theirs", url="https://theirs.example.com", namespaces=("elsewhere",)),
)
_BEFORE: Final = timedelta(seconds=2)
"""So long before what is due the operator looks ahead, where it does."""
_PATIENCE: Final = 400
"""Rounds without progress of the clock after which something is taken to run in circles."""

Delivery = Literal["prompt", "early", "twice", "mixed", "lost"]
"""`early`: the event of a write comes before its answer. `mixed`: watches of different kinds have no common order, so
here they come by kind."""


class RecordedEvents:
    """Events are hints and no part of what is tested here: they are only kept."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []

    def record(self, involved: Mapping[str, str], reason: str, message: str, **more: Any) -> None:
        """Keep it."""
        self.said.append((reason, str(more.get("about") or involved["name"]), message))


@dataclass
class _Reading:
    key: NamespacedName
    run: str
    source: LogSource
    tail_bytes: int
    opened: bool


class MemoryLogs:
    """Reads logs of the pods in memory: at once when the pod has ended, else when it does."""

    def __init__(self, cluster: Cluster, controllers: Controllers, intake: Intake) -> None:
        self._cluster = cluster
        self._controllers = controllers
        self._intake = intake
        self._held = intake.store
        self.readings: list[_Reading] = []

    def start(self, key: NamespacedName, action: ReadLog) -> None:
        """Begin to read."""
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
        source = log_source(parse_job(job), mine, action.container)
        if source.pod is None or source.previous:
            return
        self._held.observe(key, LogRequested(action.run))
        self._begin(_Reading(key, action.run, source, action.tail_bytes, opened=False))

    def _begin(self, reading: _Reading) -> None:
        pod = self._cluster.find(POD, reading.source.pod or "", reading.key[0])
        reading.opened = pod is not None
        self.readings.append(reading)

    def deliver(self) -> bool:
        """Hand over what can be read by now; whether anything was."""
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
    """Delivers when the operator has nothing else to do. `told` outlives the process, as receivers do."""

    def __init__(self, store: Store, told: list[tuple[str, str]], on_done: Callable[[NamespacedName], None]) -> None:
        self._held = store
        self._told = told
        self._answer = on_done
        self.waiting: list[tuple[NamespacedName, Notify]] = []

    def start(self, key: NamespacedName, action: Notify) -> None:
        """Keep it for later."""
        self._held.observe(key, NotificationsStarted(action.uid))
        self.waiting.append((key, action))

    def deliver(self) -> bool:
        """Send what waits; whether anything did."""
        waiting, self.waiting = self.waiting, []
        for key, action in waiting:
            self._told += [(receiver, str(action.event["id"])) for receiver in action.receivers]
            if action.uid in self._held.facts(key).deliveries:
                self._held.observe(key, NotificationsEnded(action.uid))
                self._answer(key)
        return bool(waiting)


class Process:
    """One operator process: everything that is lost when it ends."""

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
        """List everything, then look at every request."""
        await self.controller.resync.run()
        for key in sorted(self.store.request_keys()):
            self.queue.add(key)

    async def work(self) -> bool:
        """Take in events, then work on one key; whether there was anything to do."""
        # Time has passed, and the operator has not stood still: its timer would have turned every second.
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
        """Claim what is due in a moment; whether anything was."""
        before = len(self.cluster.writes)
        if self.looks_ahead:
            await self.controller.burst.look()
        return len(self.cluster.writes) > before

    def looks_at(self) -> datetime | None:
        """When it next looks ahead."""
        due, now = self.agenda.next_at(), self.clock()
        return due - _BEFORE if self.looks_ahead and due is not None and due - _BEFORE > now else None

    def works_at(self) -> datetime | None:
        """When the next key is ready; rounded up, because a clock of microseconds has fewer digits than a float."""
        at = self.queue.next_at()
        return self.clock() + timedelta(seconds=at - self.monotonic(), microseconds=1) if at is not None else None

    async def _follow_config_map(self, namespace: str, name: str) -> None:
        # Listed anew where its watch breaks, so that no change of it is lost, whatever happens to other watches.
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


@dataclass
class Flow:
    """A cluster, its controllers and one operator (or several), on one clock."""

    crash_at: CrashPoint | None = None
    away: timedelta = timedelta()
    """How long the operator is away after the crash."""
    operators: int = 1
    workers: int = 1
    """Requests that an operator works on at the same moment."""
    delivery: Delivery = "prompt"
    looks_ahead: bool = False
    """Whether ticks are claimed before they are due, as those of a burst are."""
    resync_every: timedelta = timedelta()
    """How often everything is listed again; 0: only at the start."""
    is_late: bool = False
    """Things may happen later than a scenario thinks."""
    clock: Clock = field(default_factory=lambda: Clock(BEGIN))
    crashes: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.clock)
        self.controllers = Controllers(self.cluster)
        self.processes: list[Process] = []
        self.said: list[tuple[str, str, str]] = []
        self.decisions: Counter[tuple[str, ...]] = Counter()
        """Number of decisions, by the kinds of the actions that each planned."""
        self.told: list[tuple[str, str]] = []
        """Receiver and id of each event that arrived."""
        self.together: set[tuple[str, tuple[str, ...]]] = set()
        """Runs of one Process that were seen to work at the same time."""
        self._set_by = timedelta()
        self._resync_at = self.clock.now + self.resync_every if self.resync_every else None
        self.calendars: dict[str, list[Schedule]] = {}
        """Of requests whose timing was edited: the schedule that summaries follow."""

    def decide(self, snapshot: Snapshot, now: datetime) -> Plan:
        """Decide as the operator does, and count the decision."""
        plan = decide(snapshot, now)
        self.decisions[tuple(sorted({type(action).__name__ for action in plan.actions}))] += 1
        return plan

    # ---- time

    def monotonic(self) -> float:
        """Seconds of a clock that nobody can set."""
        return (self.clock.now - self._set_by).timestamp()

    async def start(self) -> None:
        """Start the operator (or operators)."""
        for _ in range(self.operators):
            await self._begin_process(self._crash_ahead)
        await self.settle()

    async def stop(self) -> None:
        """End all operators; time goes on without them."""
        for process in self.processes:
            self._end_process(process)
        self.processes = []

    async def shut_down(self) -> None:
        """End all operators in order, as SIGTERM does."""
        for process in self.processes:
            await process.controller.reconciler.flush()
        await self.stop()

    async def crash(self) -> None:
        """End the operators and start as many new ones at once."""
        await self.stop()
        await self.start()

    async def to(self, seconds: float) -> None:
        """Let time pass until so many seconds after the beginning."""
        await self.until(BEGIN + timedelta(seconds=seconds))

    async def advance(self, seconds: float) -> None:
        """Let time pass, from one thing that is due to the next."""
        await self.until(self.clock.now + timedelta(seconds=seconds))

    async def until(self, end: datetime) -> None:
        """Let time pass until an instant."""
        stuck = 0
        while True:
            await self.settle()
            due = min((at for at in self._instants() if at is not None), default=end)
            if due > end or self.clock.now >= end:
                break
            stuck = stuck + 1 if due <= self.clock.now else 0
            assert stuck < _PATIENCE, f"asks again and again to be looked at in the past: {due} at {self.clock.now}"
            self.clock.now = max(self.clock.now, due)
            if self._resync_at is not None and self.clock.now >= self._resync_at:
                self._resync_at = self.clock.now + self.resync_every
                await self.resync()
        self.clock.now = max(self.clock.now, end)
        await self.settle()

    async def settle(self) -> None:
        """Work until nothing is left to do at this moment."""
        for _ in range(_PATIENCE):
            acted = self.controllers.step()
            acted = any(await asyncio.gather(*map(self._work, self.processes))) or acted
            self._look_at_processes()
            if not acted:
                return
        keys = [key for process in self.processes for key in process.agenda.pop_due(self.clock())]
        writes = [str(write) for write in self.cluster.writes[-6:]]
        raise AssertionError(f"runs in circles at {self.clock.now}: {keys}; last writes: {writes}")

    def set_clock(self, by: timedelta) -> None:
        """The clock is set, and the operators notice (`controller/clock_guard.py`)."""
        self.clock.now += by
        self._set_by += by

    async def stand_still(self, seconds: float) -> None:
        """The operator stands still for so long, unheard of what happens, while another one works; then both work."""
        still, self.processes = self.processes, []
        await self._begin_process(None)
        await self.advance(seconds)
        self.processes += still
        for process in still:
            process.watched.clear()
            process.controller.clock_guard.check()

    def _look_at_processes(self) -> None:
        works: dict[str, list[str]] = {}
        for body in self.cluster.all(PROCESS_RUN):
            process = body["metadata"].get("labels", {}).get(LABEL_PROCESS)
            if process is not None and body["status"].get("steps") and "endTime" not in body["status"]:
                works.setdefault(process, []).append(body["metadata"]["name"])
        for body in self.cluster.all(JOB):
            run = self.cluster.find(PROCESS_RUN, body["metadata"]["name"])
            process = run["metadata"].get("labels", {}).get(LABEL_PROCESS) if run is not None else None
            if process is None:
                continue
            job = parse_job(body)
            if job.finished is None and not job.is_suspended and job.start_time is not None:
                works.setdefault(process, []).append(job.metadata.name)
        self.together |= {(process, tuple(sorted(jobs))) for process, jobs in works.items() if len(jobs) > 1}

    async def resync(self) -> None:
        """List everything, as the operator does now and then."""
        for process in self.processes:
            await process.controller.resync.run()
        await self.settle()

    def deliver(self, how: Delivery) -> None:
        """Say how events reach the operators from now on."""
        self.delivery = how
        for process in self.processes:
            process.delivery = how

    async def _work(self, process: Process) -> bool:
        try:
            return await process.work()
        except Crash:
            self.crashes += 1
            self._end_process(process)
            self.processes.remove(process)
            if self.away:
                burst, self.away = self.away, timedelta()
                await self.advance(burst.total_seconds())
            await self._begin_process(None)
            return True

    async def _begin_process(self, crash_at: CrashPoint | None) -> None:
        process = Process(self, crash_at)
        self.processes.append(process)
        await process.start()

    def _end_process(self, process: Process) -> None:
        self.said += process.events.said
        process.events.said = []
        self.cluster.unwatch(process.watched)

    def _instants(self) -> list[datetime | None]:
        agendas = (
            at
            for process in self.processes
            for at in (process.agenda.next_at(), process.looks_at(), process.works_at())
        )
        return [self.controllers.next_at(), self._resync_at, *agendas]

    @property
    def _crash_ahead(self) -> CrashPoint | None:
        is_ahead = self.crash_at is not None and self.crash_at.write > len(self.cluster.writes)
        return self.crash_at if is_ahead else None

    # ---- what people do

    def apply(self, name: str = "job", **spec: Any) -> Body:
        """`kubectl apply` of a ProcessRequest (with a template of its own, unless a process is named)."""
        if "process" not in spec:
            spec.setdefault("jobTemplate", template())
        if self.cluster.find(PROCESS_REQUEST, name) is None:
            return self.cluster.create(PROCESS_REQUEST, {"metadata": {"name": name}, "spec": spec})
        return self.edit(name, **spec)

    def edit(self, name: str = "job", **spec: Any) -> Body:
        """Change fields of a request's spec."""
        found = self.cluster.read(PROCESS_REQUEST, name)
        operations = [{"op": "add", "path": f"/spec/{field}", "value": value} for field, value in spec.items()]
        return self.cluster.patch(PROCESS_REQUEST, found["metadata"]["namespace"], name, operations)

    def reschedule(self, value: str, name: str = "job") -> None:
        """`kubectl annotate --overwrite processrequest NAME process-operator.io/reschedule=VALUE`."""
        annotations = {"process-operator.io/reschedule": value}
        self.cluster.patch(PROCESS_REQUEST, "default", name, {"metadata": {"annotations": annotations}})

    def apply_process(self, name: str, **spec: Any) -> Body:
        """`kubectl apply` of a Process."""
        return self.cluster.create(PROCESS, {"metadata": {"name": name}, "spec": {"jobTemplate": template(), **spec}})

    def run_now(self, name: str, request: str = "job", **spec: Any) -> Body:
        """`kubectl create` of a run by hand."""
        body = {"metadata": {"name": name}, "spec": {"request": {"name": request}, **spec}}
        return self.cluster.create(PROCESS_RUN, body)

    def cancel(self, run: str) -> None:
        """`kubectl patch processrun RUN -p '{"spec": {"cancel": true}}'`."""
        self.cluster.patch(PROCESS_RUN, "default", run, {"spec": {"cancel": True}})

    def work(self, **work: Any) -> None:
        """Say what every Job does from now on."""
        self.controllers.work = lambda _name: Work(**work)

    def refuse(self, verb: str, kind: Any, error: ApiError | None) -> None:
        """Let the server refuse a verb on a kind; None: no more."""
        if error is None:
            self.cluster.refusals.pop((verb, kind), None)
        else:
            self.cluster.refusals[verb, kind] = lambda _body: error

    def queue_jobs(self, *, quota: int = 1, has_default: bool = False) -> JobQueue:
        """Install a queue for Jobs, as Kueue is one."""
        queue = JobQueue(self.cluster, quota=quota, has_default=has_default)
        self.cluster.webhooks[JOB] = queue.admit
        self.controllers.queue = queue
        return queue

    def suspend_job(self, name: str = "", *, suspend: bool = True) -> None:
        """`kubectl patch job NAME -p '{"spec": {"suspend": true}}'`, or false; all Jobs where none is named."""
        for job in [name] if name else self.jobs():
            if self.cluster.find(JOB, job) is not None:
                self.cluster.patch(JOB, "default", job, {"spec": {"suspend": suspend}})

    def config_map(self, name: str, **data: str) -> None:
        """`kubectl apply` of a ConfigMap."""
        body = {"metadata": {"name": name}, "data": data}
        if self.cluster.find(CONFIG_MAP, name) is None:
            self.cluster.create(CONFIG_MAP, body)
        else:
            self.cluster.patch(CONFIG_MAP, "default", name, body)

    def delete_config_map(self, name: str) -> None:
        """`kubectl delete configmap`."""
        self.cluster.delete(CONFIG_MAP, name)

    def backfill(self, name: str, begin: float, end: float, *, request: str = "job", **spec: Any) -> None:
        """Apply a ProcessBackfill, from and to so many seconds after the beginning."""
        body = {"request": {"name": request}, "from": later(begin), "to": later(end), **spec}
        self.cluster.create(PROCESS_BACKFILL, {"metadata": {"name": name}, "spec": body})

    def cancel_backfill(self, name: str) -> None:
        """Cancel a ProcessBackfill."""
        self.cluster.patch(PROCESS_BACKFILL, "default", name, {"spec": {"cancel": True}})

    def backfilled(self, name: str) -> ProcessBackfill:
        """A ProcessBackfill as it is on the server."""
        return ProcessBackfill.model_validate(self.cluster.read(PROCESS_BACKFILL, name))

    def cancel_newest(self, request: str = "job") -> None:
        """Cancel the newest run of a request, if there is one."""
        for run in self.runs(request)[-1:]:
            self.cancel(run.metadata.name)

    def delete_newest(self, request: str = "job") -> None:
        """`kubectl delete processrun` of the newest run of a request, if there is one."""
        for run in self.runs(request)[-1:]:
            self.cluster.delete(PROCESS_RUN, run.metadata.name)

    def delete_jobs(self) -> None:
        """`kubectl delete jobs --all`."""
        for name in self.jobs():
            self.cluster.delete(JOB, name)

    # ---- what people see

    def expect(self, seen: Callable[[], object], wanted: object, *, undisturbed: bool = False) -> None:
        """Check what is there in the middle of a scenario; not where things are late, because then it may differ.

        `undisturbed`: a crash alone may change it (what is coalesced, and counts for people).
        """
        if not self.is_late and not (undisturbed and self.crash_at is not None):
            found = seen()
            assert found == wanted

    def request(self, name: str = "job") -> ProcessRequest:
        """A request as it is on the server."""
        return ProcessRequest.model_validate(self.cluster.read(PROCESS_REQUEST, name))

    def runs(self, request: str = "job", *, pruned: bool = False) -> list[ProcessRun]:
        """The runs of a request, oldest tick first; with `pruned` also those that are deleted, as they were last."""
        bodies = self.cluster.all(PROCESS_RUN) + (self._removed() if pruned else [])
        runs = [ProcessRun.model_validate(body) for body in bodies]
        mine = [run for run in runs if run.spec.request.name == request]
        return sorted(mine, key=lambda run: (run.spec.scheduled_time or created(run), run.metadata.name))

    def _removed(self) -> list[Body]:
        """The runs that are deleted, as they were last; not the claims that were withdrawn, which never were runs."""
        withdrawn = {body["metadata"]["uid"] for body in self.withdrawn()}
        return [body for body in self.cluster.deleted[PROCESS_RUN] if body["metadata"]["uid"] not in withdrawn]

    def withdrawn(self) -> list[Body]:
        """The runs that were made ahead of their ticks and deleted before they had a Job."""
        jobs = [*self.cluster.all(JOB), *self.cluster.deleted[JOB]]
        started = {owner["uid"] for job in jobs for owner in job["metadata"].get("ownerReferences") or ()}
        return [
            body
            for body in self.cluster.deleted[PROCESS_RUN]
            if "endTime" not in body["status"] and body["metadata"]["uid"] not in started
            if ANNOTATION_AHEAD in body["metadata"].get("annotations", {})
        ]

    def newest(self, request: str = "job") -> ProcessRunStatus:
        """The status of the newest run of a request."""
        return self.runs(request)[-1].status

    def heard(self) -> list[tuple[str, str, str]]:
        """Reason, object and message of every Event, of processes that ended too."""
        return [*self.said, *(said for process in self.processes for said in process.events.said)]

    def verdict(self, name: str = "job") -> tuple[str, str]:
        """Phase of a request, and the reason of its condition Accepted."""
        status = self.request(name).status
        return str(status.phase), next(found.reason for found in status.conditions if found.type == "Accepted")

    def run(self, name: str) -> ProcessRun:
        """One run as it is on the server."""
        return ProcessRun.model_validate(self.cluster.read(PROCESS_RUN, name))

    def phases(self, request: str = "job", *, pruned: bool = False) -> list[str]:
        """`Phase/Reason` of each run of a request, oldest tick first; a summary with its count."""
        return [shown(run) for run in self.runs(request, pruned=pruned)]

    def requests_seen(self) -> list[str]:
        """Names of all requests that ever had a run."""
        bodies = self.cluster.all(PROCESS_RUN) + self._removed()
        return sorted({body["spec"]["request"]["name"] for body in bodies})

    def schedules(self) -> list[str]:
        """Names of the requests that are there and have a schedule."""
        bodies = self.cluster.all(PROCESS_REQUEST)
        return [body["metadata"]["name"] for body in bodies if "schedule" in body["spec"]["timing"]]

    def jobs(self) -> list[str]:
        """Names of the Jobs that are there."""
        return [job["metadata"]["name"] for job in self.cluster.all(JOB)]

    def counts(self) -> Counter[str]:
        """How often each phase occurs among all runs that ever were, summaries with their counts."""
        counter: Counter[str] = Counter()
        for body in [*self.cluster.all(PROCESS_RUN), *self._removed()]:
            summary = body["status"].get("summary")
            counter[body["status"]["phase"]] += summary["count"] if summary else 1
        return counter


def created(run: ProcessRun) -> datetime:
    """When a run was made."""
    assert run.metadata.creation_timestamp is not None
    return run.metadata.creation_timestamp


def shown(run: ProcessRun) -> str:
    """A run in a word."""
    text = f"{run.status.phase}/{run.status.reason or ''}".rstrip("/")
    return text + (f" x{run.status.summary.count}" if run.status.summary is not None else "")


def template(**container: Any) -> Body:
    """A Job template with one container."""
    main = {"name": "main", "image": "busybox", "command": ["true"], **container}
    return {"spec": {"backoffLimit": 0, "template": {"spec": {"containers": [main]}}}}


def at(text: str) -> datetime:
    """An instant of the day on which every scenario begins, from `HH:MM:SS`."""
    return parse_instant(f"{BEGIN:%Y-%m-%d}T{text}Z")


def later(seconds: float) -> str:
    """An instant some seconds after the beginning, as it is written in a manifest."""
    return format_instant(BEGIN.replace(microsecond=0) + timedelta(seconds=seconds))


__all__ = ["BEGIN", "Flow", "Work", "at", "created", "deque", "later", "shown", "template"]
