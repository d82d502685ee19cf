"""What to do about one open run: start its Job, follow it, resume, pause or kill it.

A run is followed by what its Job and pods show, never by what the operator remembers, so a restart at any moment goes
on where the objects stand. `outcome.py` says what Job and pods mean, `concurrency/policy.py` whether it may start,
`finish.py` records its end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView, log_settings, waits_for_start
from process_operator.decisions.manifests.jobs import job_manifest, kill_patch, pause_patch, resume_patch, unmark_patch
from process_operator.decisions.manifests.owners import adoption_patch, identity_patch
from process_operator.decisions.plan.actions import (
    AdoptRun,
    CreateJob,
    DeleteJob,
    FindPodEvent,
    FindRejectedPods,
    FinishRun,
    KillJob,
    ListPods,
    LookUpJob,
    PatchJob,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.finish import look_if_overdue, read_before_the_end, record
from process_operator.decisions.run.open_outcome import is_odd, next_look, open_outcome
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.pods import ORDINARY_WAITING, waiting_of
from process_operator.decisions.run.report import (
    announce_start,
    begin_steps,
    finish,
    finish_missed,
    not_started,
    report,
    report_outcome,
)
from process_operator.decisions.run.start import begins_again, is_outdated, start_timed_out
from process_operator.decisions.template.job_names import name_problem
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import LogReason, RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import LogCapture
from process_operator.resources.process_run import RunLog, RunPhase, Trigger

LOOK_AGAIN: Final = timedelta(seconds=10)
"""A run this young is not given up for lost: its Job may not have reached us yet."""

SETTLING: Final = timedelta(seconds=5)
"""A pod that was ready and no longer is has most likely just ended: the Job will say so."""

BRIEF_RUN: Final = timedelta(seconds=2)
"""A run that ends within this time of being seen running is never reported as Running: that saves a request."""


def plan_run(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """Add what has to be done about one open run."""
    missed_reason = view.missed_reason or orders.missed_reason
    if missed_reason is not None:
        finish_missed(view, missed_reason, orders, builder)
        return
    if orders.request is not None and (patch := adoption_patch(orders.request, view.run)):
        builder.add(AdoptRun(view.name, view.run.metadata.uid, patch))
    if view.job is None or (view.job_gone and waits_for_start(view)):
        _without_job(view, orders, builder)
    elif view.job_gone and view.job.finished is None and not view.observations.job_absent:
        # A Job that lost its label left the watch, and works on.
        builder.add(LookUpJob(view.name))
    elif view.job.finished is not None or view.job_gone:
        record(view, orders, builder)
    else:
        _follow(view, view.job, orders, builder)


def _without_job(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    refused = view.observations.create_rejected
    if orders.kill is not None and not view.observations.job_absent:
        # Another operator may have started it while this one stood still.
        builder.add(LookUpJob(view.name))
    elif orders.kill is not None:
        finish(
            view,
            not_started(phase_of_kill(orders.kill), reason_of_kill(orders.kill), orders.kill.detail),
            RunLog(reason="NeverStarted"),
            orders,
            builder,
        )
    elif view.by_cronjob or view.run.status.job_uid is not None:
        _look_for_job(view, orders, builder)
    elif (reason_and_message := _final_rejection(view, orders)) is not None:
        outcome = not_started(RunPhase.FAILED, *reason_and_message)
        finish(view, outcome, RunLog(reason=LogReason.NEVER_STARTED), orders, builder)
    elif refused is not None and refused.again_at is not None and refused.again_at > orders.now:
        builder.wake_at(refused.again_at)
        report(view, refused.reason, refused.message, builder)
    elif orders.may_start and orders.steps:
        begin_steps(view, orders, builder)
    elif orders.may_start or _may_wait_suspended(view, orders):
        assert orders.template is not None
        suspended = not orders.may_start
        manifest = job_manifest(
            orders.template, view.run, orders.request, scheduled=view.scheduled, suspended=suspended
        )
        claimed_for = view.due if names.ANNOTATION_AHEAD in view.run.metadata.annotations else None
        builder.add(CreateJob(view.name, manifest, claimed_for))
        if not suspended:
            announce_start(view, builder)
    else:
        _report_wait(view, orders, builder)


def _report_wait(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    if orders.holds is not None:
        report(view, *orders.holds, builder)
    elif view.window is not None and orders.now < view.window.start and _is_managed_elsewhere(view, orders):
        start = format_instant(view.window.start)
        words = f"waits until {start}; its Job is created then, because another controller decides when it runs"
        report(view, RunReason.SUSPENDED, words, builder)


def _final_rejection(view: RunView, orders: RunOrders) -> tuple[str, str] | None:
    """Reason and message where the Job of a run can never be created: the API server has said so, or would."""
    refused = view.observations.create_rejected
    if refused is not None and refused.again_at is None:
        return refused.reason, refused.message
    problem = name_problem(orders.template, view.name) if orders.template is not None else ""
    return (RunReason.REJECTED, problem) if problem else None


def _may_wait_suspended(view: RunView, orders: RunOrders) -> bool:
    """A Run Later run gets its Job at once, suspended, so that what the server says to it is known early.

    It must not where another controller resumes suspended Jobs: that one would start it before its time.
    """
    is_later = view.run.spec.trigger == Trigger.LATER and orders.template is not None
    return is_later and not _is_managed_elsewhere(view, orders)


def _is_managed_elsewhere(view: RunView, orders: RunOrders) -> bool:
    """Whether the template, or the answer to a dry run of the Job, names another controller."""
    template = orders.template
    return view.observations.managed_elsewhere or (template is not None and template.is_queued_by_kueue)


def _look_for_job(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """The Job was there once. That no event shows it is no evidence; the API server's own word is."""
    created = view.run.metadata.creation_timestamp
    assert created is not None
    if orders.now < created + LOOK_AGAIN:
        builder.wake_at(created + LOOK_AGAIN)
    elif not view.observations.job_absent:
        builder.add(LookUpJob(view.name))
    elif view.observations.pods_listed_at is None and view.run.status.job_uid is not None:
        builder.add(ListPods(view.run.status.job_uid, view.name))
    else:
        record(view, orders, builder)


