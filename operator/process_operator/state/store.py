"""What the operator has seen: the newest version of every object it cares about, and what it found out by its own
looks.

Events come late, twice, or not at all, and our own writes are known before any event of them. So an object is taken
only where its resourceVersion is newer than the one that is held, deletions leave a tombstone that an older list cannot
undo, and everything can be rebuilt from lists (`watch/resync.py`). Every change marks the request it belongs to as
dirty; nothing is decided here. Requests and CronJobs are held as JSON, because ten thousand of them at rest should cost
little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog

from process_operator.decisions.concurrency.lock_holders import lock_holder_of, process_of, started_by
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.ownership import CronJobOfRequest, is_job_of
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import (
    Defaults,
    Delivery,
    DryRun,
    FinishedRun,
    RunObservations,
    Snapshot,
)
from process_operator.decisions.plan.plan import Plan
from process_operator.resources import names
from process_operator.resources.batch.cronjob import parse_cronjob
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod, parse_pod
from process_operator.resources.kinds import (
    CRONJOB,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.process import ConcurrencyPolicy, Process
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request import ProcessRequest, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, StepStatus
from process_operator.resources.types import NamespacedName, Object
from process_operator.state.calendars import Calendars
from process_operator.state.object_cache import EVERY_VERSION, Entry, ObjectCache
from process_operator.state.process_locks import ProcessLocks

_VALUES: Final = 1000
"""Of so many requests with runs the value is kept: each takes some 10 KB."""

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How the run of a step ended, for the open run that has the steps."""

    parent: str
    status: StepStatus | None
    """None: there is no such run."""


@dataclass(slots=True)
class RequestObservations:
    """What was found out about one request by looks and writes of our own; lost at a restart, then found out again."""

    status: ProcessRequestStatus | None = None
    """Decided, not written yet."""
    status_changes: int = field(default=0, compare=False)
    """How often another status was seen than the one that was held."""
    status_written_at: datetime | None = None
    settled_at: datetime | None = field(default=None, compare=False)
    """When all that there was to decide had been decided, lately (UTC)."""
    history: list[FinishedRun] | None = None
    dry_run: DryRun | None = None
    runs: dict[str, RunObservations] = field(default_factory=dict)
    steps: dict[str, StepEnd] = field(default_factory=dict)
    """By the name of the run of a step that is not open."""
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    """Of notifications, by the UID of the run, until the run says what became of them."""
    backfills: dict[str, ProcessBackfillStatus] = field(default_factory=dict)
    """By name: decided, not written yet."""
    backfills_written_at: dict[str, datetime] = field(default_factory=dict)
    blocked: dict[str, Blocked] = field(default_factory=dict)
    """By what it is for (`Need`): the actions that the API server keeps rejecting."""
    dry_run_blocked: Blocked | None = None
    """The dry run of the Job, where the API server gives no answer to it."""
    failures: int = 0
    retry_at: datetime | None = None
    """When the last failure is to be tried again (UTC)."""
    held_until: datetime | None = None
    """Until then the server wants to be left alone about this request (UTC)."""


