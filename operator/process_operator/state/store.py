"""Store: the newest version of every object that concerns the operator, and what the operator remembers of it.

Events come late, twice or not at all, and the operator knows its own writes before their events. So the store applies an
object only if its resourceVersion is newer. A deletion leaves a tombstone, which an older list cannot undo. Everything
can be rebuilt from lists (`watch/resync.py`). Every change marks the request of the object as dirty; the store decides
nothing. Neighbours: `caches.py` has the objects, `codec.py` their encoding, `owners.py` finds their requests,
`memory.py` remembers, and `snapshots.py` reads all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from process_operator.decisions.concurrency.lock_holders import process_of
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.inputs.significance import (
    Urgency,
    deletion_matters,
    is_relevant_pod,
    job_urgency,
    run_urgency,
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
from process_operator.state.memory import Memory
from process_operator.state.object_cache import EVERY_VERSION, Entry, ObjectCache
from process_operator.state.owners import OwnerIndex
from process_operator.state.progress import RequestProgress
from process_operator.state.reducer import Observation
from process_operator.state.request_observations import ClockSet, HistoryOutdated, RunClosed, StepOpened
from process_operator.state.run_observations import JobDeleted, JobSeen
from process_operator.state.shared_processes import SharedProcesses
from process_operator.state.snapshots import SnapshotReader

log = structlog.get_logger("process_operator")

_NO_RUN_FACTS: Final = RunObservations()


class Store:
    """All objects and observations, by request.

    `on_dirty` is called with the key of each request for which something changed, and `on_process` with the key of each
    Process that changed. If the decision is batched
    (`decisions/inputs/significance.py`), `on_progress` is called in place of `on_dirty`, and `on_end` at the end of a Job.
    """

    def __init__(
        self,
        *,
        on_dirty: Callable[[NamespacedName], None],
        clock: Callable[[], datetime],
        on_process: Callable[[NamespacedName], None] = lambda _: None,
        on_progress: Callable[[NamespacedName], None] | None = None,
        on_end: Callable[[NamespacedName], None] | None = None,
        defaults: Defaults | None = None,
    ) -> None:
        self._on_dirty = on_dirty
        self._on_process = on_process
        self._marks = {
            Urgency.IMMEDIATE: on_dirty,
            Urgency.END: on_end or on_dirty,
            Urgency.BATCHED: on_progress or on_dirty,
        }
        self._caches = Caches()
        self.requests, self.processes, self.backfills = (
            self._caches.requests,
            self._caches.processes,
            self._caches.backfills,
        )
        self.runs, self.jobs, self.pods = self._caches.runs, self._caches.jobs, self._caches.pods
        self._owners = OwnerIndex(self._caches)
        self._clock = clock
        self._memory = Memory()
        self._shared = SharedProcesses(self._caches, self._owners, on_dirty)
        self.locks = self._shared.locks
        self.calendars = Calendars(on_dirty=on_dirty, clock=clock)
        self._snapshots = SnapshotReader(self._caches, self.calendars, self._shared, defaults or Defaults())

    # ---- objects

    def try_apply(self, kind: Kind, raw: Object, *, deleted: bool = False) -> None:
        """Apply an object of a watch or a list. One that cannot be read is logged and skipped."""
        try:
            self.apply(kind, raw, deleted=deleted, is_answer=False)
        except Exception:
            about = raw.get("metadata") or {}
            log.exception(
                "an object cannot be read and is skipped",
                kind=kind.kind,
                namespace=about.get("namespace"),
                name=about.get("name"),
            )

    def apply(self, kind: Kind, raw: Object, *, deleted: bool = False, is_answer: bool = True) -> bool:
        """Apply a version of an object from an event, a list or an answer. Give whether it changed anything.

        `is_answer`: it answers a call of the operator, so its request is decided again anyway.
        """
        metadata = raw["metadata"]
        namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
        version = int(metadata["resourceVersion"])
        cache: ObjectCache[Any] = self.cache(kind)
        key = self._owners.key_of(kind, raw)
        if key is None:
            return False
        if deleted or (kind is PROCESS_RUN and is_finished(raw)):
            return self._apply_end(kind, key, raw, version, deleted=deleted, is_answer=is_answer)
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
            held.version = version  # no field that decisions read has changed
            return False
        if held is not None and not is_same:
            self._evict_predecessor(kind, held, name)
        self._observe(kind, key, raw, value, held)
        cache.put(namespace, name, Entry(version, uid, key, value))
        self._mark(kind, key, Urgency.BATCHED if is_answer else _urgency_of(kind, value, held))
        self.locks.wake_waiters(self._shared.process_at(kind, namespace, name))
        return True

    def _is_relevant(self, namespace: str, pod: Pod) -> bool:
        job = self.jobs.get(namespace, pod.job_name)
        is_run_open = self._caches.is_open(namespace, pod.job_name)
        return is_relevant_pod(job.value if job is not None else None, is_run_open=is_run_open)

    def _observe(self, kind: Kind, key: NamespacedName, raw: Object, value: Any, held: Entry[Any] | None) -> None:
        """Update indexes and observations before a new version replaces the cached one."""
        name = raw["metadata"]["name"]
        if kind is PROCESS_REQUEST:
            self._owners.index_request(key, raw)
            self.calendars.index(key, raw)
            is_same = held is not None and held.uid == raw["metadata"]["uid"]
            if held is not None and is_same and (raw.get("status") or {}) != held.value.status():
                self._memory.mark_status_changed(key)
        elif kind is PROCESS:
            self._owners.index_process(key, value)
        elif kind is JOB:
            run = self.runs.get(raw["metadata"]["namespace"], name)
            if run is None or self._caches.is_own_job(run, value):
                before = held.value if held is not None else None
                self.observe(key, JobSeen(name, value, before, self._clock(), is_run_open=run is not None))
        elif kind is PROCESS_BACKFILL and held is None:
            # No event shows the deletion of a finished run, and a backfill repeats ticks whose runs are deleted.
            self.observe(key, HistoryOutdated())
        elif kind is PROCESS_RUN:
            self.observe(key, StepOpened(name))

    def _apply_end(
        self, kind: Kind, key: NamespacedName, raw: Object, version: int, *, deleted: bool, is_answer: bool
    ) -> bool:
        """Apply the deletion of an object, or the end of a run."""
        metadata = raw["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        was_open = kind is PROCESS_RUN and self.runs.get(namespace, name) is not None
        is_step = kind is PROCESS_RUN and raw["spec"].get("parent") is not None
        if deleted and was_open and not is_step and not self._run_facts(key, name).finishing:
            # Deleted, or finished by another operator. The events are the same, and a list shows the difference.
            self.observe(key, HistoryOutdated())
        # Keep the final state of a deleted Job or pod. It may be the only evidence of how the run ended.
        last = encode(kind, raw) if deleted and kind in (JOB, POD) else None
        if was_open and is_finished(raw):
            run = ProcessRun.model_validate(raw)
            self.locks.remember((namespace, process_of(run) or ""), [run], whole=False)
        urgency = Urgency.BATCHED if is_answer or kind is POD else Urgency.IMMEDIATE
        return self._remove(kind, namespace, name, metadata["uid"], version, last, urgency=urgency)

    def _evict_predecessor(self, kind: Kind, held: Entry[Any], name: str) -> None:
        """Evict the observations about an object whose name another object has now."""
        if kind is PROCESS_RUN:
            self._evict_run(held.key, name)
            self._mark(kind, held.key)
        elif kind is PROCESS_REQUEST:
            self._memory.mark_request_deleted(held.key)
        elif kind is PROCESS_BACKFILL:
            self._memory.mark_backfill_deleted(held.key, name)

    def reconcile_list(self, kind: Kind, namespace: str | None, seen: set[str], version: int) -> None:
        """Mark every cached object as deleted that is older than a complete list and missing in it.

        `seen` has the UIDs of the list, `version` is its resourceVersion. A pod that has not ended is in no list
        (`watch/selections.py`), so it stays.
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

    def mark_deleted(self, kind: Kind, namespace: str, name: str, *, uid: str, evict: bool = False) -> None:
        """Note that the object with this UID is deleted, as an answer of the API server shows.

        `evict`: no decision needs its last state.
        """
        held = self.cache(kind).get(namespace, name)
        if held is None or uid != held.uid:
            return
        process = self._shared.process_at(kind, namespace, name)
        if evict:
            self.cache(kind).add_tombstone(held.uid, EVERY_VERSION)
            self.cache(kind).evict(namespace, name)
            self._mark(kind, held.key, Urgency.BATCHED)
            self.locks.wake_waiters(process)
        else:
            self._remove(kind, namespace, name, held.uid, EVERY_VERSION, urgency=Urgency.BATCHED)

    def confirm(self, kind: Kind, raw: Object, tombstones_added: int) -> None:
        """Apply the answer to a GET. The object exists, although a watch or a list did not show it any more.

        A watch with a selector shows an object as deleted if it only lost its label. `tombstones_added` is the number of
        tombstones before the GET. An object whose tombstone is newer may really be deleted.
        """
        self.cache(kind).remove_tombstone(
            raw["metadata"]["name"], raw["metadata"]["namespace"], raw["metadata"]["uid"], tombstones_added
        )
        self.apply(kind, raw)

    def mark_pods_deleted(self, key: NamespacedName, job_uid: str, *, present: set[str], version: int) -> None:
        """Note that pods of a Job are deleted: those that are not newer than the list of `version`, and missing in it."""
        for name, entry in list(self.pods.by_request(key).items()):
            is_missing = entry.value.job_uid == job_uid and name not in present and not entry.gone
            if is_missing and entry.version <= version:
                self._remove(POD, key[0], name, entry.uid, version, urgency=Urgency.BATCHED)

    def _remove(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        uid: str,
        version: int,
        last: Any = None,
        *,
        urgency: Urgency = Urgency.IMMEDIATE,
    ) -> bool:
        cache: ObjectCache[Any] = self.cache(kind)
        cache.add_tombstone(uid, version)
        held = cache.get(namespace, name)
        if held is None or held.uid != uid:
            return False
        process = self._shared.process_at(kind, namespace, name)
        if kind is PROCESS_REQUEST:
            self._owners.index_request(held.key, None)  # while the cache still has the version that names the Process
            self.calendars.index(held.key, None)
        if kind in (JOB, POD) and self._caches.is_open(namespace, name if kind is JOB else held.value.job_name):
            held.gone = True
            seen = held.value
            held.value = seen if last is None or version < held.version else last
            if kind is POD:
                held.value = replace(held.value.since(seen), gone=True)
            else:
                self.observe(held.key, JobDeleted(name, uid, self._clock()))
        else:
            cache.evict(namespace, name)
        if kind is PROCESS_RUN:
            self._evict_run(held.key, name)
        if kind is PROCESS_BACKFILL:
            self._memory.mark_backfill_deleted(held.key, name)
        if kind is PROCESS_REQUEST:
            self._memory.mark_request_deleted(held.key)
            self.locks.release(held.key)
        if kind is PROCESS:
            self._owners.index_process(held.key, None)
        if kind is not JOB or deletion_matters(held.value, is_run_open=self._caches.is_open(namespace, name)):
            self._mark(kind, held.key, urgency)
        self.locks.wake_waiters(process)
        return True

    def _evict_run(self, key: NamespacedName, run: str) -> None:
        """Evict what only an open run needs: its observations, its pods, and its Job if that is deleted."""
        self.observe(key, RunClosed(run))
        for name, pod in list(self.pods.by_request(key).items()):
            if pod.value.job_name == run:
                self.pods.evict(key[0], name)
        job = self.jobs.get(key[0], run)
        if job is not None and job.gone:
            self.jobs.evict(key[0], run)

    # ---- observations

    def observe(self, key: NamespacedName, observation: Observation) -> None:
        """Apply an observation about a request (`reducer.py`)."""
        self._memory.observe(key, observation)

    def facts(self, key: NamespacedName) -> RequestFacts:
        """Give the facts about a request."""
        return self._memory.facts(key)

    def progress(self, key: NamespacedName) -> RequestProgress:
        """Give the progress of the reconciler with a request."""
        return self._memory.progress(key)

    def set_progress(self, key: NamespacedName, progress: RequestProgress) -> None:
        """Replace the progress with a request. Only the reconciler and its parts do."""
        self._memory.set_progress(key, progress)

    def _run_facts(self, key: NamespacedName, run: str) -> RunObservations:
        return self.facts(key).runs.get(run, _NO_RUN_FACTS)

    def reset(self) -> None:
        """Evict what another operator may have changed since. It is found out again, as after a start."""
        self._memory.reset()

    def resync_all(self) -> None:
        """Reset, and mark every request as dirty."""
        self.reset()
        for key in self.request_keys():
            self._on_dirty(key)

    def shift_clock(self, by: timedelta) -> None:
        """Resync everything after the clock was set, and convert the times of open runs to the new clock."""
        self.resync_all()
        self._memory.observe_all(ClockSet(by))

    def prune(self, key: NamespacedName) -> None:
        """Evict observations that say nothing, so that an idle request costs only its object."""
        self._snapshots.prune(key)
        self._memory.prune(key, is_gone=self.requests.get(*key) is None and not self.runs.by_request(key))

    # ---- reading

    def cache(self, kind: Kind) -> ObjectCache[Any]:
        """Give the cache of a kind."""
        return self._caches.of(kind)

    def is_held(self, key: NamespacedName, uid: str) -> bool:
        """Whether the request of that name is still the one with this UID."""
        return self._caches.is_held(key, uid)

    def request_keys(self) -> set[NamespacedName]:
        """Give the keys of all requests, and of deleted ones that left objects behind."""
        return self._caches.request_keys()

    def observed_keys(self) -> list[NamespacedName]:
        """Give the keys of existing requests about which the operator remembers anything."""
        return sorted(key for key in self._memory.keys() if self.requests.get(*key) is not None)  # noqa: SIM118

    def snapshot(self, key: NamespacedName) -> Snapshot:
        """Give all that is known about one request, as a value."""
        return self._snapshots.snapshot(key, self.facts(key), self.progress(key))

    def step_processes(self, process: Process) -> dict[str, Process]:
        """Give the existing Processes that the steps of a Process name, by name."""
        return self._snapshots.step_processes(process.metadata.namespace, process)

    def request_lock(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, now: datetime) -> None:
        """Record in the lock of the Process what a decision wants and what it starts."""
        self._shared.request_lock(key, snapshot, plan, now)

    def back_off(self, key: NamespacedName, *, grants: bool) -> None:
        """Release the lock request of a request whose decision failed, until it is decided again."""
        self._shared.back_off(key, grants=grants)

    def _mark(self, kind: Kind, key: NamespacedName, urgency: Urgency = Urgency.IMMEDIATE) -> None:
        mark = self._marks[urgency]
        if kind is PROCESS:
            for process in self._owners.affected_by(key):
                self._on_process(process)
                for user in sorted(self._owners.users(process)):
                    mark(user)
        else:
            mark(key)


def _urgency_of(kind: Kind, value: Any, held: Entry[Any] | None) -> Urgency:
    if kind is JOB:
        return job_urgency(value, held.value if held is not None else None)
    if kind is PROCESS_RUN:
        return run_urgency(value, held.value if held is not None else None)
    return Urgency.BATCHED if kind is POD else Urgency.IMMEDIATE