def _follow(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> None:
    now = orders.now
    if orders.request is not None and (labels := identity_patch(orders.request, job.metadata)):
        builder.add(PatchJob(view.name, job.metadata.uid, labels))
    kill = orders.kill or start_timed_out(view, job, orders, builder)
    if kill is not None and job.kill is None:
        builder.add(_kill(view, job, kill, orders))
        return
    if job.kill is not None and job.is_suspended_by_others and not (job.active or job.terminating):
        _end_suspended(view, job, orders, builder)
        return
    if job.kill is None and _adjust(view, job, orders, builder):
        return
    if job.is_ending:
        read_before_the_end(view, job, orders, builder)
        look_if_overdue(view, now, builder)
        _report_why_stuck(view, job, now, builder)
        return
    _look_if_odd(view, job, now, builder)
    outcome = open_outcome(
        job,
        view.pods,
        failed_create=view.observations.rejected_pods,
        suspended=_why_suspended(view, job),
        running_since=view.observations.running_since,
        event=view.observations.pod_event,
        now=now,
    )
    if orders.pause and outcome.phase == RunPhase.RUNNING:
        outcome = replace(outcome, reason=RunReason.NOT_SUSPENDED, message=_why_not_suspended(job))
    if _is_known_better(view, job, outcome, now):
        return
    if outcome.phase == RunPhase.RUNNING and view.run.status.phase == RunPhase.PENDING:
        over = bool(view.pods) and all(pod.has_ended for pod in view.pods)
        since = view.observations.running_since or outcome.start_time or now
        brief_until = since + (SETTLING if over else BRIEF_RUN)
        if now < brief_until:
            builder.wake_at(brief_until)
            return
    report_outcome(view, outcome, builder)


def _is_known_better(view: RunView, job: Job, outcome: RunOutcome, now: datetime) -> bool:
    """Whether the run gives a cause already that only a look at its pods and their Events can confirm or change.

    An operator that has just started has looked at neither.
    """
    seen, observations = view.run.status, view.observations
    if seen.phase != outcome.phase or not is_odd(job, now, observations.unready_since):
        return False
    if (seen.reason or "") in ORDINARY_WAITING or outcome.reason not in (*ORDINARY_WAITING, RunReason.RETRYING):
        return False
    listed_at, read_at = observations.pods_listed_at, observations.pod_events_read_at
    return listed_at is None or (any(not pod.gone for pod in view.pods) and (read_at is None or read_at < listed_at))


def _report_why_stuck(view: RunView, job: Job, now: datetime, builder: PlanBuilder) -> None:
    """A pod that is removed forgets what it waited for, so the run has to remember it; one that does not go is odd."""
    outcome = open_outcome(
        job,
        view.pods,
        failed_create=view.observations.rejected_pods,
        running_since=view.observations.running_since,
        event=view.observations.pod_event,
        now=now,
    )
    is_stuck = outcome.phase == RunPhase.PENDING and outcome.reason not in ORDINARY_WAITING
    if is_stuck or outcome.reason == RunReason.NOT_TERMINATED:
        report_outcome(view, outcome, builder)


def _end_suspended(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> None:
    """Record the end of a run whose Job somebody else suspended, and delete the Job.

    A deadline does not end a suspended Job, and to resume it is not the operator's business. It has no pods, and the
    deadline of 0 seconds sees to it that it never has: also where the operator ends before the Job is deleted.
    """
    record(replace(view, job_gone=True), orders, builder)
    if any(isinstance(action, FinishRun) and action.run == view.name for action in builder.actions):
        builder.add(DeleteJob(view.name, job.metadata.uid))


def _why_suspended(view: RunView, job: Job) -> str:
    if job.is_suspended_by_others:
        if job.is_managed_elsewhere:
            return f"the Job is {_manager_of(job)}, which starts it when it admits it"
        return "the Job was suspended by somebody else (its spec.suspend is true); it goes on when they resume it"
    if view.is_paused:
        return "suspended with its request (onSuspend: SuspendRunning); the resume starts the work over"
    return f"waits until {format_instant(view.window.start)}" if view.window is not None else ""


def _why_not_suspended(job: Job) -> str:
    if job.is_managed_elsewhere:
        words = "onSuspend: SuspendRunning has no effect on it, because another controller would resume its Job"
        return f"{words}: the Job is {_manager_of(job)}"
    return "somebody else resumed its Job after onSuspend: SuspendRunning had suspended it"


def _manager_of(job: Job) -> str:
    if job.queue:
        return f"queued by Kueue (LocalQueue {job.queue})"
    return f"managed by {job.managed_by} (spec.managedBy)"


def _adjust(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> bool:
    """Resume, pause or renew the Job where that is due; whether anything was."""
    if orders.pause and not job.is_suspended:
        if job.is_managed_elsewhere or names.ANNOTATION_PAUSED in job.metadata.annotations:
            # Another controller would resume it, or somebody has: to suspend it again would be a fight without end.
            return False
        builder.add(PatchJob(view.name, job.metadata.uid, pause_patch(orders.now)))
        return True
    if job.has_suspension_mark and not job.is_suspended and not job.is_ending:
        # Somebody else resumed it. What they suspend from now on is not ours to resume.
        builder.add(PatchJob(view.name, job.metadata.uid, unmark_patch()))
        return True
    if not job.is_suspended:
        return begins_again(view, job, orders, builder)
    if job.is_suspended_by_others:
        return False
    if orders.may_start:
        if not view.is_paused and is_outdated(job, orders.template):
            builder.add(DeleteJob(view.name, job.metadata.uid))
            return True
        builder.add(PatchJob(view.name, job.metadata.uid, resume_patch()))
        if not view.is_paused:
            announce_start(view, builder)
        return True
    if not view.is_paused and orders.template is not None and is_outdated(job, orders.template):
        # It never had a pod, and image, command and environment of a suspended Job cannot be changed.
        builder.add(DeleteJob(view.name, job.metadata.uid))
        return True
    return False


def _kill(view: RunView, job: Job, kill: Kill, orders: RunOrders) -> KillJob:
    settings = log_settings(orders)
    patch = kill_patch(kill, resume=job.is_suspended and not job.is_suspended_by_others)
    wanted = settings.capture != LogCapture.NEVER and not job.is_suspended and not view.observations.log_wanted
    return KillJob(
        view.name, job.metadata.uid, view.name, patch, settings.tail_bytes if wanted else 0, settings.container
    )


def _look_if_odd(view: RunView, job: Job, now: datetime, builder: PlanBuilder) -> None:
    """A Job that has no ready pod after a while is asked about: pending pods and Events are not watched."""
    unready = view.observations.unready_since
    if not is_odd(job, now, unready):
        builder.wake_at(next_look(job, now, unready))
        return
    looked = view.observations.pods_listed_at
    due = next_look(job, looked, unready) if looked is not None else now
    if due is None:
        return
    if looked is None or due <= now:
        builder.add(ListPods(job.metadata.uid, view.name))
        return
    builder.wake_at(due)
    read_at = view.observations.events_read_at
    if all(pod.gone for pod in view.pods) and (read_at is None or read_at < looked):
        builder.add(FindRejectedPods(view.name, job.metadata.uid, view.name))
    pod = next((pod for pod in view.pods if _is_silent(pod)), None)
    read_at = view.observations.pod_events_read_at
    if pod is not None and (read_at is None or read_at < looked):
        builder.add(FindPodEvent(pod.metadata.name, pod.metadata.uid, view.name))


def _is_silent(pod: Pod) -> bool:
    """Whether only its Events can tell why a pod does not start, or is not ready."""
    if pod.gone or pod.has_ended:
        return False
    waiting = waiting_of(pod)
    return pod.has_started or waiting is None or waiting.reason in ORDINARY_WAITING


def phase_of_kill(kill: Kill) -> RunPhase:
    """How a run ends that is ended for this reason."""
    return RunPhase.MISSED if kill.reason == KillReason.MISSED else RunPhase.CANCELED


def reason_of_kill(kill: Kill) -> str:
    """The reason of a run that is ended for this reason."""
    match kill.reason:
        case KillReason.MISSED:
            return RunReason.DEADLINE_PASSED
        case KillReason.SUSPENDED:
            return RunReason.UNSCHEDULED
        case KillReason.REPLACED:
            return RunReason.REPLACED
        case _:
            return RunReason.CANCELED
