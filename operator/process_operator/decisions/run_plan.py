"""What to do about one open run: start its Job, follow it, end it, record it.

A run is followed by what its Job and pods show, never by what the operator remembers, so a restart at any moment goes on
where the objects stand. `run_phase.py` says what Job and pods mean, `log_text.py` what is stored of the log,
`concurrency.py` whether it may start. The end is written once: phase, times, reason and log in one PATCH.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from process_operator import names
from process_operator.decisions import manifests
from process_operator.decisions.log_text import NOT_CAPTURED, build_run_log
from process_operator.decisions.plan import (
    AdoptRun,
    CreateJob,
    DeleteJob,
    Draft,
    Emit,
    FindRefusedPods,
    FinishRun,
    KillJob,
    ListPods,
    LookUpJob,
    PatchJob,
    ReadLog,
    ReportRun,
)
from process_operator.decisions.pod_choice import ORDINARY_WAITING, LogSource, log_source, relevant_pods
from process_operator.decisions.refusal import Refusal
from process_operator.decisions.run_failure import Context
from process_operator.decisions.run_phase import RunOutcome, finished_outcome, is_odd, next_look, open_outcome
from process_operator.decisions.snapshot import RunNotes, Snapshot
from process_operator.decisions.template import JobTemplate
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, EventReason, RunReason
from process_operator.resources.model import format_duration, format_instant
from process_operator.resources.process_request import LogCapture, LogSettings, ProcessRequest
from process_operator.resources.process_run import ProcessRun, RunLog, RunPhase, Trigger
from process_operator.resources.workloads import Job, Kill, KillReason, Pod
from process_operator.timing.run_later import StartWindow, start_window

LOOK_AGAIN: Final = timedelta(seconds=10)
"""A run this young is not given up for lost: its Job may not have reached us yet."""

PATIENCE: Final = timedelta(seconds=2)
"""The pods' last words may arrive so much later than the end of their Job; after that they are asked for."""

SETTLING: Final = timedelta(seconds=5)
"""A pod that was ready and no longer is has most likely just ended: the Job will say so."""

_POD_POLL: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class RunView:
    """One open run with everything that belongs to it."""

    run: ProcessRun
    job: Job | None
    """As last seen, also when it is gone."""
    job_gone: bool
    pods: tuple[Pod, ...]
    notes: RunNotes
    window: StartWindow | None = None
    """Of a Run Later run: when it may start."""

    @property
    def name(self) -> str:
        """Name of the run and of its Job."""
        return self.run.metadata.name

    @property
    def created(self) -> datetime:
        """When it was made: for a tick that is its claim (UTC)."""
        created = self.run.metadata.creation_timestamp
        assert created is not None
        return created

    @property
    def due(self) -> datetime:
        """When it asked to start (UTC)."""
        return self.run.spec.scheduled_time or self.created

    @property
    def is_let_go(self) -> bool:
        """Whether its Job was started: it has pods, had them, or may have them any moment."""
        return self.job is not None and (not self.job.is_suspended or self.is_paused)

    @property
    def is_paused(self) -> bool:
        """Whether its Job was running and was suspended by `onSuspend: SuspendRunning`."""
        return self.job is not None and self.job.is_suspended and manifests.ANNOTATION_PAUSED in self.job.metadata.annotations

    @property
    def refusal(self) -> Refusal | None:
        """Why it will never start, where it was made to record just that."""
        return Refusal.parse(self.run.metadata.annotations.get(manifests.ANNOTATION_VERDICT, ""))

    @property
    def by_cronjob(self) -> bool:
        """Whether its Job is (or was) the CronJob controller's."""
        return self.run.metadata.annotations.get(manifests.ANNOTATION_ENGINE) == "CronJob"


