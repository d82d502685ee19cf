"""Orphans: objects of an earlier request of the name, and Jobs whose run was deleted. They keep their place until they end.

`kubectl delete --cascade=orphan` removes the owner of runs, CronJobs and Jobs and leaves them running. A backup may
restore runs without owner and status. The present request of the name adopts a run without owner that still runs. If
the Job of this run is missing, the run is recorded as Unknown and never started, because its end is not known. The
status of the request proves by UID that a Job belonged to a run. `inputs/ownership.py` has the other proofs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.inputs.missed_tick import MissedReason
from process_operator.decisions.inputs.ownership import cronjobs_of_earlier_requests
from process_operator.decisions.inputs.run_view import RunView, view_of, waits_for_start
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.owners import adoption_patch, request_owner
from process_operator.decisions.plan.actions import AdoptRun, DeleteJob, Emit, LookUpJob, PatchCronJob, ReportRun
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.run.job_creation import JOB_EVENT_DELAY
from process_operator.resources import names
from process_operator.resources.batch.job import Job
from process_operator.resources.conditions import EventReason, RunReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_request_status import ActiveRun
from process_operator.resources.process_run import RunPhase


def adopt_runs(left: Snapshot, request: ProcessRequest, now: datetime) -> Part[None]:
    """Adopt the runs without owner that an earlier request left, or record that they are over.

    `left` has the runs of earlier requests only. The garbage collector deletes a run that still has its owner.
    """
    orphaned = (run for run in left.runs if not any(owner.controller for owner in run.metadata.owner_references))
    return join(_adopt_run(view_of(left, run), request, now) for run in orphaned)


def _adopt_run(view: RunView, request: ProcessRequest, now: datetime) -> Part[None]:
    status, job = view.run.status, view.job
    if _works(view):
        return _adopt_working(view, request)
    has_only_waited = job is not None and waits_for_start(view)
    if job is not None and has_only_waited and not view.job_gone:
        # It never had a pod, and no decision would start it.
        return part(DeleteJob(job.metadata.name, job.metadata.uid))
    if (job is None or has_only_waited) and status.job_uid is None and view.missed_reason is None:
        return _record_never_started(view, request, now)
    return part()


def _adopt_working(view: RunView, request: ProcessRequest) -> Part[None]:
    status, job = view.run.status, view.job
    proof: Part[None] = part()
    if job is not None and status.job_uid is None:
        # It proves that this Job belongs to the run, after the run has moved to another request.
        found = {"job": job.metadata.name, "job_uid": job.metadata.uid}
        proof = part(ReportRun(view.name, status.model_copy(update=found)))
    message = f"adopted run {view.name}, which an earlier ProcessRequest of this name left behind"
    return proof + part(
        AdoptRun(view.name, view.run.metadata.uid, adoption_patch(request, view.run)),
        *(
            AdoptRun(step.name, step.run.metadata.uid, adoption_patch(request, step.run))
            for step in view.steps.values()
        ),
        Emit(EventReason.ADOPTED, message, about=view.name),
    )


def _works(view: RunView) -> bool:
    if view.job is None:
        return bool(view.run.status.steps)
    return view.job.finished is None and not view.job_gone and not waits_for_start(view)


def _record_never_started(view: RunView, request: ProcessRequest, now: datetime) -> Part[None]:
    """Record a run without a Job: it waited when its request was deleted, or a backup restored it without its status."""
    if now < view.created + JOB_EVENT_DELAY:
        return part(wake_at=view.created + JOB_EVENT_DELAY)
    if not view.observations.job_absent:
        return part(LookUpJob(view.name))
    patch = adoption_patch(request, view.run) or {"metadata": {}}
    missed_reason = str(MissedReason(RunPhase.UNKNOWN, RunReason.FORMER_REQUEST))
    patch["metadata"]["annotations"] = {names.ANNOTATION_MISSED_REASON: missed_reason}
    return part(AdoptRun(view.name, view.run.metadata.uid, patch))


def working_orphans(whole: Snapshot, left: Snapshot | None) -> tuple[Candidate, ...]:
    """Runs and Jobs under the name of a request that run and do not belong to it.

    `whole` has all Jobs, including those without a run. `left` has the runs of earlier requests.
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
    """Jobs that run although their run was deleted, each with its entry in the status of the request."""
    runs = {run.metadata.name for run in (*snapshot.runs, *snapshot.step_runs)}
    found = []
    for active in snapshot.status.active:
        job = snapshot.jobs.get(active.job or active.name)
        if job is None or active.name in runs or active.job_uid is None or active.job_uid != job.metadata.uid:
            continue
        if job.finished is None and job.metadata.name not in snapshot.gone_jobs:
            found.append((active, job))
    return found


def plan_orphaned_jobs(snapshot: Snapshot, replaced: tuple[str, ...]) -> Part[None]:
    """Report that each of these Jobs keeps its place, or delete it for a run that replaces it."""
    parts = []
    for active, job in orphaned_jobs(snapshot):
        if job.metadata.deletion_timestamp is not None or job.controller is not None:
            continue  # the garbage collector is about to delete it
        if active.name in replaced:
            parts.append(part(DeleteJob(job.metadata.name, job.metadata.uid)))
            message = f"deleted Job {job.metadata.name}, whose run was deleted, because a newer run replaces it"
        else:
            message = f"Job {job.metadata.name} keeps running although its run was deleted, and counts as running until it ends"
        parts.append(part(Emit(EventReason.ORPHANED, message, warning=True, about=active.name)))
    return join(parts)


def adopt_cronjobs(snapshot: Snapshot) -> Part[None]:
    """Make the present request the owner of orphaned CronJobs. Each stays suspended and is deleted with that request."""
    request = snapshot.request
    assert request is not None
    parts = []
    for cronjob in cronjobs_of_earlier_requests(snapshot):
        if (
            cronjob.metadata.controller is not None
            or cronjob.active
            or not cronjob.suspend
            or cronjob.metadata.deletion_timestamp is not None
        ):
            continue
        name = cronjob.metadata.name
        patch: dict[str, Any] = {"metadata": {"ownerReferences": [request_owner(request)]}}
        message = (
            f"adopted CronJob {name}, which an earlier ProcessRequest of this name left behind; it stays suspended"
        )
        event = Emit(EventReason.ADOPTED, message, about=name)
        parts.append(part(PatchCronJob(name, cronjob.metadata.uid, patch), event))
    return join(parts)
