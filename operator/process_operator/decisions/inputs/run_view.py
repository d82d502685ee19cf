"""One open run with everything that belongs to it, and the orders of the decision for it.

`request.py` makes views and orders. `run/follow.py` and `run/finish.py` act on them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.inputs.missed_tick import MissedReason
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.inputs.ownership import is_pod_of, is_step_of, job_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.verified_users import with_requester
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import RunReason
from process_operator.resources.engine import Engine
from process_operator.resources.log_url import LogUrl
from process_operator.resources.parameters import UsedParameter
from process_operator.resources.process_request import LogCapture, LogSettings, ProcessRequest
from process_operator.resources.process_run import ProcessRun, StepStatus, Trigger
from process_operator.timing.run_later import StartWindow, start_window


@dataclass(frozen=True, slots=True)
class RunView:
    """One open run with everything that belongs to it."""

    run: ProcessRun
    job: Job | None
    """As last seen, also if it is gone."""
    job_gone: bool
    pods: tuple[Pod, ...]
    observations: RunObservations
    window: StartWindow | None
    """Start window of a Run Later run."""
    name: str
    """Name of the run and of its Job."""
    created: datetime
    """Time of its creation (UTC). For a tick that is its claim."""
    due: datetime
    """Time at which it should start (UTC)."""
    scheduled: datetime
    """Scheduled time that its work gets as PROCESS_SCHEDULED_TIME (UTC)."""
    is_paused: bool
    """Whether `onSuspend: SuspendRunning` suspended its running Job, or that of its present step."""
    is_started: bool
    """Whether the operator has started its Job, so that it has, had or may get pods. With steps, whether it began. A Job
    that another client suspended counts as started."""
    missed_reason: MissedReason | None
    """Reason if the run only records that a tick does not start."""
    by_cronjob: bool
    """Whether its Job is (or was) the CronJob controller's."""
    steps: Mapping[str, RunView]
    """Open runs of its steps, by their names."""
    process: str | None
    """Name of its Process, or of its request if that has its own Job template. None if it is not known."""
    log_url: LogUrl | None
    """The administrator's template of links to whole logs."""


@dataclass(frozen=True, slots=True)
class RunOrders:
    """Orders of the decision for one run."""

    now: datetime
    request: ProcessRequest | None
    build_template: Callable[[], JobTemplate | None] | None = None
    """Gives the template, which costs time to build. Most runs that have started need none."""
    may_start: bool = False
    kill: Kill | None = None
    """Set if it has to end."""
    missed_reason: MissedReason | None = None
    """Set if it is missed before it started."""
    pause: bool = False
    """Suspend its Job. A resume starts the work over."""
    replaced_by: str | None = None
    """The newer run if a CronJob may have replaced this one."""
    wait_reason: tuple[str, str] | None = None
    """Reason and message for users while it must wait."""
    is_next: bool = False
    """It is among the next to start, so its message names the run that blocks it now. Later ones keep their message,
    because all of a long queue would be written at every end of a run."""
    process: str | None = None
    """Name of its Process if its request names another one."""
    steps: tuple[StepStatus, ...] = ()
    """The steps with which it begins, if its Process has steps."""
    stop_on_failure: bool = True
    """Whether the steps after a failed one are skipped."""
    parameters: tuple[UsedParameter, ...] = ()
    """The values with which it begins, if its Process has steps."""
    start_timeout: int | None = None
    """Seconds after which a run without a started container is ended."""
    objection: tuple[str, str] | None = None
    """Reason and message if its own parameters are not allowed, so that it never starts."""
    no_template: str = ""
    """Reason for which its Job cannot be created again from the present template. Empty if it can."""
    is_suspended: bool = False
    """It is suspended together with its request."""

    @property
    def template(self) -> JobTemplate | None:
        """The template of its Job, built at this moment. None if it is not known, or not to be used."""
        return self.build_template() if self.build_template is not None else None