@dataclass(frozen=True, slots=True)
class RunOrders:
    """What the rest of the decision wants of one run."""

    now: datetime
    request: ProcessRequest | None
    template: JobTemplate | None = None
    may_start: bool = False
    kill: Kill | None = None
    """It has to end."""
    refusal: Refusal | None = None
    """It is given up before it started."""
    pause: bool = False
    """Suspend its Job; a resume starts the work over."""
    replaced_by: str | None = None
    """The newer run, where a CronJob may have replaced this one."""
    holds: tuple[str, str] | None = None
    """Reason and message for people, while it may not start."""


def view_of(snapshot: Snapshot, run: ProcessRun) -> RunView:
    """Everything about one run of a snapshot."""
    name = run.metadata.name
    window = None
    request = snapshot.request
    if run.spec.trigger == Trigger.LATER and request is not None and request.spec.timing.run_later is not None:
        assert run.spec.scheduled_time is not None and snapshot.status.stretch is not None
        since = snapshot.status.stretch.since or run.spec.scheduled_time
        window = start_window(
            request.spec.timing.run_later, since=since, starting_deadline_seconds=request.spec.starting_deadline_seconds
        )
    return RunView(
        run=run,
        job=snapshot.jobs.get(name),
        job_gone=name in snapshot.gone_jobs,
        pods=snapshot.pods.get(name, ()),
        notes=snapshot.notes_of(name),
        window=window,
    )


def waits_for_start(view: RunView) -> bool:
    """Whether a Run Later run has not been let go yet: it is in nobody's way."""
    return view.run.spec.trigger == Trigger.LATER and not view.is_let_go


def plan_run(view: RunView, orders: RunOrders, draft: Draft) -> None:
    """Add what has to be done about one open run."""
    refusal = view.refusal or orders.refusal
    if refusal is not None:
        _finish_refused(view, refusal, orders, draft)
        return
    if orders.request is not None and names.LABEL_REQUEST_UID not in view.run.metadata.labels:
        draft.do(AdoptRun(view.name, manifests.adoption_patch(orders.request, view.run)))
    if view.job is None or (view.job_gone and waits_for_start(view)):
        _without_job(view, orders, draft)
    elif view.job.finished is not None or view.job_gone:
        _record(view, orders, draft)
    else:
        _follow(view, view.job, orders, draft)


# ---- before there is a Job


def _without_job(view: RunView, orders: RunOrders, draft: Draft) -> None:
    refused = view.notes.create_refused
    if orders.kill is not None:
        _finish(view, _not_started(_phase_of(orders.kill), _reason_of(orders.kill), orders.kill.detail), RunLog(reason="NeverStarted"), orders, draft)
    elif view.by_cronjob or view.run.status.job_uid is not None:
        _look_for_job(view, orders, draft)
    elif refused is not None and refused.again_at is None:
        _finish(view, _not_started(RunPhase.FAILED, refused.reason, refused.message), RunLog(reason="NeverStarted"), orders, draft)
    elif refused is not None and refused.again_at is not None and refused.again_at > orders.now:
        draft.wake(refused.again_at)
        _report(view, refused.reason, refused.message, draft)
    elif orders.may_start or _may_wait_suspended(view, orders):
        assert orders.template is not None
        suspended = not orders.may_start
        manifest = manifests.job_manifest(orders.template, view.run, scheduled=view.due, suspended=suspended)
        draft.do(CreateJob(view.name, manifest))
        if not suspended:
            _announce_start(view, draft)
    elif orders.holds is not None:
        _report(view, *orders.holds, draft)


def _may_wait_suspended(view: RunView, orders: RunOrders) -> bool:
    """A Run Later run gets its Job at once, suspended, so that what the server says to it is known early."""
    template = orders.template
    return view.run.spec.trigger == Trigger.LATER and template is not None and not template.is_queued_by_kueue


