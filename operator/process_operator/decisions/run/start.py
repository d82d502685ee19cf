"""Runs whose Job was started and that have started no container: they time out, or restart from a corrected template.

Both follow only from a fresh list of the pods, because work that has begun must continue. Neighbours: `follow.py`
follows the run, `open_outcome.py` derives why it does not start.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.plan.actions import AdoptRun, DeleteJob, Emit, ListPods, ReportRun
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.pods import ORDINARY_WAITING, relevant_pods, waiting_of
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import EventReason
from process_operator.resources.process_run import RunPhase

_MAX_LIST_AGE: Final = timedelta(seconds=5)
"""Maximum age of a list of pods that proves that none of them has started."""


def start_timed_out(view: RunView, job: Job, orders: RunOrders) -> Part[Kill | None]:
    """The kill of a run that has not started within `startTimeoutSeconds`. None while it may still start."""
    seconds = orders.start_timeout
    if seconds is None or job.start_time is None or job.is_suspended or job.is_ending or has_begun(view, job):
        return part()
    if job.is_resume_unrecorded:
        return part()  # `startTime` is that of the start before
    limit = job.start_time + timedelta(seconds=seconds)
    if orders.now < limit:
        return part(wake_at=limit)
    if not _is_fresh(view, orders.now):
        return part(ListPods(job.metadata.uid, view.name))
    words = f"no container had started {seconds} s after the start (startTimeoutSeconds)"
    return Part((), None, Kill(KillReason.NOT_STARTED, words))


def restart_outdated(view: RunView, job: Job, orders: RunOrders) -> Part[bool]:
    """Delete the Job of a run that is stuck before its start and whose template was corrected.

    The status of the run is first reset to that of a run without a Job, so the run gets a new Job even after a crash.
    The value is true if the Job is replaced, or its pods are listed for that.
    """
    unchanged = Part((), None, value=False)
    if job.is_suspended or job.is_ending:
        return unchanged
    status = view.run.status
    if status.phase != RunPhase.PENDING or (status.reason or "") in ORDINARY_WAITING or has_begun(view, job):
        return unchanged
    if not is_outdated(job, orders.template):
        return unchanged
    if not _is_fresh(view, orders.now):
        return part(ListPods(job.metadata.uid, view.name)).with_value(value=True)
    waits = [waiting_of(pod) for pod in view.pods if not pod.gone]
    if any(
        found is not None and found.reason in ORDINARY_WAITING and view.observations.pod_event is None
        for found in waits
    ):
        return unchanged  # it may be about to start
    return _replace_job(view, job).with_value(value=True)


def _replace_job(view: RunView, job: Job) -> Part[None]:
    status = view.run.status
    detached: Part[None] = part()
    if view.by_cronjob:
        # The operator creates its next Job. It tells the CronJob controller to count that (`engines/cronjob_active.py`).
        annotations = {"metadata": {"annotations": {names.ANNOTATION_ENGINE: None}}}
        detached = part(AdoptRun(view.name, view.run.metadata.uid, annotations))
    nothing = dict.fromkeys(
        ("job", "job_uid", "parameters", "reason", "message", "pod", "node", "start_time", "attempts")
    )
    words = f"the Job of run {view.name} is created again from the new template, because it had not started ({status.reason})"
    return detached + part(
        ReportRun(view.name, status.model_copy(update=nothing)),
        DeleteJob(view.name, job.metadata.uid),
        Emit(EventReason.RUN_STARTED, words, about=view.name),
    )


def is_outdated(job: Job, template: JobTemplate | None) -> bool:
    """Whether a Job is from another template than the present one. The template of a Job without a hash is unknown."""
    return template is not None and job.template_hash is not None and job.template_hash != template.hash


def has_begun(view: RunView, job: Job) -> bool:
    """Whether any container of the run may have started."""
    counted = job.ready + job.succeeded + job.failed > 0
    started = view.run.status.start_time
    if started is not None and (job.start_time is None or started >= job.start_time):
        return True  # an earlier process of the operator saw it, and the pod may be gone since
    return (
        counted
        or view.observations.running_since is not None
        or any(pod.has_started for pod in relevant_pods(job, view.pods))
    )


def _is_fresh(view: RunView, now: datetime) -> bool:
    listed_at = view.observations.pods_listed_at
    return listed_at is not None and listed_at <= now < listed_at + _MAX_LIST_AGE
