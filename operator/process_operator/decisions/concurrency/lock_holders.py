"""Which Process a run occupies, from when on, and which actions let a run go.

The label says it from the moment the run is made: a request may name another Process by the time its run ends, and the
run of a step belongs to the request of its parent. Neighbour: `inputs/process_lock.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from process_operator.decisions.inputs.process_lock import LockHolder
from process_operator.decisions.plan.actions import Action, CreateRun
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.process_run import ProcessRun, RunPhase


def process_of(run: ProcessRun) -> str | None:
    """Name of the Process that a run is one of; None where its request has a template of its own."""
    return run.metadata.labels.get(names.LABEL_PROCESS)


def lock_holder_of(run: ProcessRun, job: Job | None) -> LockHolder | None:
    """The run as one that is in the way of others; None where it waits, is suspended, or will never start.

    It is so until its end is recorded: then its pods are gone. `job` is its own. A run with steps has none, and is in
    the way from its beginning to its end: also between two steps, and while it is suspended. So is a run whose Job
    somebody else suspended, because they may resume it at any moment.
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
    actions: tuple[Action, ...], ask_due: datetime, request: str, *, going: Collection[str]
) -> tuple[LockHolder, ...]:
    """The runs that these actions start or resume, as those that are about to be in the way.

    `going` are those with steps that have begun, and the runs of their steps: a step starts nothing anew.
    """
    started = (action for action in actions if action.starts and not (isinstance(action, CreateRun) and action.is_step))
    return tuple(
        LockHolder(request, action.subject, ask_due, ask_due) for action in started if action.subject not in going
    )
