"""Active list of a CronJob: the Jobs that the CronJob controller has to count as running beside its own.

Under Forbid the controller reads only `status.active` of the CronJob, and adds only Jobs that it has just created. It
would therefore ignore a run that a user started, and a Job that the operator created in the controller's place
(`cronjob_takeover.py`). The operator adds these. The controller removes a Job that the CronJob owns when it ends. It
counts a Job that a run owns until the Job is deleted, so the operator removes those.
"""

from __future__ import annotations

from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.ownership import own_cronjob
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import active_patch
from process_operator.decisions.plan.actions import PatchCronJob
from process_operator.decisions.plan.part import Part, part
from process_operator.resources.batch.cronjob import ActiveJob, CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.process import ConcurrencyPolicy


def plan_active(context: DecisionContext) -> Part[None]:
    """Add blocking Jobs that `status.active` lacks, and remove Jobs that have ended."""
    cronjob = own_cronjob(context.snapshot)
    if cronjob is None:
        return part()
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
    if not added and not stuck:
        return part()
    patch = active_patch(cronjob, [*kept, *added])
    return part(PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, patch, subresource="status"))


def _counts(context: DecisionContext, cronjob: CronJob, job: Job) -> bool:
    """Whether the operator has to add a Job. The controller adds the Jobs of ticks that were not taken over."""
    if job.tick is not None and _is_by_cronjob(job, cronjob):
        return job.tick == cronjob.taken_over_tick
    return context.policy == ConcurrencyPolicy.FORBID


def _is_at_work(snapshot: Snapshot, job: Job) -> bool:
    is_suspended = job.is_paused or job.waits_for_start
    return job.finished is None and not is_suspended and job.metadata.name not in snapshot.gone_jobs


def _is_by_cronjob(job: Job, cronjob: CronJob) -> bool:
    return job.controller is not None and job.controller.uid == cronjob.metadata.uid
