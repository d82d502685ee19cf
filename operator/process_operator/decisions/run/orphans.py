"""What an earlier request, or a run that was deleted, has left behind: it works on, and has its place until it ends.

`kubectl delete --cascade=orphan` takes away the owner of runs, CronJobs and Jobs and lets them work; a backup may
restore runs without owner and status. A run without owner that works is adopted by the request that has the name now.
One of which no Job is there is recorded as Unknown, because nobody knows whether it ran: it is never started. A Job
that lost its run is proven by its UID in the status of the request. `request.py` asks here; `inputs/ownership.py` has
the proofs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.missed_tick import MissedReason
from process_operator.decisions.inputs.ownership import is_cronjob_of
from process_operator.decisions.inputs.run_view import RunView, view_of, waits_for_start
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.owners import adoption_patch, request_owner
from process_operator.decisions.plan.actions import (
    Action,
    AdoptRun,
    DeleteJob,
    Emit,
    LookUpJob,
    PatchCronJob,
    ReportRun,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import EventReason, RunReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ActiveRun
from process_operator.resources.process_run import RunPhase

_SETTLING: Final = timedelta(seconds=10)
"""A run this young may have a Job that did not reach us yet."""


def adoptions(left: Snapshot, request: ProcessRequest, now: datetime, builder: PlanBuilder) -> tuple[Action, ...]:
    """What makes the runs that an earlier request left without owner this request's, or tells that they are over.

    `left` has the runs of earlier requests alone. A run that still has its owner is left to the garbage collector.
    """
    orphaned = (run for run in left.runs if not any(owner.controller for owner in run.metadata.owner_references))
    return tuple(action for run in orphaned for action in _adoption(view_of(left, run), request, now, builder))


def _adoption(view: RunView, request: ProcessRequest, now: datetime, builder: PlanBuilder) -> Iterator[Action]:
    status, job = view.run.status, view.job
    if _works(view):
        if job is not None and status.job_uid is None:
            # The proof that this Job is the run's, once the run has another request.
            found = {"job": job.metadata.name, "job_uid": job.metadata.uid}
            yield ReportRun(view.name, status.model_copy(update=found))
        yield AdoptRun(view.name, view.run.metadata.uid, adoption_patch(request, view.run))
        for step in view.steps.values():
            yield AdoptRun(step.name, step.run.metadata.uid, adoption_patch(request, step.run))
        message = f"adopted run {view.name}, which an earlier ProcessRequest of this name left behind"
        yield Emit(EventReason.ADOPTED, message, about=view.name)
    elif job is not None and waits_for_start(view) and not view.job_gone:
        # It never had a pod, and nobody would start it any more.
        yield DeleteJob(job.metadata.name, job.metadata.uid)
    elif job is None and status.job_uid is None and view.missed_reason is None:
        yield from _never_started(view, request, now, builder)


def _works(view: RunView) -> bool:
    if view.job is None:
        return bool(view.run.status.steps)
    return view.job.finished is None and not view.job_gone and not waits_for_start(view)


def _never_started(view: RunView, request: ProcessRequest, now: datetime, builder: PlanBuilder) -> Iterator[Action]:
    """A run without a Job: it waited when its request went, or came back from a backup without its status."""
    if now < view.created + _SETTLING:
        builder.wake_at(view.created + _SETTLING)
    elif not view.observations.job_absent:
        yield LookUpJob(view.name)
    else:
        patch = adoption_patch(request, view.run) or {"metadata": {}}
        missed_reason = str(MissedReason(RunPhase.UNKNOWN, RunReason.FORMER_REQUEST))
        patch["metadata"]["annotations"] = {names.ANNOTATION_MISSED_REASON: missed_reason}
        yield AdoptRun(view.name, view.run.metadata.uid, patch)


def working_orphans(whole: Snapshot, left: Snapshot | None) -> tuple[Candidate, ...]:
    """What works under the name of a request and is none of its runs.

    `whole` has all Jobs, also those that belong to no run; `left` the runs of earlier requests.
    """
    found = {job.metadata.name: job.start_time or job.metadata.creation_timestamp for _, job in orphaned_jobs(whole)}
    for view in (view_of(left, run) for run in left.runs) if left is not None else ():
        if _works(view):
            found[view.name] = view.due
    own = {run.metadata.name for run in whole.runs} - {run.metadata.name for run in (left.runs if left else ())}
    return tuple(
        Candidate(name, since, started=True) for name, since in found.items() if since is not None and name not in own
    )


def orphaned_jobs(snapshot: Snapshot) -> list[tuple[ActiveRun, Job]]:
    """Jobs that work although their run was deleted, with what the status says of them."""
    runs = {run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs)}
    found = []
    for active in snapshot.status.active:
        job = snapshot.jobs.get(active.job or active.name)
        if job is None or active.name in runs or active.job_uid is None or active.job_uid != job.metadata.uid:
            continue
        if job.finished is None and job.metadata.name not in snapshot.gone_jobs:
            found.append((active, job))
    return found


def plan_orphaned_jobs(snapshot: Snapshot, replaced: tuple[str, ...], builder: PlanBuilder) -> None:
    """Say that such a Job has its place, or end it for a run that replaces it."""
    for active, job in orphaned_jobs(snapshot):
        if job.metadata.deletion_timestamp is not None or job.controller is not None:
            continue  # the garbage collector is about to take it
        if active.name in replaced:
            builder.add(DeleteJob(job.metadata.name, job.metadata.uid))
            message = f"deleted Job {job.metadata.name}, whose run was deleted: a newer run replaces it"
        else:
            message = (
                f"Job {job.metadata.name} works on although its run was deleted, and counts as running until it ends"
            )
        builder.add(Emit(EventReason.ORPHANED, message, warning=True, about=active.name))


def orphaned_cronjobs(snapshot: Snapshot) -> list[CronJob]:
    """CronJobs that an earlier request of the name left without owner."""
    found = []
    for cronjob in snapshot.cronjobs:
        made_for = cronjob.metadata.labels.get(names.LABEL_REQUEST_UID, "")
        is_orphan = made_for != snapshot.uid and cronjob.metadata.controller is None
        if is_orphan and is_cronjob_of(cronjob, snapshot.name, made_for):
            found.append(cronjob)
    return found


def adopt_cronjobs(snapshot: Snapshot, builder: PlanBuilder) -> None:
    """Give such a CronJob the request that is there now as owner: it stays suspended, and goes with that request."""
    request = snapshot.request
    assert request is not None
    for cronjob in orphaned_cronjobs(snapshot):
        if cronjob.active or not cronjob.suspend or cronjob.metadata.deletion_timestamp is not None:
            continue
        name = cronjob.metadata.name
        patch: dict[str, Any] = {"metadata": {"ownerReferences": [request_owner(request)]}}
        message = (
            f"adopted CronJob {name}, which an earlier ProcessRequest of this name left behind; it stays suspended"
        )
        builder.add(PatchCronJob(name, cronjob.metadata.uid, patch), Emit(EventReason.ADOPTED, message, about=name))
