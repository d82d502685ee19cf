"""Significance of events: whether the operator has to react, and how soon.

A change by a user and a finished Job are immediate. The end of a Job may wait if its request is due again within the
second. All other events of Jobs and pods, and the answers to the operator's own calls, are batched. `state/store.py`
calls these functions for every event.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from process_operator.decisions.inputs.ownership import is_created_by_user
from process_operator.resources.batch.job import Job
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.process_run import ProcessRun

BATCH_SECONDS: Final = 1.0
"""`SyncJobBatchPeriod` of the Job controller."""


class Urgency(StrEnum):
    """Time within which the operator has to decide about the request that an event concerns."""

    IMMEDIATE = "Immediate"
    END = "End"
    """At once, or batched while the ends of the request wait (`plan/follow_up.py`)."""
    BATCHED = "Batched"
    """Within `BATCH_SECONDS`, so that one decision covers all events of that time."""


def job_urgency(job: Job, before: Job | None) -> Urgency:
    """Urgency of a new version of a Job; `before` is the version that the operator knew, if it knew one.

    A Job that begins to end is immediate, because its log must be read before the pods are gone. After
    SuccessCriteriaMet the pods have ended by themselves, and the end of the Job follows at once. Otherwise the rule is
    that of the Job controller of Kubernetes, which batches the events of pods for a second.
    """
    if job.finished is not None:
        return Urgency.END
    begins_to_end = job.is_ending and (before is None or not before.is_ending)
    succeeds = job.ending is not None and job.ending.type == "SuccessCriteriaMet"
    return Urgency.IMMEDIATE if begins_to_end and not succeeds else Urgency.BATCHED


def run_urgency(run: ProcessRun, before: ProcessRun | None) -> Urgency:
    """Urgency of a new version of a run; `before` is the version that the operator knew, if it knew one.

    The operator itself creates runs and writes their statuses. Everything else is written by users.
    """
    if before is None or before.metadata.uid != run.metadata.uid:
        return Urgency.IMMEDIATE if is_created_by_user(run) else Urgency.BATCHED
    return Urgency.BATCHED if _written_by_users(run) == _written_by_users(before) else Urgency.IMMEDIATE


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


def _written_by_users(run: ProcessRun) -> tuple[object, ...]:
    metadata = run.metadata
    return run.spec, metadata.labels, metadata.annotations, metadata.owner_references, metadata.deletion_timestamp