def _look_for_job(view: RunView, orders: RunOrders, draft: Draft) -> None:
    """The Job was there once. That no event shows it is no evidence; the API server's own word is."""
    created = view.run.metadata.creation_timestamp
    assert created is not None
    if orders.now < created + LOOK_AGAIN:
        draft.wake(created + LOOK_AGAIN)
    elif not view.notes.job_absent:
        draft.do(LookUpJob(view.name))
    elif view.notes.pods_listed_at is None:
        draft.do(ListPods(view.name, view.name))
    else:
        _record(view, orders, draft)


# ---- while there is one


def _follow(view: RunView, job: Job, orders: RunOrders, draft: Draft) -> None:
    now = orders.now
    if orders.kill is not None and job.kill is None:
        draft.do(_kill(view, job, orders.kill, orders))
        return
    if job.kill is None and _adjust(view, job, orders, draft):
        return
    if job.is_ending:
        _read_before_the_end(view, job, orders, draft)
        _report_why_stuck(view, job, draft)
        return
    _look_if_odd(view, job, now, draft)
    outcome = open_outcome(
        job,
        view.pods,
        failed_create=view.notes.refused_pods,
        suspended=_why_suspended(view),
        running_since=view.notes.running_since,
    )
    if outcome.phase == RunPhase.RUNNING and view.run.status.phase == RunPhase.PENDING:
        brief_until = (view.notes.running_since or now) + BRIEF_RUN
        if now < brief_until:
            draft.wake(brief_until)
            return
    _report_outcome(view, outcome, draft)


def _report_why_stuck(view: RunView, job: Job, draft: Draft) -> None:
    """A pod that is removed forgets what it waited for, so the run has to remember it."""
    outcome = open_outcome(job, view.pods, failed_create=view.notes.refused_pods, running_since=view.notes.running_since)
    if outcome.phase == RunPhase.PENDING and outcome.reason not in ORDINARY_WAITING:
        _report_outcome(view, outcome, draft)


def _why_suspended(view: RunView) -> str:
    if view.is_paused:
        return "suspended with its request (onSuspend: SuspendRunning); the resume starts the work over"
    return f"waits until {format_instant(view.window.start)}" if view.window is not None else ""


BRIEF_RUN: Final = timedelta(seconds=2)
"""A run that ends within this time of being seen running is never reported as Running: that saves a request."""


def _adjust(view: RunView, job: Job, orders: RunOrders, draft: Draft) -> bool:
    """Resume, pause or renew the Job where that is due; whether anything was."""
    if orders.pause and not job.is_suspended:
        annotations = {manifests.ANNOTATION_PAUSED: format_instant(orders.now)}
        draft.do(PatchJob(view.name, {"metadata": {"annotations": annotations}, "spec": {"suspend": True}}))
        return True
    if not job.is_suspended or (view.by_cronjob and not view.is_paused):
        return False
    if orders.may_start:
        if not view.is_paused and _is_outdated(job, orders.template):
            draft.do(DeleteJob(view.name, job.metadata.uid))
            return True
        annotations_off: dict[str, Any] = {"metadata": {"annotations": {manifests.ANNOTATION_PAUSED: None}}} if view.is_paused else {}
        draft.do(PatchJob(view.name, {**annotations_off, "spec": {"suspend": False}}))
        if not view.is_paused:
            _announce_start(view, draft)
        return True
    if not view.is_paused and orders.template is not None and _is_outdated(job, orders.template):
        # It never had a pod, and image, command and environment of a suspended Job cannot be changed.
        draft.do(DeleteJob(view.name, job.metadata.uid))
        return True
    return False


def _is_outdated(job: Job, template: JobTemplate | None) -> bool:
    return template is not None and job.template_hash != template.hash


def _kill(view: RunView, job: Job, kill: Kill, orders: RunOrders) -> KillJob:
    settings = _log_settings(orders)
    patch = {
        "metadata": {"annotations": {names.ANNOTATION_KILL: str(kill)}},
        "spec": {"suspend": False, "activeDeadlineSeconds": 0},
    }
    wanted = settings.capture != LogCapture.NEVER and not job.is_suspended and not view.notes.log_wanted
    return KillJob(view.name, view.name, patch, settings.tail_bytes if wanted else 0, settings.container)