def view_of(snapshot: Snapshot, run: ProcessRun, *, step_process: str | None = None) -> RunView:
    """Everything about one run of a snapshot. Facts that many rules need are computed here once.

    `step_process` is the name of the Process of a step.
    """
    run = with_requester(run, snapshot.defaults)
    name, created, annotations = run.metadata.name, run.metadata.creation_timestamp, run.metadata.annotations
    assert created is not None
    job = job_of(snapshot, run)
    job_uid = job.metadata.uid if job is not None else run.status.job_uid
    paused = job is not None and job.is_paused
    steps: dict[str, RunView] = {}
    if run.status.steps:
        processes = {step.name: step.process for step in run.status.steps}
        steps = {
            step.metadata.name: view_of(snapshot, step, step_process=processes.get(step.spec.parent.step))
            for step in snapshot.step_runs
            if step.spec.parent is not None and is_step_of(step, run)
        }
        paused = _are_steps_paused(run, steps.values())
    return RunView(
        run=run,
        job=job,
        job_gone=job is not None and name in snapshot.gone_jobs,
        pods=tuple(pod for pod in snapshot.pods.get(name, ()) if is_pod_of(job_uid, pod)),
        observations=snapshot.observations_of(name),
        window=_window(snapshot, run),
        name=name,
        created=created,
        due=(run.spec.scheduled_time if run.spec.trigger.is_of_timing else None) or created,
        scheduled=run.spec.scheduled_time or created,
        is_paused=paused,
        is_started=bool(run.status.steps) or (job is not None and not job.waits_for_start),
        missed_reason=_missed_reason(run, job),
        by_cronjob=annotations.get(names.ANNOTATION_ENGINE) == Engine.CRON_JOB,
        steps=steps,
        process=run.status.process or step_process or _process_of_request(snapshot, run),
        log_url=snapshot.defaults.log_url,
    )


def _are_steps_paused(run: ProcessRun, steps: Collection[RunView]) -> bool:
    """Whether a run with steps was suspended with its request, in a step or between two."""
    if any(step.is_paused for step in steps):
        return True
    # The operator did not suspend a started step, or has resumed it.
    return run.status.reason == RunReason.SUSPENDED and not any(step.is_started for step in steps)


def _process_of_request(snapshot: Snapshot, run: ProcessRun) -> str | None:
    """Name of the Process of the request, or of the request itself if it has its own Job template."""
    request = snapshot.request
    if request is None or run.spec.parent is not None:
        return None
    return request.spec.process.name if request.spec.process is not None else run.spec.request.name


def _missed_reason(run: ProcessRun, job: Job | None) -> MissedReason | None:
    """The reason that a record of a missed tick has. On a run that has started, another client wrote it."""
    text = run.metadata.annotations.get(names.ANNOTATION_MISSED_REASON)
    if text is None or job is not None or run.status.job_uid is not None or run.status.steps:
        return None
    return MissedReason.parse(text)


def _window(snapshot: Snapshot, run: ProcessRun) -> StartWindow | None:
    request = snapshot.request
    if run.spec.trigger != Trigger.LATER or request is None or request.spec.timing.run_later is None:
        return None
    assert run.spec.scheduled_time is not None and snapshot.status.activation is not None
    return start_window(
        request.spec.timing.run_later,
        since=snapshot.status.activation.since or run.spec.scheduled_time,
        starting_deadline_seconds=request.spec.starting_deadline_seconds,
    )


def waits_for_start(view: RunView) -> bool:
    """Whether a Run Later run is not started yet, so that it blocks no other run."""
    return view.run.spec.trigger == Trigger.LATER and not view.is_started


def log_settings(orders: RunOrders) -> LogSettings:
    """Log settings of the request, or the defaults if it is gone."""
    return orders.request.spec.log if orders.request is not None else LogSettings()


def is_log_wanted(orders: RunOrders, *, succeeds: bool) -> bool:
    """Whether the log of a run that succeeds or not is kept."""
    settings = log_settings(orders)
    if settings.tail_bytes == 0 or settings.capture == LogCapture.NEVER:
        return False
    return settings.capture == LogCapture.ALWAYS or not succeeds
