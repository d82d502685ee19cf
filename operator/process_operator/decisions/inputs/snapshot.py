"""All that is known about one request at one moment: the input of every decision.

The store (`state/store.py`) fills it from watches, from our own writes and from the few looks that
decisions asked for (`plan/actions.py`). Nothing in here changes afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.observations import CalendarFile, Delivery, DryRun, RunObservations
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.engine import Engine
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
    """Who may be notified; the administrator's."""


@dataclass(frozen=True)
class Snapshot:
    """One request (or what is left of one), with everything that belongs to it."""

    namespace: str
    name: str
    request: ProcessRequest | None = None
    status: ProcessRequestStatus = field(default_factory=ProcessRequestStatus)
    """The newest status known, written or about to be."""
    process: Process | None = None
    step_processes: Mapping[str, Process] = field(default_factory=dict)
    """By name: those that the steps of `process`, or of a run that goes on, name."""
    process_lock: ProcessLock | None = None
    """The lock of `process`, if that has a policy other than Allow."""
    cronjobs: tuple[CronJob, ...] = ()
    runs: tuple[ProcessRun, ...] = ()
    """Open runs only, without those of steps."""
    step_runs: tuple[ProcessRun, ...] = ()
    """Open runs of steps."""
    step_ends: Mapping[str, StepStatus | None] = field(default_factory=dict)
    """By the name of the run of a step that is not open: how it ended; `None`: there is no such run."""
    jobs: Mapping[str, Job] = field(default_factory=dict)
    gone_jobs: frozenset[str] = frozenset()
    """Jobs in `jobs` that have been deleted; held as last seen until their run is recorded."""
    pods: Mapping[str, tuple[Pod, ...]] = field(default_factory=dict)
    """By the name of their Job."""
    observations: Mapping[str, RunObservations] = field(default_factory=dict)
    """By the name of the run."""
    history: tuple[FinishedRun, ...] | None = None
    """Finished runs, oldest first; `None`: not looked at since the operator started."""
    backfills: tuple[ProcessBackfill, ...] = ()
    """With the status that is written; finished ones too, because they remember what they have run."""
    backfill_status: Mapping[str, ProcessBackfillStatus] = field(default_factory=dict)
    """By name: newer than the written one, where there is one."""
    dry_run: DryRun | None = None
    blocked: Mapping[str, Blocked] = field(default_factory=dict)
    """By what it is for (`Need`): what the API server keeps rejecting."""
    calendars: Mapping[tuple[str, str], CalendarFile] = field(default_factory=dict)
    """Those that `excludeFrom` names, by ConfigMap and key, as far as they were read."""
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    """Of notifications that were handed over, by the UID of the run."""
    defaults: Defaults = Defaults()

    @cached_property
    def uid(self) -> str:
        """UID of the request, empty where it is gone."""
        return self.request.metadata.uid if self.request else ""

    def status_of(self, backfill: ProcessBackfill) -> ProcessBackfillStatus:
        """The newest status known of a backfill, written or about to be."""
        return self.backfill_status.get(backfill.metadata.name, backfill.status)

    def observations_of(self, run: str) -> RunObservations:
        """What was found out about a run."""
        return self.observations.get(run, _NOTHING)


_NOTHING = RunObservations()