def _look_if_odd(view: RunView, job: Job, now: datetime, draft: Draft) -> None:
    """A Job that has no ready pod after a while is asked about: pending pods and Events are not watched."""
    if not is_odd(job, now):
        draft.wake(next_look(job, now))
        return
    unready = view.notes.unready_since
    if unready is not None and now < unready + SETTLING:
        draft.wake(unready + SETTLING)
        return
    looked = view.notes.pods_listed_at
    due = next_look(job, looked) if looked is not None else now
    if due is None:
        return
    if looked is None or due <= now:
        draft.do(ListPods(view.name, view.name))
        return
    draft.wake(due)
    read_at = view.notes.events_read_at
    if all(pod.gone for pod in view.pods) and (read_at is None or read_at < looked):
        draft.do(FindRefusedPods(view.name, job.metadata.uid, view.name))


def _read_before_the_end(view: RunView, job: Job, orders: RunOrders, draft: Draft) -> None:
    """The pods may be removed with the end of the Job: list them and open their logs now."""
    if view.notes.log_wanted or not _is_log_wanted(orders, succeeds=_will_succeed(job)):
        return
    if _unseen_pods(view, job) > 0 and _list_pods_again(view, orders.now, draft):
        return
    _read_log(view, orders, draft)


def _will_succeed(job: Job | None) -> bool:
    ending = job.ending if job is not None else None
    return ending is not None and ending.type == "SuccessCriteriaMet"


def _unseen_pods(view: RunView, job: Job) -> int:
    """How many pods of a Job that is about to end have not been seen to end: those that run are not watched."""
    live = job.terminating + (0 if _will_succeed(job) else job.active)
    seen = [pod for pod in relevant_pods(job, view.pods) if pod.has_ended or pod.gone or pod.deleted_at is not None]
    return live + job.succeeded + job.failed - len(seen)


def _list_pods_again(view: RunView, now: datetime, draft: Draft) -> bool:
    """List the pods, unless that was done a moment ago; whether it is done now."""
    listed_at = view.notes.pods_listed_at
    if listed_at is not None and now < listed_at + _POD_POLL:
        draft.wake(listed_at + _POD_POLL)
        return False
    draft.do(ListPods(view.name, view.name))
    return True


def _read_log(view: RunView, orders: RunOrders, draft: Draft) -> None:
    """Read the log of the pod that speaks for the run as it is now; follow it while it may still print."""
    settings = _log_settings(orders)
    source = log_source(view.job, view.pods, settings.container)
    if source.pod is not None and not _has_log_of(view, source):
        live = not all(pod.has_ended for pod in view.pods)
        draft.do(ReadLog(view.name, source, settings.tail_bytes, follow=live and not source.previous))


def _has_log_of(view: RunView, source: LogSource) -> bool:
    return view.notes.log is not None and source.pod in (None, view.notes.log_pod)


# ---- the end


def _record(view: RunView, orders: RunOrders, draft: Draft) -> None:
    """Write the end of a run whose Job has finished or is gone, once all that can be known is known."""
    job = view.job
    if view.notes.log_wanted:
        return  # the reader's answer brings us back
    if not _pods_are_settled(view, orders.now, draft):
        return
    outcome = finished_outcome(job, view.pods, context=_context(view, orders))
    if outcome is None:
        # A pod outlives its Job. Running ones are not watched, so it is looked at until it is gone.
        if not _list_pods_again(view, orders.now, draft) and _is_log_wanted(orders, succeeds=False):
            _read_log(view, orders, draft)
        return
    log = _log(view, job, outcome, orders, draft)
    if log is not None:
        _finish(view, outcome, log, orders, draft)


