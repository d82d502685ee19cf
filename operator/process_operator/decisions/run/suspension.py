"""Suspension of a run's Job: by the operator, by another controller or by a user."""

from __future__ import annotations

from dataclasses import replace

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.manifests.jobs import pause_patch, resume_patch, unmark_patch
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import DeleteJob, PatchJob
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.finish import record
from process_operator.decisions.run.report import (
    start_event,
)
from process_operator.decisions.run.start import is_outdated, restart_outdated
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.model import format_instant


def end_suspended(view: RunView, job: Job, orders: RunOrders) -> Part[None]:
    """Record the end of a run whose Job another client suspended, and delete the Job.

    A deadline does not end a suspended Job, and the operator must not resume it. The Job has no pods. Its deadline of 0
    seconds prevents new ones, even if the operator stops before it deletes the Job.
    """
    recorded = record(replace(view, job_gone=True), orders)
    deletion = part(DeleteJob(view.name, job.metadata.uid)) if recorded.value else part()
    return recorded.without_value() + deletion


def why_suspended(view: RunView, job: Job) -> str:
    """The message of a run whose Job is suspended."""
    if job.is_suspended_by_others:
        if job.is_managed_elsewhere:
            return f"the Job is {_manager_of(job)}, which starts it when it admits it"
        return "another client suspended the Job (its spec.suspend is true); it continues after that client resumes it"
    if view.is_paused:
        return "suspended with its request (onSuspend: SuspendRunning); the resume starts the work over"
    return f"waits until {format_instant(view.window.start)}" if view.window is not None else ""


def why_not_suspended(job: Job) -> str:
    """The message of a run that runs although `onSuspend: SuspendRunning` should have suspended its Job."""
    if job.is_managed_elsewhere:
        words = "onSuspend: SuspendRunning has no effect on it, because another controller would resume its Job"
        return f"{words}: the Job is {_manager_of(job)}"
    return "another client resumed its Job after onSuspend: SuspendRunning had suspended it"


def _manager_of(job: Job) -> str:
    if job.queue:
        return f"queued by Kueue (LocalQueue {job.queue})"
    return f"managed by {job.managed_by} (spec.managedBy)"


def adjust(view: RunView, job: Job, orders: RunOrders) -> Part[bool]:
    """Resume, suspend or replace the Job if that is due. The value is true if anything is."""
    unchanged = Part((), None, value=False)
    if orders.pause and not job.is_suspended:
        if job.is_managed_elsewhere or names.ANNOTATION_PAUSED in job.metadata.annotations:
            # Another controller would resume it, or another client has resumed it. They would do so again and again.
            return unchanged
        return _changed(PatchJob(view.name, job.metadata.uid, pause_patch(orders.now)))
    if job.has_suspension_mark and not job.is_suspended and not job.is_ending:
        # Another client resumed it. The operator must not resume what that client suspends from now on.
        return _changed(PatchJob(view.name, job.metadata.uid, unmark_patch()))
    if not job.is_suspended:
        return restart_outdated(view, job, orders)
    return unchanged if job.is_suspended_by_others else _adjust_suspended(view, job, orders)


def _adjust_suspended(view: RunView, job: Job, orders: RunOrders) -> Part[bool]:
    # Image, command and environment of a suspended Job cannot be changed. A Job that was never started has no pod.
    if not view.is_paused and is_outdated(job, orders.template):
        return _changed(DeleteJob(view.name, job.metadata.uid))
    if not orders.may_start:
        return Part((), None, value=False)
    resume = PatchJob(view.name, job.metadata.uid, resume_patch())
    return _changed(resume) if view.is_paused else _changed(resume, start_event(view))


def _changed(*actions: Action) -> Part[bool]:
    return part(*actions).with_value(value=True)
