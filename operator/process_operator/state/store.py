"""What the operator has seen: the newest version of every object it cares about, and what it found out by its own
looks.

Events come late, twice, or not at all, and our own writes are known before any event of them. So an object is taken
only where its resourceVersion is newer than the one that is held, deletions leave a tombstone that an older list cannot
undo, and everything can be rebuilt from lists (`watch/resync.py`). Every change marks the request it belongs to as
dirty; nothing is decided here. Neighbours: `caches.py` and `observations.py` hold what is known, `codec.py` says in
which form, `owners.py` to which request an object belongs, and `snapshots.py` reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import structlog

from process_operator.decisions.concurrency.lock_holders import process_of
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.inputs.significance import (
    Urgency,
    deletion_matters,
    is_relevant_pod,
    job_urgency,
    pod_urgency,
)
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.batch.pod import Pod
from process_operator.resources.kinds import JOB, POD, PROCESS, PROCESS_BACKFILL, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.process import Process
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import NamespacedName, Object
from process_operator.state.caches import Caches
from process_operator.state.calendars import Calendars
from process_operator.state.codec import encode, is_finished
from process_operator.state.facts import RequestFacts
from process_operator.state.object_cache import EVERY_VERSION, Entry, ObjectCache
from process_operator.state.observations import ObservedRequests, RequestObservations
from process_operator.state.owners import OwnerIndex
from process_operator.state.reducer import Observation
from process_operator.state.request_observations import ClockSet, HistoryOutdated, RunClosed, StepOpened
from process_operator.state.run_observations import JobDeleted, JobSeen
from process_operator.state.shared_processes import SharedProcesses
from process_operator.state.snapshots import SnapshotReader

log = structlog.get_logger("process_operator")


_NO_RUN_FACTS: Final = RunObservations()


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
        self._caches = Caches()
        self.requests, self.processes, self.backfills = (
            self._caches.requests,
            self._caches.processes,
            self._caches.backfills,
        )
        self.runs, self.jobs, self.pods = self._caches.runs, self._caches.jobs, self._caches.pods
        self._owners = OwnerIndex(self._caches)
        self._clock = clock
        self._observed = ObservedRequests()
        self._shared = SharedProcesses(self._caches, self._owners, on_dirty)
        self.locks = self._shared.locks
        self.calendars = Calendars(on_dirty=on_dirty, clock=clock)
        self._snapshots = SnapshotReader(self._caches, self.calendars, self._shared, defaults or Defaults())

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
        key = self._owners.key_of(kind, raw)
        if key is None:
            return False
        if deleted or (kind is PROCESS_RUN and is_finished(raw)):
            return self._take_end(kind, key, raw, version, deleted=deleted)
        held = cache.get(namespace, name)
        is_same = held is not None and held.uid == uid
        if not cache.is_newer(namespace, name, uid, version):
            return False
        value = encode(kind, raw)
        if kind is POD:
            if not self._is_relevant(namespace, value):
                return False
            value = value.since(held.value) if held is not None and is_same else value
        if kind in (JOB, POD) and held is not None and is_same and not held.gone and value == held.value:
            held.version = version  # what was written is nothing that a decision looks at
            return False
        if held is not None and not is_same:
            self._take_place(kind, held, name)
        self._observe(kind, key, raw, value, held)
        cache.put(namespace, name, Entry(version, uid, key, value))
        if self._urgency_of(kind, key, value, held) is Urgency.BATCHED:
            self._on_progress(key)
        else:
            self._mark(kind, key)
        self.locks.wake_waiters(self._shared.process_at(kind, namespace, name))
        return True

    def _urgency_of(self, kind: Kind, key: NamespacedName, value: Any, held: Entry[Any] | None) -> Urgency:
        if kind is JOB:
            is_log_being_read = self._run_facts(key, value.metadata.name).log_wanted
            return job_urgency(value, held.value if held is not None else None, is_log_being_read=is_log_being_read)
        if kind is POD:
            job = self.jobs.get(value.metadata.namespace, value.job_name)
            return pod_urgency(value, job.value if job is not None and not job.gone else None)
        return Urgency.IMMEDIATE

    def _is_relevant(self, namespace: str, pod: Pod) -> bool:
        job = self.jobs.get(namespace, pod.job_name)
        is_run_open = self._caches.is_open(namespace, pod.job_name)
        return is_relevant_pod(job.value if job is not None else None, is_run_open=is_run_open)

    def _observe(self, kind: Kind, key: NamespacedName, raw: Object, value: Any, held: Entry[Any] | None) -> None:
        """Draw what follows from a new version before it takes the place of the one that is held."""
        name = raw["metadata"]["name"]
        if kind is PROCESS_REQUEST:
            self._owners.index_request(key, raw)
            self.calendars.index(key, raw)
            is_same = held is not None and held.uid == raw["metadata"]["uid"]
            if held is not None and is_same and (raw.get("status") or {}) != orjson.loads(held.value)["status"]:
                self._observed.mark_status_changed(key)
        elif kind is PROCESS:
            self._owners.index_process(key, value)
        elif kind is JOB:
            run = self.runs.get(raw["metadata"]["namespace"], name)
            if run is None or self._caches.is_own_job(run, value):
                before = held.value if held is not None else None
                self.observe(key, JobSeen(name, value, before, self._clock(), is_run_open=run is not None))
        elif kind is PROCESS_BACKFILL and held is None:
            # No event tells that a finished run was deleted, and a backfill runs what has no run any more.
            self.observe(key, HistoryOutdated())
        elif kind is PROCESS_RUN:
            self.observe(key, StepOpened(name))

    def _take_end(self, kind: Kind, key: NamespacedName, raw: Object, version: int, *, deleted: bool) -> bool:
        """Take in that an object is gone, or a run finished."""
        metadata = raw["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        was_open = kind is PROCESS_RUN and self.runs.get(namespace, name) is not None
        is_step = kind is PROCESS_RUN and raw["spec"].get("parent") is not None
        if deleted and was_open and not is_step and not self._run_facts(key, name).finishing:
            # Deleted, or finished by another operator: the event is the same. A list tells, when it matters.
            self.observe(key, HistoryOutdated())
        # The last words of a deleted Job or pod count: they may be the only ones that say how it ended.
        last = encode(kind, raw) if deleted and kind in (JOB, POD) else None
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
            self._observed.mark_request_deleted(held.key)
        elif kind is PROCESS_BACKFILL:
            self._observed.mark_backfill_deleted(held.key, name)

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
                self.observe(entry.key, HistoryOutdated())
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
        process = self._shared.process_at(kind, namespace, name)
        if for_good:
            self.cache(kind).add_tombstone(held.uid, EVERY_VERSION)
            self.cache(kind).discard(namespace, name)
            self._mark(kind, held.key)
            self.locks.wake_waiters(process)
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
        process = self._shared.process_at(kind, namespace, name)
        if kind is PROCESS_REQUEST:
            self._owners.index_request(held.key, None)  # while it still says which Process it names
            self.calendars.index(held.key, None)
        if kind in (JOB, POD) and self._caches.is_open(namespace, name if kind is JOB else held.value.job_name):
            held.gone = True
            seen = held.value
            held.value = seen if last is None or version < held.version else last
            if kind is POD:
                held.value = replace(held.value.since(seen), gone=True)
            else:
                self.observe(held.key, JobDeleted(name, self._clock()))
        else:
            cache.discard(namespace, name)
        if kind is PROCESS_RUN:
            self._drop_traces(held.key, name)
        if kind is PROCESS_BACKFILL:
            self._observed.mark_backfill_deleted(held.key, name)
        if kind is PROCESS_REQUEST:
            self._observed.mark_request_deleted(held.key)
            self.locks.release(held.key)
        if kind is PROCESS:
            self._owners.index_process(held.key, None)
        if kind is not JOB or deletion_matters(held.value, is_run_open=self._caches.is_open(namespace, name)):
            self._mark(kind, held.key)
        self.locks.wake_waiters(process)
        return True

    def _drop_traces(self, key: NamespacedName, run: str) -> None:
        """A run that is recorded (or deleted) needs neither its pods nor a Job that is gone."""
        self.observe(key, RunClosed(run))
        for name, pod in list(self.pods.by_request(key).items()):
            if pod.value.job_name == run:
                self.pods.discard(key[0], name)
        job = self.jobs.get(key[0], run)
        if job is not None and job.gone:
            self.jobs.discard(key[0], run)

    # ---- what was found out

    def observe(self, key: NamespacedName, observation: Observation) -> None:
        """Apply an observation about a request (`reducer.py`)."""
        self._observed.observe(key, observation)

    def facts(self, key: NamespacedName) -> RequestFacts:
        """What observations have told about a request."""
        return self._observed.facts(key)

    def observations(self, key: NamespacedName) -> RequestObservations:
        """The progress of the reconciler with a request, to be changed by the reconciler alone."""
        return self._observed.progress(key)

    def _run_facts(self, key: NamespacedName, run: str) -> RunObservations:
        return self.facts(key).runs.get(run, _NO_RUN_FACTS)

    def reset(self) -> None:
        """Another operator may have acted since: what was found out about requests is looked up anew, as at a start."""
        self._observed.reset()

    def resync_all(self) -> None:
        """The same, and every request is to be looked at."""
        self.reset()
        for key in self.request_keys():
            self._on_dirty(key)

    def shift_clock(self, by: timedelta) -> None:
        """The clock now shows so much more (or less): what was noted of open runs is carried over to it."""
        self.resync_all()
        self._observed.observe_all(ClockSet(by))

    def prune(self, key: NamespacedName) -> None:
        """Drop notes that say nothing, so that a request at rest costs only its body."""
        self._snapshots.prune(key)
        self._observed.prune(key, is_gone=self.requests.get(*key) is None and not self.runs.by_request(key))

    # ---- what is asked

    def cache(self, kind: Kind) -> ObjectCache[Any]:
        """Where the objects of a kind are."""
        return self._caches.of(kind)

    def is_held(self, key: NamespacedName, uid: str) -> bool:
        """Whether the request of that name is still the one with this UID."""
        return self._caches.is_held(key, uid)

    def request_keys(self) -> set[NamespacedName]:
        """Every request that there is or that left something behind."""
        return self._caches.request_keys()

    def observed_keys(self) -> list[NamespacedName]:
        """Requests that are there, and about which anything was found out."""
        return sorted(key for key in self._observed.keys() if self.requests.get(*key) is not None)  # noqa: SIM118

    def snapshot(self, key: NamespacedName) -> Snapshot:
        """All that is known about one request, as a value."""
        return self._snapshots.snapshot(
            key, self.facts(key), self._observed.find_progress(key) or RequestObservations()
        )

    def step_processes(self, process: Process) -> dict[str, Process]:
        """The Processes that the steps of one name, by name, as far as they are there."""
        return self._snapshots.step_processes(process.metadata.namespace, process)

    def request_lock(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, now: datetime) -> None:
        """Note what a decision wants of the Process of its request, and what it is about to start."""
        self._shared.request_lock(key, snapshot, plan, now)

    def back_off(self, key: NamespacedName, *, grants: bool) -> None:
        """A decision failed: others do not wait for this request until it is decided again."""
        self._shared.back_off(key, grants=grants)

    def _mark(self, kind: Kind, key: NamespacedName) -> None:
        if kind is PROCESS:
            for process in self._owners.affected_by(key):
                self._on_process(process)
                for user in sorted(self._owners.users(process)):
                    self._on_dirty(user)
        else:
            self._on_dirty(key)