def _pods_are_settled(view: RunView, now: datetime, draft: Draft) -> bool:
    """Whether all is known of the pods that will ever be known; where it is not, it is waited for or asked for."""
    notes = view.notes
    if view.job is not None and _pods_are_known(view, view.job):
        return True
    if notes.pods_listed_at is not None and (notes.ended_at is None or notes.pods_listed_at >= notes.ended_at):
        return True
    if notes.ended_at is not None and not view.job_gone and now < notes.ended_at + PATIENCE:
        draft.wake(notes.ended_at + PATIENCE)
    else:
        draft.do(ListPods(view.name, view.name))
    return False


def _context(view: RunView, orders: RunOrders) -> Context:
    seen = view.run.status
    waited = seen.phase == RunPhase.PENDING
    return Context(
        now=orders.now,
        job_gone=view.job_gone or view.job is None,
        running_since=view.notes.running_since,
        pending_reason=(seen.reason or "") if waited else "",
        pending_message=(seen.message or "") if waited else "",
        replaced_by=orders.replaced_by,
        start_by=view.window.end if view.window is not None else None,
        log_text=(view.notes.log.text or "") if view.notes.log is not None else "",
    )


def _log(view: RunView, job: Job | None, outcome: RunOutcome, orders: RunOrders, draft: Draft) -> RunLog | None:
    """The log to store, or None where it has to be read first."""
    settings = _log_settings(orders)
    if not _is_log_wanted(orders, succeeds=outcome.phase == RunPhase.SUCCEEDED):
        return NOT_CAPTURED
    source = log_source(job, view.pods, settings.container)
    if view.notes.log is not None and _has_log_of(view, source):
        return view.notes.log
    if source.pod is None:
        return build_run_log(source, None, tail_bytes=settings.tail_bytes)
    _read_log(view, orders, draft)
    return None


def _is_log_wanted(orders: RunOrders, *, succeeds: bool) -> bool:
    settings = _log_settings(orders)
    if settings.tail_bytes == 0 or settings.capture == LogCapture.NEVER:
        return False
    return settings.capture == LogCapture.ALWAYS or not succeeds


def _pods_are_known(view: RunView, job: Job) -> bool:
    """Whether every pod that the Job counts has shown its end: the watches of Jobs and pods have no common order."""
    if job.finished is None:
        return job.start_time is None  # gone as it was: whatever pods it had may still run
    return sum(1 for pod in view.pods if pod.has_ended or pod.gone) >= job.succeeded + job.failed


def _finish(view: RunView, outcome: RunOutcome, log: RunLog, orders: RunOrders, draft: Draft) -> None:
    now = orders.now
    status = view.run.status.model_copy(
        update={
            **_facts(view, outcome, orders.request),
            "end_time": outcome.end_time,
            "duration": _duration(outcome),
            "log": log,
            "conditions": end_conditions(outcome.phase, outcome.reason, outcome.message, now),
        }
    )
    draft.do(FinishRun(view.name, status), _end_event(view, outcome))


def _finish_refused(view: RunView, refusal: Refusal, orders: RunOrders, draft: Draft) -> None:
    deadline = orders.request.spec.starting_deadline_seconds if orders.request else None
    message = refusal.message(deadline)
    status = view.run.status.model_copy(
        update={
            "phase": refusal.phase,
            "process": process_name(orders.request, view.run),
            "reason": refusal.reason,
            "message": message,
            "summary": manifests.summary_of(view.run),
            "conditions": end_conditions(refusal.phase, refusal.reason, message, orders.now),
        }
    )
    outcome = _not_started(refusal.phase, refusal.reason, message)
    draft.do(FinishRun(view.name, status), _end_event(view, outcome))


def end_conditions(phase: RunPhase, reason: str, message: str, now: datetime) -> tuple[Condition, ...]:
    """Conditions of a finished run: Finished at any end, Complete after success, Failed and Stalled after any other."""
    now = now.replace(microsecond=0)
    types = [ConditionType.FINISHED]
    types += [ConditionType.COMPLETE] if phase == RunPhase.SUCCEEDED else [ConditionType.FAILED, ConditionType.STALLED]
    return tuple(
        Condition(type=kind, status=ConditionStatus.TRUE, last_transition_time=now, reason=reason, message=message) for kind in types
    )


