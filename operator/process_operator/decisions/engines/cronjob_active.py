"""What the CronJob controller has to count as running, beside the Jobs that it made itself.

Under Forbid it goes by `status.active` of the CronJob alone, and puts nothing in there but what it has just made: a run
that a person asked for would be in nobody's way, nor would a Job that the operator made in the controller's place
(`cronjob_takeover.py`). So the operator adds these. What the CronJob owns the controller takes out again when it ends;
what a run owns it would count until it is deleted, so that is taken out here.
"""

from __future__ import annotations

from process_operator.decisions.context import DecisionContext
from process_operator.decisions.engines.cronjob_sync import own_cronjob
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import active_patch
from process_operator.decisions.plan.actions import PatchCronJob
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.resources.batch.cronjob import ActiveJob, CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.process import ConcurrencyPolicy


def plan_active(context: DecisionContext, builder: PlanBuilder) -> None:
    """Add to `status.active` what is in the way and not counted, and take out what is over."""
    cronjob = own_cronjob(context.snapshot)
    if cronjob is None:
        return
    counted = {job.uid for job in cronjob.active}
    own = context.snapshot.jobs.values()
    over = {job.metadata.uid: job for job in own if job.finished is not None}
    stuck = any(job.uid in over and not _is_by_cronjob(over[job.uid], cronjob) for job in cronjob.active)
    kept = [job for job in cronjob.active if job.uid not in over]
    added = [
        ActiveJob(job.metadata.name, job.metadata.uid)
        for job in own
        if job.metadata.uid not in counted and _is_at_work(context.snapshot, job) and _counts(context, cronjob, job)
    ]
    if added or stuck:
        patch = active_patch(cronjob, [*kept, *added])
        builder.add(PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, patch, subresource="status"))


def _counts(context: DecisionContext, cronjob: CronJob, job: Job) -> bool:
    """Whether the operator has to see to it; a tick that it did not claim is the controller's own business."""
    if job.tick is not None and _is_by_cronjob(job, cronjob):
        return job.tick == cronjob.taken_over_tick
    return context.policy == ConcurrencyPolicy.FORBID


def _is_at_work(snapshot: Snapshot, job: Job) -> bool:
    is_at_rest = job.is_paused or job.waits_for_start
    return job.finished is None and not is_at_rest and job.metadata.name not in snapshot.gone_jobs


def _is_by_cronjob(job: Job, cronjob: CronJob) -> bool:
    return job.controller is not None and job.controller.uid == cronjob.metadata.uid