class Store:
    """All that is known, by request.

    `on_dirty` is called with the key of every request that something changed for, `on_process` with that of every
    Process that changed itself. `on_progress` is called in place of `on_dirty` where a short while does no harm.
    """

    def __init__(
        self,
        *,
        on_dirty: Callable[[NamespacedName], None],
        clock: Callable[[], datetime],
        on_process: Callable[[NamespacedName], None] = lambda _: None,
        on_progress: Callable[[NamespacedName], None] | None = None,
        defaults: Defaults | None = None,
    ) -> None:
        self._on_dirty = on_dirty
        self._on_process = on_process
        self._on_progress = on_progress or on_dirty
        self._clock = clock
        self._defaults = defaults or Defaults()
        self.requests: ObjectCache[bytes] = ObjectCache()
        self.processes: ObjectCache[Process] = ObjectCache()
        self.backfills: ObjectCache[ProcessBackfill] = ObjectCache()
        self.runs: ObjectCache[ProcessRun] = ObjectCache(group=process_of)
        self.cronjobs: ObjectCache[bytes] = ObjectCache()
        self.jobs: ObjectCache[Job] = ObjectCache()
        self.pods: ObjectCache[Pod] = ObjectCache()
        self._users: dict[tuple[str, str], set[NamespacedName]] = {}
        """Requests by the Process they name."""
        self._groups: dict[tuple[str, str], set[tuple[str, str]]] = {}
        """Processes with steps by the Process that a step names."""
        self.calendars = Calendars(on_dirty=on_dirty, clock=clock)
        self._observations: dict[NamespacedName, RequestObservations] = {}
        self._values: dict[NamespacedName, tuple[bytes, ProcessRequest]] = {}
        """Requests that have runs, as values, with the JSON that each was read from."""
        self.locks = ProcessLocks(on_dirty)

    # ---- what is seen

    def take(self, kind: Kind, raw: Object, *, deleted: bool = False) -> None:
        """Take in an object that a watch or a list showed. One that cannot be read is left out, and harms no other."""
        try:
            self.apply(kind, raw, deleted=deleted)
        except Exception:
            about = raw.get("metadata") or {}
            log.exception(
                "an object cannot be read and is left out",
                kind=kind.kind,
                namespace=about.get("namespace"),
                name=about.get("name"),
            )

    def apply(self, kind: Kind, raw: Object, *, deleted: bool = False) -> bool:
        """Take in an object as an event, a list or the answer to a write showed it; say whether it was news."""
        metadata = raw["metadata"]
        namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
        version = int(metadata["resourceVersion"])
        cache: ObjectCache[Any] = self.cache(kind)
        key = self._key_of(kind, raw)
        if key is None:
            return False
        if deleted or (kind is PROCESS_RUN and is_finished(raw)):
            return self._take_end(kind, key, raw, version, deleted=deleted)
        held = cache.get(namespace, name)
        is_same = held is not None and held.uid == uid
        if not cache.is_newer(namespace, name, uid, version):
            return False
        value = self._parse(kind, raw)
        if kind is POD:
            if not self._wants_pod(namespace, value):
                return False
            value = value.since(held.value) if held is not None and is_same else value
        if kind in (JOB, POD) and held is not None and is_same and not held.gone and value == held.value:
            held.version = version  # what was written is nothing that a decision looks at
            return False
        if held is not None and not is_same:
            self._take_place(kind, held, name)
        self._observe(kind, key, raw, value, held)
        cache.put(namespace, name, Entry(version, uid, key, value))
        if self._is_on_its_way(kind, key, value, held):
            self._on_progress(key)
        else:
            self._mark(kind, key)
        self._stir(kind, namespace, name)
        return True

    def _is_on_its_way(self, kind: Kind, key: NamespacedName, value: Any, held: Entry[Any] | None) -> bool:
        """Whether an event only tells that a Job goes on as it should: what follows from that can wait for the next.

        A Job that got a pod, or a ready one; a pod that has ended before its Job says so, which it will in a moment; a
        Job that is over while its log is being read, of which the reader will tell.
        """
        if kind is JOB and value.finished is not None:
            return self._run_observations(key, value.metadata.name).log_wanted
        if kind is JOB:
            return held is not None and _goes_on(held.value) and _goes_on(value) and value.failed == held.value.failed
        if kind is POD:
            job = self.jobs.get(value.metadata.namespace, value.job_name)
            return job is not None and not job.gone and _goes_on(job.value) and value.deleted_at is None
        return False

    def _observe(self, kind: Kind, key: NamespacedName, raw: Object, value: Any, held: Entry[Any] | None) -> None:
        """Draw what follows from a new version before it takes the place of the one that is held."""
        name = raw["metadata"]["name"]
        if kind is PROCESS_REQUEST:
            self._index_user(key, raw)
            if held is not None and held.uid == raw["metadata"]["uid"]:
                self._observe_status(key, raw, orjson.loads(held.value))
        elif kind is PROCESS:
            self._index_steps(key, value)
        elif kind is JOB:
            run = self.runs.get(raw["metadata"]["namespace"], name)
            if run is None or self._is_own_job(run, value):
                self._observe_job(key, name, value, held.value if held is not None else None)
        elif kind is PROCESS_BACKFILL and held is None:
            # No event tells that a finished run was deleted, and a backfill runs what has no run any more.
            self.observations(key).history = None
        elif kind is PROCESS_RUN and key in self._observations:
            self._observations[key].steps.pop(name, None)

    def _observe_status(self, key: NamespacedName, raw: Object, before: Object) -> None:
        """Another status was written than the one that is held: what was decided on top of that one holds no more."""
        if (raw.get("status") or {}) != before["status"]:
            observations = self.observations(key)
            observations.status = None
            observations.status_changes += 1

    def _take_end(self, kind: Kind, key: NamespacedName, raw: Object, version: int, *, deleted: bool) -> bool:
        """Take in that an object is gone, or a run finished."""
        metadata = raw["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        was_open = kind is PROCESS_RUN and self.runs.get(namespace, name) is not None
        is_step = kind is PROCESS_RUN and raw["spec"].get("parent") is not None
        if deleted and was_open and not is_step and not self._is_finishing(key, name):
            # Deleted, or finished by another operator: the event is the same. A list tells, when it matters.
            self.observations(key).history = None
        # The last words of a deleted Job or pod count: they may be the only ones that say how it ended.
        last = self._parse(kind, raw) if deleted and kind in (JOB, POD) else None
        if was_open and is_finished(raw):
            run = ProcessRun.model_validate(raw)
            self.locks.remember((namespace, process_of(run) or ""), [run], whole=False)
        return self._remove(kind, namespace, name, metadata["uid"], version, last)

    def _take_place(self, kind: Kind, held: Entry[Any], name: str) -> None:
        """Another object has the name now: what was found out about the one before holds no more."""
        if kind is PROCESS_RUN:
            self._drop_traces(held.key, name)
            self._mark(kind, held.key)
        elif kind is PROCESS_REQUEST:
            self._forget_request(held.key)
        elif kind is PROCESS_BACKFILL:
            self._forget_backfill(held.key, name)

    def _observe_job(self, key: NamespacedName, name: str, job: Job, before: Job | None) -> None:
        if self._run_observations(key, name).job_absent:
            self.observe_run(key, name, job_absent=False)
        self._observe_running(key, name, job)
        if job.is_ending and before is not None and not before.is_ending:
            self._forget_list_of_pods(key, name)
        if job.finished is not None:
            self._observe_end(key, name)

    def _observe_running(self, key: NamespacedName, name: str, job: Job) -> None:
        """Remember since when a run was seen running, and since when no more; a suspension starts the work over."""
        observations = self._run_observations(key, name)
        if job.is_suspended and observations.running_since is not None:
            self.observe_run(key, name, running_since=None, unready_since=None, log=None, log_pod="")
        elif (
            job.ready
            and job.finished is None
            and (observations.running_since is None or observations.unready_since is not None)
        ):
            self.observe_run(key, name, running_since=observations.running_since or self._clock(), unready_since=None)
        elif not job.ready and observations.running_since is not None and observations.unready_since is None:
            self.observe_run(key, name, unready_since=self._clock())

    def _is_finishing(self, key: NamespacedName, name: str) -> bool:
        return self._run_observations(key, name).finishing

    def _forget_list_of_pods(self, key: NamespacedName, name: str) -> None:
        """What was listed before the end began says nothing about it."""
        if self._run_observations(key, name).pods_listed_at is not None:
            self.observe_run(key, name, pods_listed_at=None)

    def _observe_end(self, key: NamespacedName, name: str) -> None:
        """Remember since when the Job of an open run is known to be over or gone."""
        if self._is_open(key[0], name) and self._run_observations(key, name).ended_at is None:
            self.observe_run(key, name, ended_at=self._clock())

    def reconcile_list(self, kind: Kind, namespace: str | None, seen: set[str], version: int) -> None:
        """Take in a whole list that was read at `version`: what should be in it, is not newer and is not, is gone.

        `seen` holds the UIDs of the list. A pod that has not ended is in no list (`watch/resync.py`): it goes on as it
        was seen.
        """
        cache: ObjectCache[Any] = self.cache(kind)
        vanished = [
            (held_namespace, name, entry)
            for (held_namespace, name), entry in cache.entries.items()
            if entry.uid not in seen
            and entry.version <= version
            and not entry.gone
            and namespace in (None, held_namespace)
            and (kind is not POD or entry.value.has_ended)
        ]
        for held_namespace, name, entry in vanished:
            if kind is PROCESS_RUN:
                self.observations(entry.key).history = None
            self._remove(kind, held_namespace, name, entry.uid, max(version, entry.version))

    def mark_deleted(
        self, kind: Kind, namespace: str, name: str, *, uid: str | None = None, for_good: bool = False
    ) -> None:
        """An answer to a call of ours said that the object is gone (with `uid`: that very one).

        `for_good`: nobody needs to know how it was.
        """
        held = self.cache(kind).get(namespace, name)
        if held is None or uid not in (None, held.uid):
            return
        stirred = self._process_at(kind, namespace, name)
        if for_good:
            self.cache(kind).add_tombstone(held.uid, EVERY_VERSION)
            self.cache(kind).discard(namespace, name)
            self._mark(kind, held.key)
            self.locks.wake_waiters((namespace, stirred))
        else:
            self._remove(kind, namespace, name, held.uid, EVERY_VERSION)

    def confirm(self, kind: Kind, raw: Object, tombstones_added: int) -> None:
        """Take in what the API server answered to a GET: the object is there, though a watch or a list dropped it.

        A watch with a selector shows an object as deleted that only lost its label. `tombstones_added` is the number of the
        shelf from before the GET: what was dropped since then may really be deleted.
        """
        self.cache(kind).remove_tombstone(
            raw["metadata"]["name"], raw["metadata"]["namespace"], raw["metadata"]["uid"], tombstones_added
        )
        self.apply(kind, raw)

    def mark_pods_deleted(self, key: NamespacedName, job_uid: str, *, present: set[str], version: int) -> None:
        """A list of a Job's pods was read at `version`: those that are held, not newer and not in it are gone."""
        for name, entry in list(self.pods.by_request(key).items()):
            is_missing = entry.value.job_uid == job_uid and name not in present and not entry.gone
            if is_missing and entry.version <= version:
                self._remove(POD, key[0], name, entry.uid, version)

    def _remove(self, kind: Kind, namespace: str, name: str, uid: str, version: int, last: Any = None) -> bool:
        cache: ObjectCache[Any] = self.cache(kind)
        cache.add_tombstone(uid, version)
        held = cache.get(namespace, name)
        if held is None or held.uid != uid:
            return False
        stirred = self._process_at(kind, namespace, name)
        if kind is PROCESS_REQUEST:
            self._index_user(held.key, None)  # while it still says which Process it names
        if kind in (JOB, POD) and self._is_open(namespace, name if kind is JOB else held.value.job_name):
            held.gone = True
            seen = held.value
            held.value = seen if last is None or version < held.version else last
            if kind is POD:
                held.value = replace(held.value.since(seen), gone=True)
            else:
                self._observe_end(held.key, name)
        else:
            cache.discard(namespace, name)
        if kind is PROCESS_RUN:
            self._drop_traces(held.key, name)
        if kind is PROCESS_BACKFILL:
            self._forget_backfill(held.key, name)
        if kind is PROCESS_REQUEST:
            self._forget_request(held.key)
            self.locks.release(held.key)
        if kind is PROCESS:
            self._index_steps(held.key, None)
        if kind is not JOB or self._is_missed(namespace, name, held.value):
            self._mark(kind, held.key)
        self.locks.wake_waiters((namespace, stirred))
        return True

    def _is_missed(self, namespace: str, name: str, job: Job) -> bool:
        """Whether anything follows from it that a Job is gone: not where its run is recorded, which took it along."""
        owner = job.controller
        is_ours = owner is not None and owner.kind == PROCESS_RUN.kind
        return not is_ours or job.finished is None or self._is_open(namespace, name)

    def _forget_request(self, key: NamespacedName) -> None:
        """What was found out about a request that is gone holds for none that gets its name; its runs go on."""
        observations = self._observations.get(key)
        if observations is not None:
            self._observations[key] = RequestObservations(runs=observations.runs, steps=observations.steps)

    def _forget_backfill(self, key: NamespacedName, name: str) -> None:
        observations = self._observations.get(key)
        if observations is not None:
            observations.backfills.pop(name, None)
            observations.backfills_written_at.pop(name, None)

    def _drop_traces(self, key: NamespacedName, run: str) -> None:
        """A run that is recorded (or deleted) needs neither its pods nor a Job that is gone."""
        observations = self._observations.get(key)
        if observations is not None:
            observations.runs.pop(run, None)
            observations.steps = {name: end for name, end in observations.steps.items() if end.parent != run}
        for name, pod in list(self.pods.by_request(key).items()):
            if pod.value.job_name == run:
                self.pods.discard(key[0], name)
        job = self.jobs.get(key[0], run)
        if job is not None and job.gone:
            self.jobs.discard(key[0], run)

    # ---- what was found out

    def observations(self, key: NamespacedName) -> RequestObservations:
        """The notes of a request, to be changed by whoever carries out a plan."""
        return self._observations.setdefault(key, RequestObservations())

    def observe_run(self, key: NamespacedName, run: str, **changes: Any) -> None:
        """Change the notes of one run."""
        self.observations(key).runs[run] = replace(self._run_observations(key, run), **changes)

    def _run_observations(self, key: NamespacedName, run: str) -> RunObservations:
        return self.observations(key).runs.get(run, RunObservations())

    def observe_delivery(self, key: NamespacedName, uid: str, delivery: Delivery) -> bool:
        """Say what became of the notifications about a run; whether anybody still wants to know."""
        observations = self._observations.get(key)
        if observations is None or uid not in observations.deliveries:
            return False
        observations.deliveries[uid] = delivery
        return True

    def reset(self) -> None:
        """Another operator may have acted since: what was found out about requests is looked up anew, as at a start."""
        self._observations = {
            key: RequestObservations(
                runs={name: replace(found, job_absent=False) for name, found in observations.runs.items()}
            )
            for key, observations in self._observations.items()
            if observations.runs
        }

    def resync_all(self) -> None:
        """The same, and every request is to be looked at."""
        self.reset()
        for key in self.request_keys():
            self._on_dirty(key)

    def shift_clock(self, by: timedelta) -> None:
        """The clock now shows so much more (or less): what was noted of open runs is carried over to it."""
        self.resync_all()
        for observations in self._observations.values():
            observations.runs = {name: _carried_over(found, by) for name, found in observations.runs.items()}

    def observe_step(self, key: NamespacedName, run: str, parent: str, status: StepStatus | None) -> None:
        """Note how the run of a step ended (None: there is none), as long as the run with the steps is open."""
        if self._is_open(key[0], parent):
            self.observations(key).steps[run] = StepEnd(parent, status)

    def prune(self, key: NamespacedName) -> None:
        """Drop notes that say nothing, so that a request at rest costs only its body."""
        if not self.runs.by_request(key):
            self._values.pop(key, None)
        observations = self._observations.get(key)
        if observations is None:
            return
        if (self.requests.get(*key) is None and not self.runs.by_request(key)) or observations == RequestObservations(
            status_written_at=observations.status_written_at
        ):
            del self._observations[key]

    # ---- what is asked

    def cache(self, kind: Kind) -> ObjectCache[Any]:
        """Where the objects of a kind are."""
        return self._caches()[kind]

    def _caches(self) -> dict[Kind, ObjectCache[Any]]:
        return {
            PROCESS_REQUEST: self.requests,
            PROCESS: self.processes,
            PROCESS_BACKFILL: self.backfills,
            PROCESS_RUN: self.runs,
            CRONJOB: self.cronjobs,
            JOB: self.jobs,
            POD: self.pods,
        }

    def is_held(self, key: NamespacedName, uid: str) -> bool:
        """Whether the request of that name is still the one with this UID."""
        held = self.requests.get(*key)
        return held is not None and held.uid == uid

    def request_keys(self) -> set[NamespacedName]:
        """Every request that there is or that left something behind."""
        return {
            *self.requests.keys(),
            *self.backfills.keys(),
            *self.runs.keys(),
            *self.cronjobs.keys(),
            *self.jobs.keys(),
        }

    def observed_keys(self) -> list[NamespacedName]:
        """Requests that are there, and about which anything was found out."""
        return sorted(key for key in self._observations if self.requests.get(*key) is not None)

    def snapshot(self, key: NamespacedName) -> Snapshot:
        """All that is known about one request, as a value."""
        namespace, name = key
        held = self.requests.get(namespace, name)
        request = self._read(key, held.value) if held is not None else None
        process = None
        if request is not None and request.spec.process is not None:
            entry = self.processes.get(namespace, request.spec.process.name)
            process = entry.value if entry is not None else None
        observations = self._observations.get(key, RequestObservations())
        runs = [entry.value for entry in self.runs.by_request(key).values()]
        pods: dict[str, list[Pod]] = {}
        for pod in self.pods.by_request(key).values():
            pods.setdefault(pod.value.job_name, []).append(pod.value)
        jobs = self.jobs.by_request(key)
        return Snapshot(
            namespace=namespace,
            name=name,
            request=request,
            status=observations.status or (request.status if request is not None else ProcessRequestStatus()),
            process=process,
            step_processes=self._step_processes(namespace, process, runs),
            process_lock=self._process_lock(key, process),
            cronjobs=tuple(
                parse_cronjob(orjson.loads(entry.value)) for entry in self.cronjobs.by_request(key).values()
            ),
            runs=tuple(run for run in runs if run.spec.parent is None),
            step_runs=tuple(run for run in runs if run.spec.parent is not None),
            step_ends={name: end.status for name, end in observations.steps.items()},
            jobs={name: entry.value for name, entry in jobs.items()},
            gone_jobs=frozenset(name for name, entry in jobs.items() if entry.gone),
            pods={job: tuple(found) for job, found in pods.items()},
            observations=dict(observations.runs),
            history=None if observations.history is None else tuple(observations.history),
            backfills=tuple(entry.value for entry in self.backfills.by_request(key).values()),
            backfill_status=dict(observations.backfills),
            dry_run=observations.dry_run,
            blocked=dict(observations.blocked),
            calendars=self.calendars.of(key),
            deliveries=dict(observations.deliveries),
            defaults=self._defaults,
        )

    def _read(self, key: NamespacedName, body: bytes) -> ProcessRequest:
        """A request as a value: the same one again as long as it has runs and stays as it is."""
        known = self._values.get(key)
        if known is not None and known[0] is body:
            return known[1]
        request = ProcessRequest.model_validate(orjson.loads(body))
        if self.runs.by_request(key):
            self._values[key] = body, request
            if len(self._values) > _VALUES:
                del self._values[next(iter(self._values))]
        return request

    def step_processes(self, process: Process) -> dict[str, Process]:
        """The Processes that the steps of one name, by name, as far as they are there."""
        return self._step_processes(process.metadata.namespace, process, ())

    def _step_processes(
        self, namespace: str, process: Process | None, runs: Iterable[ProcessRun]
    ) -> dict[str, Process]:
        wanted = {step.process.name for step in (process.spec.steps or () if process is not None else ())}
        wanted |= {step.process for run in runs for step in run.status.steps or ()}
        found = {name: self.processes.get(namespace, name) for name in wanted}
        return {name: entry.value for name, entry in found.items() if entry is not None}

    # ---- lines before Processes that are shared under a policy

    def request_lock(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, now: datetime) -> None:
        """Note what a decision wants of the Process of its request, and what it is about to start."""
        process = snapshot.process
        if process is None or snapshot.process_lock is None:
            self.locks.release(key)
            return
        where = key[0], process.metadata.name
        going = {
            run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs) if run.status.steps or run.spec.parent
        }
        grants = started_by(plan.actions, plan.ask.due if plan.ask is not None else now, key[1], going=going)
        self.locks.request(where, key, plan.ask, grants, now, settled=not plan.actions)

    def back_off(self, key: NamespacedName, *, grants: bool) -> None:
        """A decision failed: others do not wait for this request until it is decided again."""
        held = self.requests.get(*key)
        where = _process_of(key, orjson.loads(held.value)) if held is not None else None
        process = self.processes.get(*where) if where is not None else None
        if where is not None and process is not None and _is_shared(process.value):
            self.locks.back_off(where, key, grants=grants)

    def _process_lock(self, key: NamespacedName, process: Process | None) -> ProcessLock | None:
        if process is None or not _is_shared(process):
            return None
        held = self.requests.get(*key)
        own, where = held.uid if held is not None else None, (key[0], process.metadata.name)
        # Runs of a request that had the name before hold the lock as all other runs do.
        holders = (
            holder
            for name, entry in self.runs.by_group(*where).items()
            if not (entry.key == key and entry.value.metadata.labels.get(names.LABEL_REQUEST_UID) == own)
            and (holder := lock_holder_of(entry.value, self._job_of(entry, name))) is not None
        )
        return self.locks.lock(where, key, self._users.get(where, ()), holders)

    def _job_of(self, run: Entry[ProcessRun], name: str) -> Job | None:
        held = self.jobs.get(run.key[0], name)
        return held.value if held is not None and self._is_own_job(run, held.value) else None

    def _is_own_job(self, run: Entry[ProcessRun], job: Job) -> bool:
        request, owner = self.requests.get(*run.key), job.controller
        cronjob = None
        if request is not None and owner is not None and owner.kind == CRONJOB.kind:
            held = self.cronjobs.get(run.key[0], names.child_stem(run.key[1], request.uid))
            cronjob = CronJobOfRequest(owner.name, held.uid) if held is not None else None
        return is_job_of(run.value, job, cronjob)

    def _process_at(self, kind: Kind, namespace: str, name: str) -> str:
        """The Process that a run or Job belongs to; empty where there is none."""
        run = self.runs.get(namespace, name) if kind in (PROCESS_RUN, JOB) else None
        return (process_of(run.value) or "") if run is not None else ""

    def _stir(self, kind: Kind, namespace: str, name: str) -> None:
        self.locks.wake_waiters((namespace, self._process_at(kind, namespace, name)))

    # ---- how objects belong together

    def _key_of(self, kind: Kind, raw: Object) -> NamespacedName | None:
        metadata = raw["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if kind is PROCESS_REQUEST or kind is PROCESS:
            return namespace, name
        if kind is PROCESS_RUN or kind is PROCESS_BACKFILL:
            return namespace, raw["spec"]["request"]["name"]
        owner = next((owner for owner in metadata.get("ownerReferences") or () if owner.get("controller")), None)
        of_owner = self._key_of_owner(kind, namespace, owner) if owner is not None else None
        if of_owner is not None:
            return of_owner
        request = (metadata.get("labels") or {}).get(names.LABEL_REQUEST)
        return (namespace, request) if request is not None else None

    def _key_of_owner(self, kind: Kind, namespace: str, owner: Object) -> NamespacedName | None:
        """The request that a controller belongs to: it is proof, and labels are none."""
        if kind is CRONJOB:
            return (namespace, owner["name"]) if self.is_held((namespace, owner["name"]), owner["uid"]) else None
        held: Entry[Any] | None = self.cache(JOB if kind is POD else PROCESS_RUN).get(namespace, owner["name"])
        return held.key if held is not None and held.uid == owner["uid"] else None

    def _index_user(self, key: NamespacedName, raw: Object | None) -> None:
        held = self.requests.get(*key)
        before = _process_of(key, orjson.loads(held.value)) if held is not None else None
        if before is not None:
            self._users[before].discard(key)
        if raw is not None and (process := _process_of(key, raw)) is not None:
            self._users.setdefault(process, set()).add(key)
        self.calendars.index(key, raw)

    def _index_steps(self, key: tuple[str, str], process: Process | None) -> None:
        held = self.processes.get(*key)
        for step in held.value.spec.steps or () if held is not None else ():
            self._groups.get((key[0], step.process.name), set()).discard(key)
        for step in process.spec.steps or () if process is not None else ():
            self._groups.setdefault((key[0], step.process.name), set()).add(key)

    def _mark(self, kind: Kind, key: NamespacedName) -> None:
        if kind is PROCESS:
            for process in (key, *sorted(self._groups.get(key, ()))):
                self._on_process(process)
                for user in sorted(self._users.get(process, ())):
                    self._on_dirty(user)
        else:
            self._on_dirty(key)

    def _is_open(self, namespace: str, run: str) -> bool:
        return self.runs.get(namespace, run) is not None

    def _wants_pod(self, namespace: str, pod: Pod) -> bool:
        """Pods of runs that are recorded are not held: they stay in the cluster as long as their Jobs."""
        job = self.jobs.get(namespace, pod.job_name)
        return self._is_open(namespace, pod.job_name) or (job is not None and job.value.finished is None)

    @staticmethod
    def _parse(kind: Kind, raw: Object) -> Any:
        if kind is PROCESS_REQUEST:
            return _packed(_slim(raw))
        if kind is CRONJOB:
            return _packed(_slim_cronjob(raw))
        if kind is PROCESS:
            return Process.model_validate(raw)
        if kind is PROCESS_BACKFILL:
            return ProcessBackfill.model_validate(raw)
        if kind is PROCESS_RUN:
            return ProcessRun.model_validate(raw)
        return {JOB: parse_job, POD: parse_pod}[kind](raw)


def is_finished(run: Object) -> bool:
    """Whether a ProcessRun, as the API gives it, is over."""
    phase = (run.get("status") or {}).get("phase", "Pending")
    return phase not in ("Pending", "Running")


def _goes_on(job: Job) -> bool:
    """Whether a Job neither waits nor comes to an end."""
    return job.finished is None and not job.is_ending and not job.is_suspended


def _carried_over(observations: RunObservations, by: timedelta) -> RunObservations:
    times = {item.name: getattr(observations, item.name) for item in fields(observations)}
    changed: dict[str, Any] = {name: value + by for name, value in times.items() if isinstance(value, datetime)}
    refused = observations.create_rejected
    return replace(observations, **changed, create_rejected=None if refused is None else refused.carried_over(by))


def _process_of(key: NamespacedName, raw: Object) -> tuple[str, str] | None:
    process = (raw["spec"].get("process") or {}).get("name")
    return (key[0], process) if process else None


def _is_shared(process: Process) -> bool:
    """Whether the requests of a Process wait for each other."""
    return process.spec.concurrency_policy != ConcurrencyPolicy.ALLOW


def _slim(raw: Object) -> dict[str, Any]:
    """The body without what no decision reads and `kubectl apply` makes large."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations") or {}
    metadata["annotations"] = {key: value for key, value in annotations.items() if key == names.ANNOTATION_RESCHEDULE}
    return {"metadata": metadata, "spec": raw["spec"], "status": raw.get("status") or {}}


def _slim_cronjob(raw: Object) -> dict[str, Any]:
    """The body without what its template made large: the hash among the annotations says whether that is in line."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    spec = {key: value for key, value in raw["spec"].items() if key != "jobTemplate"}
    return {"metadata": metadata, "spec": spec, "status": raw.get("status") or {}}


def _packed(body: dict[str, Any]) -> bytes:
    # A copy, because orjson hands out its whole buffer, which is several times as large.
    return bytes(memoryview(orjson.dumps(body)))
