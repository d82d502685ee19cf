"""Snapshot: everything that is known about one request at one moment, the input of every decision.

`state/` fills it from watches, from the operator's own writes and from the look-ups that decisions requested
(`plan/actions.py`). It does not change afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.compiled_request import CompiledRequest, compile_request
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.observations import CalendarFile, Delivery, DryRun, RunObservations
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.engine import Engine
from process_operator.resources.log_url import LogUrl
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, StepStatus
from process_operator.resources.receiver import Receiver


@dataclass(frozen=True, slots=True)
class Defaults:
    """Settings of the operator that decisions depend on."""

    engine: Engine = Engine.AUTO
    retention_batch: int = 10
    receivers: tuple[Receiver, ...] = ()
    """Receivers of notifications that the administrator allows."""
    log_url: LogUrl | None = None
    """The administrator's template of links to whole logs."""
    are_users_verified: bool = False
    """Whether the chart's admission policy vouches for the names of users in annotations."""


@dataclass(frozen=True)
class Snapshot:
    """One request, or the remains of a deleted one, with everything that belongs to it."""

    namespace: str
    name: str
    request: ProcessRequest | None = None
    status: ProcessRequestStatus = field(default_factory=ProcessRequestStatus)
    """The newest status known, written or about to be."""
    process: Process | None = None
    step_processes: Mapping[str, Process] = field(default_factory=dict)
    """Processes of the steps of `process` and of open runs, by name."""
    process_lock: ProcessLock | None = None
    """The lock of `process`, if that has a policy other than Allow."""
    cronjobs: tuple[CronJob, ...] = ()
    runs: tuple[ProcessRun, ...] = ()
    """Open runs, without those of steps."""
    step_runs: tuple[ProcessRun, ...] = ()
    """Open runs of steps."""
    step_ends: Mapping[str, StepStatus | None] = field(default_factory=dict)
    """Ends of the runs of steps, by the name of the run. `None` if no run of that name exists."""
    jobs: Mapping[str, Job] = field(default_factory=dict)
    gone_jobs: frozenset[str] = frozenset()
    """Deleted Jobs in `jobs`. They are kept as last seen until their run is recorded."""
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    """Pods, by the name of their Job."""
    observations: Mapping[str, RunObservations] = field(default_factory=dict)
    """Observations, by the name of the run."""
    history: tuple[FinishedRun, ...] | None = None
    """Finished runs, oldest first. `None` if they were not listed since the operator started."""
    backfills: tuple[ProcessBackfill, ...] = ()
    """With the written status. Finished ones are included, because they show which ticks they have run."""
    backfill_status: Mapping[str, ProcessBackfillStatus] = field(default_factory=dict)
    """Statuses, by name, that are newer than the written ones."""
    dry_run: DryRun | None = None
    blocked: Mapping[str, Blocked] = field(default_factory=dict)
    """Actions that the API server keeps rejecting, by what they are for."""
    calendars: Mapping[tuple[str, str], CalendarFile] = field(default_factory=dict)
    """Calendars that `excludeFrom` names, by ConfigMap and key, as far as they were read."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    """State of notifications, by the UID of the run."""
    defaults: Defaults = Defaults()
    compiled_before: CompiledRequest | None = None
    """The request, compiled with its Processes for this snapshot or an earlier one, if `state/` has kept it."""

    @cached_property
    def compiled(self) -> CompiledRequest:
        """The request, which exists, compiled with its Processes."""
        assert self.request is not None
        return self.compiled_before or compile_request(self.request, self.process, self.step_processes)

    @cached_property
    def uid(self) -> str:
        """UID of the request. Empty if it is gone."""
        return self.request.metadata.uid if self.request else ""

    def status_of(self, backfill: ProcessBackfill) -> ProcessBackfillStatus:
        """The newest status known of a backfill, written or about to be."""
        return self.backfill_status.get(backfill.metadata.name, backfill.status)

    def observations_of(self, run: str) -> RunObservations:
        """Observations about a run."""
        return self.observations.get(run, _NOTHING)


_NOTHING = RunObservations()
