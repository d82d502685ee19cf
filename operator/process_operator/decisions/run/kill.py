"""Kill of a run: the write that ends its Job, and the phase and reason that the run then has."""

from __future__ import annotations

from process_operator.decisions.inputs.run_view import RunOrders, RunView, log_settings
from process_operator.decisions.manifests.jobs import kill_patch
from process_operator.decisions.plan.actions import KillJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_request import LogCapture
from process_operator.resources.process_run import RunPhase


def kill_job(view: RunView, job: Job, kill: Kill, orders: RunOrders) -> KillJob:
    """The action that ends a Job, and reads its log to the end if the log is wanted."""
    settings = log_settings(orders)
    patch = kill_patch(kill, resume=job.is_suspended and not job.is_suspended_by_others)
    wanted = settings.capture != LogCapture.NEVER and not job.is_suspended and not view.observations.log_wanted
    return KillJob(
        view.name, job.metadata.uid, view.name, patch, settings.tail_bytes if wanted else 0, settings.container
    )


def end_after_kill(kill: Kill) -> tuple[RunPhase, RunReason]:
    """Phase and reason of a run that the operator ended."""
    match kill.reason:
        case KillReason.MISSED:
            return RunPhase.MISSED, RunReason.DEADLINE_PASSED
        case KillReason.SUSPENDED:
            return RunPhase.CANCELED, RunReason.UNSCHEDULED
        case KillReason.REPLACED:
            return RunPhase.CANCELED, RunReason.REPLACED
        case _:
            return RunPhase.CANCELED, RunReason.CANCELED
