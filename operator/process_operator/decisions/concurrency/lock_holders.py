"""Lock holders: the Process whose lock a run holds, since when it holds it, and which actions start a run.

The label of a run names its Process from the moment it is created, because its request can name another Process before
the run ends. The run of a step belongs to the request of its parent. Neighbour: `inputs/process_lock.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from process_operator.decisions.inputs.process_lock import LockHolder
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.process_run import ProcessRun, RunPhase


def process_of(run: ProcessRun) -> str | None:
    """Name of the Process of a run; None if its request has a Job template of its own."""
    return run.metadata.labels.get(names.LABEL_PROCESS)


def lock_holder_of(run: ProcessRun, job: Job | None) -> LockHolder | None:
    """The run as a holder of the lock; None if it waits, is suspended, or will never start.

    A run holds the lock until its end is recorded. Its pods are gone then. `job` is the Job of the run. A run with steps
    has none. It holds the lock from its start to its end, also between two steps and while it is suspended. So does a
    run whose Job a user or another controller suspended, because they can resume it at any moment.
    """
    created = run.metadata.creation_timestamp
    assert created is not None
    if names.ANNOTATION_MISSED_REASON in run.metadata.annotations and job is None and run.status.job_uid is None:
        return None
    was_started = bool(run.status.steps) or run.status.phase == RunPhase.RUNNING or run.status.job_uid is not None
    if job is None and not was_started:
        return None
    if job is not None and (job.is_paused or job.waits_for_start):
        return None
    begun = (job.start_time or job.metadata.creation_timestamp) if job is not None else None
    return LockHolder(run.spec.request.name, run.metadata.name, run.spec.scheduled_time or created, begun or created)


def started_by(
    actions: tuple[Action, ...], due: datetime, request: str, *, going: Collection[str]
) -> tuple[LockHolder, ...]:
    """The runs that these actions start or resume, as future holders of the lock.

    `due` is the instant (UTC) of the lock request. `going` names the runs with steps that have begun, and the runs of
    their steps. These hold the lock already.
    """
    started = (action for action in actions if action.starts and not (isinstance(action, CreateRun) and action.is_step))
    return tuple(LockHolder(request, action.subject, due, due) for action in started if action.subject not in going)
