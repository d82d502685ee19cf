"""A run whose Job was let start and has started no container: given up after a time, or begun again from a better
template.

Both are decided only on a fresh look at its pods, because work that has begun must not be ended for not beginning.
Neighbours: `follow.py` follows the run, `outcome.py` says why it does not start.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.plan.actions import AdoptRun, DeleteJob, Emit, ListPods, ReportRun
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.pods import ORDINARY_WAITING, relevant_pods, waiting_of
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import EventReason
from process_operator.resources.process_run import RunPhase

_FRESH: Final = timedelta(seconds=5)
"""How old a list of pods may be that says that none of them has started."""


def start_timed_out(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> Kill | None:
    """Why a run has to end that has not started in time (`startTimeoutSeconds`); None while it may still start."""
    seconds = orders.start_timeout
    if seconds is None or job.start_time is None or job.is_suspended or job.is_ending or has_begun(view, job):
        return None
    limit = job.start_time + timedelta(seconds=seconds)
    if orders.now < limit:
        builder.wake_at(limit)
        return None
    if not _is_fresh(view, orders.now):
        builder.add(ListPods(job.metadata.uid, view.name))
        return None
    return Kill(KillReason.NOT_STARTED, f"no container had started {seconds} s after the start (startTimeoutSeconds)")


def begins_again(view: RunView, job: Job, orders: RunOrders, builder: PlanBuilder) -> bool:
    """Delete the Job of a run that is stuck before its start and whose template was corrected; whether that is so.

    The run is first written as it was before it had a Job. So a crash in between leaves a run that gets its Job.
    """
    if job.is_suspended or job.is_ending:
        return False
    if not is_outdated(job, orders.template) or has_begun(view, job):
        return False
    status = view.run.status
    if status.phase != RunPhase.PENDING or (status.reason or "") in ORDINARY_WAITING:
        return False
    if not _is_fresh(view, orders.now):
        builder.add(ListPods(job.metadata.uid, view.name))
        return True
    waits = [waiting_of(pod) for pod in view.pods if not pod.gone]
    if any(
        found is not None and found.reason in ORDINARY_WAITING and view.observations.pod_event is None
        for found in waits
    ):
        return False  # it may be about to start
    if view.by_cronjob:
        # Its next Job is the operator's. The CronJob controller is told to count that (`engines/cronjob_active.py`).
        annotations = {"metadata": {"annotations": {names.ANNOTATION_ENGINE: None}}}
        builder.add(AdoptRun(view.name, view.run.metadata.uid, annotations))
    nothing = dict.fromkeys(("job", "job_uid", "reason", "message", "pod", "node", "start_time", "attempts"))
    words = f"the Job of run {view.name} is created again from the new template: it had not started ({status.reason})"
    builder.add(
        ReportRun(view.name, status.model_copy(update=nothing)),
        DeleteJob(view.name, job.metadata.uid),
        Emit(EventReason.RUN_STARTED, words, about=view.name),
    )
    return True


def is_outdated(job: Job, template: JobTemplate | None) -> bool:
    """Whether a Job is from another template than the one in force; one without a hash does not say from which it
    is."""
    return template is not None and job.template_hash is not None and job.template_hash != template.hash


def has_begun(view: RunView, job: Job) -> bool:
    """Whether any container of the run may have started, as far as is known."""
    counted = job.ready + job.succeeded + job.failed > 0
    started = view.run.status.start_time
    if started is not None and (job.start_time is None or started >= job.start_time):
        return True  # the operator that saw it has ended since, and so may the pod
    return (
        counted
        or view.observations.running_since is not None
        or any(pod.has_started for pod in relevant_pods(job, view.pods))
    )


def _is_fresh(view: RunView, now: datetime) -> bool:
    listed_at = view.observations.pods_listed_at
    return listed_at is not None and listed_at <= now < listed_at + _FRESH
