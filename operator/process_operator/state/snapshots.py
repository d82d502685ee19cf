"""Snapshots: all that is known about one request, as the frozen value that decisions read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from process_operator.decisions.inputs.compiled_request import CompiledRequest, compile_request
from process_operator.decisions.inputs.snapshot import Defaults, Snapshot
from process_operator.resources.batch.pod import Pod
from process_operator.resources.process import Process
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import NamespacedName
from process_operator.state.caches import Caches
from process_operator.state.calendars import Calendars
from process_operator.state.codec import EncodedRequest, read_cronjob, read_request
from process_operator.state.facts import RequestFacts
from process_operator.state.progress import RequestProgress
from process_operator.state.shared_processes import SharedProcesses

_MAX_DECODED_REQUESTS: Final = 1000
"""Limit of decoded requests that are kept. Each takes about 10 KB."""


class _Decoded(NamedTuple):
    encoded: EncodedRequest
    request: ProcessRequest
    compiled: CompiledRequest | None = None


class SnapshotReader:
    """Reads snapshots from the caches."""

    def __init__(self, caches: Caches, calendars: Calendars, shared: SharedProcesses, defaults: Defaults) -> None:
        self._caches = caches
        self._calendars = calendars
        self._shared = shared
        self._defaults = defaults
        self._decoded: dict[NamespacedName, _Decoded] = {}
        """Decoded requests that have runs."""

    def snapshot(self, key: NamespacedName, facts: RequestFacts, progress: RequestProgress) -> Snapshot:
        """Give all that is known about one request, as a value."""
        namespace, name = key
        caches = self._caches
        held = caches.requests.get(namespace, name)
        decoded = self._decode(key, held.value) if held is not None else None
        request = decoded.request if decoded is not None else None
        process = None
        if request is not None and request.spec.process is not None:
            entry = caches.processes.get(namespace, request.spec.process.name)
            process = entry.value if entry is not None else None
        runs = [entry.value for entry in caches.runs.by_request(key).values()]
        step_processes = self.step_processes(namespace, process, runs)
        jobs = {
            name: entry
            for name, entry in caches.jobs.by_request(key).items()
            if not (entry.gone and _is_deleting(facts, name, entry.uid))
        }
        return Snapshot(
            namespace=namespace,
            name=name,
            request=request,
            status=progress.status or (request.status if request is not None else ProcessRequestStatus()),
            process=process,
            step_processes=step_processes,
            process_lock=self._shared.lock_of(key, process),
            cronjobs=tuple(read_cronjob(entry.value) for entry in caches.cronjobs.by_request(key).values()),
            runs=tuple(run for run in runs if run.spec.parent is None),
            step_runs=tuple(run for run in runs if run.spec.parent is not None),
            step_ends={name: end.status for name, end in facts.steps.items()},
            jobs={name: entry.value for name, entry in jobs.items()},
            gone_jobs=frozenset(name for name, entry in jobs.items() if entry.gone),
            pods=self._pods(key),
            observations=facts.runs,
            history=facts.history,
            backfills=tuple(entry.value for entry in caches.backfills.by_request(key).values()),
            backfill_status=progress.backfills,
            dry_run=facts.dry_run,
            blocked=progress.blocked,
            calendars=self._calendars.of(key),
            deliveries=facts.deliveries,
            defaults=self._defaults,
            compiled_before=self._compile(key, decoded, process, step_processes) if decoded is not None else None,
        )

    def _pods(self, key: NamespacedName) -> dict[str, tuple[Pod, ...]]:
        pods: dict[str, list[Pod]] = {}
        for pod in self._caches.pods.by_request(key).values():
            pods.setdefault(pod.value.job_name, []).append(pod.value)
        return {job: tuple(found) for job, found in pods.items()}

    def _decode(self, key: NamespacedName, encoded: EncodedRequest) -> _Decoded:
        """Decode a request. If it has runs, each version of it is decoded once, and its spec once for all of them."""
        known = self._decoded.get(key)
        if known is None:
            return _Decoded(encoded, read_request(encoded))
        if known.encoded is encoded:
            return known
        spec = known.request.spec if known.encoded.spec == encoded.spec else None
        return _Decoded(encoded, read_request(encoded, spec), known.compiled)

    def _compile(
        self, key: NamespacedName, decoded: _Decoded, process: Process | None, step_processes: Mapping[str, Process]
    ) -> CompiledRequest:
        """Compile a request. What was compiled before holds while nothing of it has changed."""
        compiled = compile_request(decoded.request, process, step_processes, decoded.compiled)
        if self._caches.runs.by_request(key):
            self._decoded[key] = decoded._replace(compiled=compiled)
            if len(self._decoded) > _MAX_DECODED_REQUESTS:
                del self._decoded[next(iter(self._decoded))]
        return compiled

    def prune(self, key: NamespacedName) -> None:
        """Evict the decoded form of a request that has no runs."""
        if not self._caches.runs.by_request(key):
            self._decoded.pop(key, None)

    def step_processes(
        self, namespace: str, process: Process | None, runs: Iterable[ProcessRun] = ()
    ) -> dict[str, Process]:
        """Give the existing Processes that the steps of a Process and of runs name, by name."""
        wanted = {step.process.name for step in (process.spec.steps or () if process is not None else ())}
        wanted |= {step.process for run in runs for step in run.status.steps or ()}
        found = {name: self._caches.processes.get(namespace, name) for name in wanted}
        return {name: entry.value for name, entry in found.items() if entry is not None}


def _is_deleting(facts: RequestFacts, run: str, job_uid: str) -> bool:
    """Whether the operator itself wanted this Job of an open run to be gone."""
    known = facts.runs.get(run)
    return known is not None and known.deleting_job == job_uid
