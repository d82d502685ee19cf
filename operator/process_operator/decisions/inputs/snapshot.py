"""All that is known about one request at one moment: the input of every decision.

The store (`state/store.py`) fills it from watches, from our own writes and from the few looks that
decisions asked for (`plan/actions.py`). Nothing in here changes afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod, Waiting
from process_operator.resources.kubelet_events import KubeletEvent
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_request import Engine, ProcessRequest, ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, RunLog, RunPhase, RunSummary, StepStatus, Trigger
from process_operator.resources.receiver import Receiver
from process_operator.timing.exclusions import NOTHING, Exclusions


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the API server said to the dry run of a Job."""

    template_hash: str
    reason: str = ""
    """Empty where the Job was accepted, else a reason of the condition Accepted."""
    message: str = ""
    again_at: datetime | None = None
    """When to ask again, for refusals that may heal by themselves (a quota)."""
    job: int = 0
    """Which of the Jobs that were asked about is refused: the index of its step."""

    @property
    def accepted(self) -> bool:
        """Whether the API server would take the Job."""
        return not self.reason


class BackfillMark(NamedTuple):
    """Which backfill made a run, and for which scheduled time (UTC)."""

    name: str
    tick: datetime


@dataclass(frozen=True, slots=True)
class RunEnd:
    """What a notification says of the end of a run, beyond what is remembered of it anyway."""

    uid: str
    recorded: datetime
    """When its end was written (UTC)."""
    trigger: Trigger
    scheduled: datetime | None = None
    process: str = ""
    message: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the notifications about one end are."""

    done: bool = False
    """Every receiver has it, or was given up."""
    failures: tuple[str, ...] = ()
    """`receiver: what happened` for each that was given up."""
    again_at: datetime | None = None
    """When to try again to write that into the run, where it could not be written."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What is remembered of a finished run: enough for retention, catch-up and the request's status."""

    name: str
    uid: str
    phase: RunPhase
    reason: str
    created: datetime
    scheduled: datetime | None = None
    """The tick or the start that it stands for; None for a run that its request's timing did not make."""
    start: datetime | None = None
    end: datetime | None = None
    summary: RunSummary | None = None
    missed_reason: str = ""
    """Why it stands for ticks that did not start, in the words of `ticks/missed.py`; empty for a run that ran."""
    by_cronjob: bool = False
    """Whether its Job belongs to the CronJob, so that deleting the run leaves the Job."""
    backfill: BackfillMark | None = None
    steps: tuple[StepStatus, ...] = ()
    """Of a process with steps: how each went."""
    recorded: datetime | None = None
    """When its end was written (UTC); None where that is not known."""
    untold: RunEnd | None = None
    """Its end, until the run itself says that it was notified of; never of a step."""


@dataclass(frozen=True, slots=True)
class RunObservations:
    """What was found out about one open run by looks of our own; lost at a restart, then found out again."""

    log: RunLog | None = None
    log_pod: str = ""
    """The pod whose log that is: another one may follow it."""
    log_wanted: bool = False
    """A reader is at work; its result will come as `log`."""
    pods_listed_at: datetime | None = None
    """Since its Job began to end, where it does."""
    rejected_pods: str | None = None
    """Why there are no pods, in the words of the newest Event."""
    events_read_at: datetime | None = None
    pod_event: Waiting | None = None
    """Reason and message of the newest Event of a pod, where that is a warning."""
    pod_events_read_at: datetime | None = None
    kubelet_events_read_at: datetime | None = None
    kubelet_events: tuple[KubeletEvent, ...] | None = None
    """What the kubelet said of the pod that speaks for the run; None: it was not asked for."""
    job_absent: bool = False
    """The API server itself has said that the Job does not exist."""
    withdrawal_rejected: bool = False
    """The API server did not let us take its claim back (`ticks/early_claims.py`): it waits for its tick all the
    same."""
    managed_elsewhere: bool = False
    """Admission gives its Job to another controller, which would resume it before its time: it is made when it is
    due."""
    create_rejected: Blocked | None = None
    """What the API server said to the Job of this run when it refused it."""
    running_since: datetime | None = None
    """When the operator first saw a pod of this run ready."""
    unready_since: datetime | None = None
    """When the operator saw that no pod of this run was ready any more."""
    finishing: bool = False
    """Its end is being written by us: the event that it left the open runs tells nothing new."""
    ended_at: datetime | None = None
    """When the operator first saw that its Job is over or gone: a list of its pods that is older says nothing of their
    end."""


@dataclass(frozen=True, slots=True)
class CalendarInForce:
    """The last version of a calendar that could be read, and what it excluded before it changed."""

    now: Exclusions | None = None
    """None if no version could be read since the operator began to watch it."""
    digest: str = ""
    """Of the text of `now`."""
    before: Exclusions | None = None
    changed_at: datetime | None = None
    """The last instant (UTC) at which `before` held."""

    @property
    def latest(self) -> Exclusions:
        """What it excludes."""
        return self.now if self.now is not None else NOTHING

    def at(self, instant: datetime) -> Exclusions:
        """What it excluded at an instant, as far as that is known."""
        if self.changed_at is not None and instant <= self.changed_at:
            return self.before or NOTHING
        return self.latest


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A key of a ConfigMap that `excludeFrom` names: what is wrong with it as it is now, and what is in force.

    `whole` is in force for requests that want every event read, `readable` for those that skip what cannot be read.
    """

    is_there: bool = True
    problem: str = ""
    """Why it is no calendar at all; empty if it is one."""
    unreadable: str = ""
    """Which of its events cannot be read, and why; empty if none."""
    remarks: str = ""
    """Slips in events that were read all the same."""
    whole: CalendarInForce = CalendarInForce()
    readable: CalendarInForce = CalendarInForce()

    def in_force(self, *, skips: bool) -> CalendarInForce:
        """What is in force for a request."""
        return self.readable if skips else self.whole

    def objection(self, *, skips: bool) -> str:
        """Why the calendar as it is now cannot be put into force; empty if it can."""
        return self.problem or ("" if skips else self.unreadable)


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
