"""Shared Processes: connects the process locks with the caches, where the runs are that hold them.

Neighbours: `process_locks.py` keeps the locks, `decisions/inputs/process_lock.py` has the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from process_operator.decisions.concurrency.lock_holders import lock_holder_of, process_of, started_by
from process_operator.decisions.inputs.ownership import labelled_uid
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.kinds import JOB, PROCESS_RUN, Kind
from process_operator.resources.process import ConcurrencyPolicy, Process
from process_operator.resources.types import NamespacedName
from process_operator.state.caches import Caches
from process_operator.state.owners import OwnerIndex
from process_operator.state.process_locks import ProcessLocks


class SharedProcesses:
    """The locks of Processes as requests see them. `on_dirty` is called with the key of a request to decide about."""

    def __init__(self, caches: Caches, owners: OwnerIndex, on_dirty: Callable[[NamespacedName], None]) -> None:
        self._caches = caches
        self._owners = owners
        self.locks = ProcessLocks(on_dirty)

    def request_lock(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, now: datetime) -> None:
        """Record in the lock of the Process what a decision wants and what it starts."""
        process = snapshot.process
        if process is None or snapshot.process_lock is None:
            self.locks.release(key)
            return
        where = key[0], process.metadata.name
        going = {
            run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs) if run.status.steps or run.spec.parent
        }
        grants = started_by(
            plan.actions, plan.lock_request.due if plan.lock_request is not None else now, key[1], going=going
        )
        self.locks.request(where, key, plan.lock_request, grants, now, settled=not plan.actions)

    def back_off(self, key: NamespacedName, *, grants: bool) -> None:
        """Release the lock request of a request whose decision failed, until it is decided again."""
        held = self._caches.requests.get(*key)
        name = held.value.process() if held is not None else None
        process = self._caches.processes.get(key[0], name) if name is not None else None
        if name is not None and process is not None and _is_shared(process.value):
            self.locks.back_off((key[0], name), key, grants=grants)

    def lock_of(self, key: NamespacedName, process: Process | None) -> ProcessLock | None:
        """Give the lock of the Process of a request, as that request sees it; None if the Process is not shared."""
        if process is None or not _is_shared(process):
            return None
        held = self._caches.requests.get(*key)
        own, where = held.uid if held is not None else None, (key[0], process.metadata.name)
        # Runs of a request that had the name before hold the lock as all other runs do.
        holders = (
            holder
            for name, entry in self._caches.runs.by_group(*where).items()
            if not (entry.key == key and labelled_uid(entry.value) == own)
            and (holder := lock_holder_of(entry.value, self._caches.job_of(entry, name))) is not None
        )
        return self.locks.lock(where, key, self._owners.users(where), holders)

    def process_at(self, kind: Kind, namespace: str, name: str) -> NamespacedName:
        """Give the Process of a run or Job, with an empty name if it has none."""
        run = self._caches.runs.get(namespace, name) if kind in (PROCESS_RUN, JOB) else None
        return namespace, (process_of(run.value) or "") if run is not None else ""


def _is_shared(process: Process) -> bool:
    """Whether the requests of a Process wait for each other."""
    return process.spec.concurrency_policy != ConcurrencyPolicy.ALLOW
