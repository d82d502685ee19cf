"""Suspension of a run's Job: by the operator, by another controller or by a user."""

from __future__ import annotations

from dataclasses import replace

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.manifests.jobs import pause_patch, resume_patch, unmark_patch
from process_operator.decisions.plan.actions import (
    DeleteJob,
    FinishRun,
    PatchJob,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.finish import record
from process_operator.decisions.run.report import (
    announce_start,
)
from process_operator.decisions.run.start import begins_again, is_outdated
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.model import format_instant


def end_suspended(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> None:
    """Record the end of a run whose Job somebody else suspended, and delete the Job.

    A deadline does not end a suspended Job, and to resume it is not the operator's business. It has no pods, and the
    deadline of 0 seconds sees to it that it never has: also where the operator ends before the Job is deleted.
    """
    record(replace(view, job_gone=True), orders, builder)
    if any(isinstance(action, FinishRun) and action.run == view.name for action in builder.actions):
        builder.add(DeleteJob(view.name, job.metadata.uid))


def why_suspended(view: RunView, job: Job) -> str:
    """The message of a run whose Job is suspended."""
    if job.is_suspended_by_others:
        if job.is_managed_elsewhere:
            return f"the Job is {_manager_of(job)}, which starts it when it admits it"
        return "the Job was suspended by somebody else (its spec.suspend is true); it goes on when they resume it"
    if view.is_paused:
        return "suspended with its request (onSuspend: SuspendRunning); the resume starts the work over"
    return f"waits until {format_instant(view.window.start)}" if view.window is not None else ""


def why_not_suspended(job: Job) -> str:
    """The message of a run that runs although `onSuspend: SuspendRunning` should have suspended its Job."""
    if job.is_managed_elsewhere:
        words = "onSuspend: SuspendRunning has no effect on it, because another controller would resume its Job"
        return f"{words}: the Job is {_manager_of(job)}"
    return "somebody else resumed its Job after onSuspend: SuspendRunning had suspended it"


def _manager_of(job: Job) -> str:
    if job.queue:
        return f"queued by Kueue (LocalQueue {job.queue})"
    return f"managed by {job.managed_by} (spec.managedBy)"


def adjust(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> bool:
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
