"""Ownership: which Jobs and pods belong to a run, which runs and CronJobs to a request, proven by UIDs.

Names, labels and annotations are for selectors, because any client that may write an object can choose them. The
operator reads, ends, changes, deletes and records an object for a run only if a function of this module proves that it
belongs to the run. There are three proofs. The first is the UID of the controller. The second is a UID in a status,
which only the operator writes. The third is a name with the digest of the UID that the API server gave to the request.
Neighbours: `manifests/owners.py` writes owners and labels, `request.py` leaves out what is not proven, and the modules
of `actions/` check each object that they get by name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.kinds import CRONJOB, PROCESS_RUN
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, Trigger
from process_operator.timing.recurrence import Recurrence

_CLOCKS_APART: Final = timedelta(minutes=1)
"""Maximum difference of the clocks of two machines. A Job may have been created this long before its tick."""


class CronJobOfRequest(NamedTuple):
    """The CronJob that the operator created for a request."""

    name: str
    uid: str

    def made(self, job: Job) -> bool:
        """Whether this CronJob is the controller of a Job."""
        owner = job.controller
        return owner is not None and (owner.kind, owner.name, owner.uid) == (CRONJOB.kind, self.name, self.uid)


def is_run_of(run: ProcessRun, request: ProcessRequest) -> bool:
    """Whether a run that names the request belongs to it, and not to one that had the name before.

    A run that a user created belongs to any request of that name. A run that a backup restored belongs to none.
    """
    uid, metadata = request.metadata.uid, run.metadata
    if is_restored(run):
        return False
    if is_created_by_user(run):
        return True
    if metadata.labels.get(names.LABEL_REQUEST_UID, uid) == uid:
        return True
    if any(owner.controller and owner.uid == uid for owner in metadata.owner_references):
        return True
    return metadata.name.startswith(names.child_stem(request.metadata.name, uid) + "-")


def is_restored(run: ProcessRun) -> bool:
    """Whether a backup restored an open run without its status, so it is not known whether it ran."""
    if names.LABEL_RESTORED not in run.metadata.labels or names.ANNOTATION_MISSED_REASON in run.metadata.annotations:
        return False
    if any(owner.controller for owner in run.metadata.owner_references):
        return False  # a backup restores no owner that is not there
    return run.status.job_uid is None and not run.status.steps


def labelled_uid(run: ProcessRun) -> str | None:
    """The UID of the request in the label of a run. None if the run has no such label.

    The label proves nothing. It is enough to leave the runs of a request out of the holders of a lock, and to keep a
    finished run in the memory of its request. Neither ends, changes or deletes the run.
    """
    return run.metadata.labels.get(names.LABEL_REQUEST_UID)


def is_step_of(step: ProcessRun, run: ProcessRun) -> bool:
    """Whether `step` is the run of a step of `run`. The UID in its name proves it."""
    parent = step.spec.parent
    if parent is None or parent.name != run.metadata.name:
        return False
    return step.metadata.name == names.step_run_name(parent.name, run.metadata.uid, parent.step)


def is_cronjob_of(cronjob: CronJob, request_name: str, request_uid: str) -> bool:
    """Whether the operator created a CronJob for the request with this name and UID.

    A CronJob that has lost its owner (`kubectl delete --cascade=orphan`) still has its name. One of another client has an
    owner.
    """
    if cronjob.metadata.name != names.child_stem(request_name, request_uid):
        return False
    owner = cronjob.metadata.controller
    return owner is None or owner.uid == request_uid


def own_cronjob(snapshot: Snapshot) -> CronJob | None:
    """The CronJob of this request, as opposed to those of earlier requests of its name."""
    return _cronjob_of_uid(snapshot, snapshot.uid)


def cronjobs_of_earlier_requests(snapshot: Snapshot) -> list[CronJob]:
    """CronJobs that the operator created for earlier requests of this name."""
    made_for = ((cronjob, cronjob.metadata.labels.get(names.LABEL_REQUEST_UID, "")) for cronjob in snapshot.cronjobs)
    return [cronjob for cronjob, uid in made_for if uid != snapshot.uid and is_cronjob_of(cronjob, snapshot.name, uid)]


def cronjob_of(snapshot: Snapshot, request_uid: str) -> CronJobOfRequest | None:
    """Name and UID of the CronJob of the request of this name with this UID. None if there is none."""
    found = _cronjob_of_uid(snapshot, request_uid)
    return CronJobOfRequest(found.metadata.name, found.metadata.uid) if found is not None else None


def _cronjob_of_uid(snapshot: Snapshot, request_uid: str) -> CronJob | None:
    return next((c for c in snapshot.cronjobs if is_cronjob_of(c, snapshot.name, request_uid)), None)


def is_job_of(run: ProcessRun, job: Job, cronjob: CronJobOfRequest | None) -> bool:
    """Whether a Job belongs to a run; `cronjob` is the CronJob of the run's request.

    The status of the run names the UID of the Job, or the run is its controller, or the CronJob created it for the run.
    """
    if run.status.job_uid is not None and run.status.job_uid == job.metadata.uid:
        return True
    owner = job.controller
    if owner is not None and owner.kind == PROCESS_RUN.kind:
        return owner.uid == run.metadata.uid
    return cronjob is not None and cronjob.made(job) and _stands_for(run, _with_proven_tick(job, cronjob))


def job_of(snapshot: Snapshot, run: ProcessRun) -> Job | None:
    """The Job of a run as it was last seen. None also if the Job of that name belongs to another owner."""
    job = snapshot.jobs.get(run.metadata.name)
    return job if job is not None and is_job_of(run, job, cronjob_of_run(snapshot, run)) else None


def cronjob_of_run(snapshot: Snapshot, run: ProcessRun) -> CronJobOfRequest | None:
    """The CronJob of the request that a run belongs to, or belonged to."""
    request = snapshot.request
    uid = snapshot.uid if request is not None and is_run_of(run, request) else ""
    uid = uid or labelled_uid(run) or ""
    return cronjob_of(snapshot, uid) if uid else None


def is_pod_of(job_uid: str | None, pod: Pod) -> bool:
    """Whether a pod belongs to the Job with this UID."""
    return bool(job_uid) and pod.job_uid == job_uid


def proven_part(snapshot: Snapshot) -> Snapshot:
    """The snapshot without Jobs that are not proven to belong to the request, its runs or its CronJob.

    A Job of the CronJob keeps its tick only if the CronJob controller would use its name for that tick.
    """
    if not snapshot.jobs:
        return snapshot
    runs = {run.metadata.name: run for run in (*snapshot.runs, *snapshot.step_runs)}
    cronjob = cronjob_of(snapshot, snapshot.uid)
    kept: dict[str, Job] = {}
    for name, job in snapshot.jobs.items():
        run, owner = runs.get(name), job.controller
        if cronjob is not None and cronjob.made(job):
            kept[name] = _with_proven_tick(job, cronjob)
        elif run is not None:
            if is_job_of(run, job, cronjob_of_run(snapshot, run)):
                kept[name] = job
        elif owner is not None and (owner.kind, owner.name) == (PROCESS_RUN.kind, name):
            kept[name] = job  # its run is finished or not seen yet
    return replace(snapshot, jobs=kept)


def without_false_ticks(snapshot: Snapshot, recurrence: Recurrence | None) -> Snapshot:
    """The snapshot in which Jobs of the CronJob keep their tick only if it is a tick of the present schedule.

    Ticks before the present activation came from another schedule, which is not known any more.
    """
    cronjob, activation = cronjob_of(snapshot, snapshot.uid), snapshot.status.activation
    if recurrence is None or cronjob is None or activation is None or activation.since is None:
        return snapshot
    known_from = activation.since + _CLOCKS_APART
    recorded = {run.metadata.name: run.spec.scheduled_time for run in snapshot.runs}
    false = {
        name: _without_tick(job)
        for name, job in snapshot.jobs.items()
        if job.tick is not None and job.tick > known_from and cronjob.made(job)
        if not recurrence.is_tick(job.tick) and recorded.get(name) != job.tick
    }
    return replace(snapshot, jobs={**snapshot.jobs, **false}) if false else snapshot


def _stands_for(run: ProcessRun, job: Job) -> bool:
    """Whether the operator creates exactly this run for a Job of the CronJob: that of its tick, or of a manual Job."""
    if job.tick is not None:
        is_of_tick = run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        return is_of_tick and run.spec.scheduled_time == job.tick
    return run.spec.trigger == Trigger.MANUAL and names.ANNOTATION_ENGINE in run.metadata.annotations


def _with_proven_tick(job: Job, cronjob: CronJobOfRequest) -> Job:
    """A Job of the CronJob, without its tick if only an annotation has it.

    The CronJob controller names a Job by the minute of its tick, and creates it when the tick has come
    (`getJobName` and `syncCronJob` of Kubernetes).
    """
    tick, created = job.tick, job.metadata.creation_timestamp
    if tick is None:
        return job
    name = names.tick_run_name(cronjob.name, int(tick.timestamp()), whole_minutes=True)
    if job.metadata.name == name and (created is None or tick <= created + _CLOCKS_APART):
        return job
    return _without_tick(job)


def _without_tick(job: Job) -> Job:
    annotations = {
        key: value for key, value in job.metadata.annotations.items() if key != names.ANNOTATION_CRONJOB_TICK
    }
    return replace(job, metadata=replace(job.metadata, annotations=annotations))


def is_created_by_user(run: ProcessRun) -> bool:
    """Whether a user created the run. Only the operator may set another trigger.

    This run belongs to any request that has the name that it gives, and is not owned by it. It remains when the request
    is deleted, and may be applied in another cluster. If a user creates a Job from the CronJob by hand, the operator
    creates the run.
    """
    return run.spec.trigger == Trigger.MANUAL and names.ANNOTATION_ENGINE not in run.metadata.annotations