def process_name(request: ProcessRequest | None, run: ProcessRun) -> str:
    """What a run ran: the Process, or the request where that has its own Job template."""
    if request is not None and request.spec.process is not None:
        return request.spec.process.name
    return run.spec.request.name


def _not_started(phase: RunPhase, reason: str, message: str) -> RunOutcome:
    return RunOutcome(phase=phase, reason=reason, message=message)


def _facts(view: RunView, outcome: RunOutcome, request: ProcessRequest | None) -> dict[str, Any]:
    job = view.job
    return {
        "phase": outcome.phase,
        "process": process_name(request, view.run),
        "reason": outcome.reason or None,
        "message": outcome.message or None,
        "start_time": outcome.start_time,
        "exit_code": outcome.exit_code,
        "attempts": outcome.attempts,
        "pod": outcome.pod,
        "node": outcome.node,
        "job": job.metadata.name if job is not None else view.run.status.job,
        # Only of a Job that was let go: one that waits may be made anew, and its absence is no end.
        "job_uid": job.metadata.uid if job is not None and view.is_let_go else view.run.status.job_uid,
    }


def _duration(outcome: RunOutcome) -> str | None:
    if outcome.start_time is None or outcome.end_time is None:
        return None
    return format_duration(outcome.end_time - outcome.start_time)


def _report_outcome(view: RunView, outcome: RunOutcome, draft: Draft) -> None:
    """Write what an open run does, only where phase or reason differ: a message alone is not worth a request."""
    seen = view.run.status
    if (seen.phase, seen.reason or "") == (outcome.phase, outcome.reason):
        return
    draft.do(ReportRun(view.name, seen.model_copy(update=_facts(view, outcome, None) | {"process": seen.process})))


def _report(view: RunView, reason: str, message: str, draft: Draft) -> None:
    if view.run.status.reason != reason:
        draft.do(ReportRun(view.name, view.run.status.model_copy(update={"reason": reason, "message": message})))


def _announce_start(view: RunView, draft: Draft) -> None:
    draft.do(Emit(EventReason.RUN_STARTED, f"started run {view.name}", about=view.name))


def _end_event(view: RunView, outcome: RunOutcome) -> Emit:
    text = f"run {view.name}: {outcome.phase}"
    detail = ", ".join(part for part in (outcome.reason, outcome.message) if part)
    match outcome.phase:
        case RunPhase.SUCCEEDED:
            return Emit(EventReason.RUN_FINISHED, f"{text} after {_duration(outcome) or 'an unknown time'}", about=view.name)
        case RunPhase.CANCELED:
            return Emit(EventReason.RUN_FINISHED, f"{text} ({detail})", about=view.name)
        case RunPhase.SKIPPED:
            return Emit(EventReason.RUN_SKIPPED, f"{text} ({detail})", warning=True, about=view.name)
        case RunPhase.MISSED:
            return Emit(EventReason.RUN_MISSED, f"{text} ({detail})", warning=True, about=view.name)
        case _:
            return Emit(EventReason.RUN_FAILED, f"{text} ({detail})", warning=True, about=view.name)


def _log_settings(orders: RunOrders) -> LogSettings:
    return orders.request.spec.log if orders.request is not None else LogSettings()


def _phase_of(kill: Kill) -> RunPhase:
    return RunPhase.MISSED if kill.reason == KillReason.MISSED else RunPhase.CANCELED


def _reason_of(kill: Kill) -> str:
    match kill.reason:
        case KillReason.MISSED:
            return RunReason.DEADLINE_PASSED
        case KillReason.SUSPENDED:
            return RunReason.UNSCHEDULED
        case KillReason.REPLACED:
            return RunReason.REPLACED
        case _:
            return RunReason.CANCELED
