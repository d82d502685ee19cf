"""Significance of Job and pod events: whether the operator has to react, and how soon.

The store (`state/store.py`) asks these questions about every event of a Job or pod. They are rules about Jobs, so they
stand here, where tests can tabulate them.
"""

from __future__ import annotations

from enum import StrEnum

from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.kinds import PROCESS_RUN


class Urgency(StrEnum):
    """Time within which the operator has to decide about the request that an event concerns."""

    IMMEDIATE = "Immediate"
    BATCHED = "Batched"
    """A further event is about to follow, so that one decision can cover both."""


def job_urgency(job: Job, before: Job | None, *, is_log_being_read: bool) -> Urgency:
    """Urgency of a new version of a Job; `before` is the version that the operator knew, if it knew one.

    A Job that got a pod, or a ready pod, only makes progress. A Job that is over while the operator reads its log needs
    no reaction either, because the log reader triggers the next decision.
    """
    if job.finished is not None:
        return Urgency.BATCHED if is_log_being_read else Urgency.IMMEDIATE
    if before is None or not _is_progressing(before) or not _is_progressing(job) or job.failed != before.failed:
        return Urgency.IMMEDIATE
    return Urgency.BATCHED


def pod_urgency(pod: Pod, job: Job | None) -> Urgency:
    """Urgency of a new version of a pod; `job` is its Job. None if the Job is deleted or unknown.

    The operator watches finished pods only. The Job controller reports the end of a pod in the Job a moment later.
    """
    is_announced = job is not None and _is_progressing(job) and pod.deleted_at is None
    return Urgency.BATCHED if is_announced else Urgency.IMMEDIATE


def deletion_matters(job: Job, *, is_run_open: bool) -> bool:
    """Whether the deletion of a Job needs a decision.

    It needs none if the run of the Job is recorded already. Then the garbage collector deleted the Job with its run.
    """
    owner = job.controller
    is_ours = owner is not None and owner.kind == PROCESS_RUN.kind
    return not is_ours or job.finished is None or is_run_open


def is_relevant_pod(job: Job | None, *, is_run_open: bool) -> bool:
    """Whether the operator holds a pod; `job` is its Job, as far as it is known.

    Pods of recorded runs stay in the cluster as long as their Jobs, and no decision reads them.
    """
    return is_run_open or (job is not None and job.finished is None)


def _is_progressing(job: Job) -> bool:
    """Whether a Job is neither suspended, nor about to end, nor over."""
    return job.finished is None and not job.is_ending and not job.is_suspended
