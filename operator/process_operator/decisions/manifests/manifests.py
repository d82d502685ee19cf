"""Bodies of what we create: runs, Jobs and CronJobs, with their owners, labels and deterministic names.

`template/job_template.py` provides the Job template; `resources/names.py` the names. A body follows from its arguments
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from process_operator.decisions.inputs.missed_tick import Record
from process_operator.decisions.inputs.ownership import is_made_by_person
from process_operator.decisions.template.job_template import JobTemplate, with_scheduled_time
from process_operator.resources import names
from process_operator.resources.batch.cronjob import ActiveJob, CronJob
from process_operator.resources.batch.kill import Kill
from process_operator.resources.batch.metadata import WorkloadMetadata
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, Trigger


def owner(*, api_version: str, kind: str, name: str, uid: str) -> dict[str, Any]:
    """A controller reference, as the garbage collector and kubectl expect it."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def request_owner(request: ProcessRequest) -> dict[str, Any]:
    """The request as owner of its runs and its CronJob."""
    return owner(
        api_version=names.API_VERSION, kind="ProcessRequest", name=request.metadata.name, uid=request.metadata.uid
    )


def run_labels(request: ProcessRequest, run: str) -> dict[str, str]:
    """Labels of a run, by which lists and collection deletes find it, and other requests of its Process."""
    labels = {
        names.LABEL_REQUEST: request.metadata.name,
        names.LABEL_REQUEST_UID: request.metadata.uid,
        names.LABEL_RUN: run,
    }
    return labels if request.spec.process is None else {**labels, names.LABEL_PROCESS: request.spec.process.name}


def run_manifest(
    request: ProcessRequest,
    *,
    name: str,
    trigger: Trigger,
    scheduled: datetime | None,
    annotations: dict[str, str] | None = None,
    backfill: str | None = None,
) -> dict[str, Any]:
    """A ProcessRun that claims a tick or an activation of the request, or runs a tick again for a backfill."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": request.metadata.namespace,
        "labels": {**run_labels(request, name), names.LABEL_NO_BACKUP: "true"},
        "ownerReferences": [request_owner(request)],
    }
    if annotations:
        metadata["annotations"] = annotations
    if backfill is not None:
        metadata["labels"][names.LABEL_BACKFILL] = backfill
    spec: dict[str, Any] = {"request": {"name": request.metadata.name}, "trigger": trigger.value}
    if scheduled is not None:
        spec["scheduledTime"] = format_instant(scheduled)
    return {"apiVersion": names.API_VERSION, "kind": "ProcessRun", "metadata": metadata, "spec": spec}


def step_run_manifest(
    request: ProcessRequest, parent: ProcessRun, *, step: str, process: str, scheduled: datetime
) -> dict[str, Any]:
    """The ProcessRun of a step: of the same request and for the same instant as its parent, and owned by that.

    `process` is the name of the step's own Process.
    """
    name, uid = parent.metadata.name, parent.metadata.uid
    manifest = run_manifest(
        request, name=names.step_run_name(name, uid, step), trigger=Trigger.STEP, scheduled=scheduled
    )
    manifest["metadata"]["labels"] |= {names.LABEL_PARENT: name, names.LABEL_PROCESS: process}
    reference = owner(api_version=names.API_VERSION, kind="ProcessRun", name=name, uid=uid)
    manifest["metadata"]["ownerReferences"] = [reference]
    manifest["spec"]["parent"] = {"name": name, "step": step}
    return manifest


def missed_run_manifest(request: ProcessRequest, *, name: str, record: Record) -> dict[str, Any]:
    """A ProcessRun that records why a tick, or a row of ticks, did not start."""
    annotations = {names.ANNOTATION_MISSED_REASON: str(record.missed_reason)}
    if record.summary is not None:
        annotations[names.ANNOTATION_SUMMARY] = record.summary.model_dump_json(by_alias=True)
    return run_manifest(request, name=name, trigger=Trigger.SCHEDULE, scheduled=record.tick, annotations=annotations)


def adoption_patch(request: ProcessRequest, run: ProcessRun) -> dict[str, Any]:
    """What gives a run the labels and the owner that it should have, in one PATCH; empty where it has them.

    A run that a person created has no label of these, or those of another cluster or of an earlier request; it gets no
    owner. One that the operator created has labels and owner unless somebody changed them; its Process is left as it
    was, because the request may name another one by now.
    """
    metadata, is_persons = run.metadata, is_made_by_person(run)
    wanted = run_labels(request, metadata.name)
    known = metadata.labels.get(names.LABEL_REQUEST_UID)
    if known is not None and not (is_persons and known != request.metadata.uid):
        wanted.pop(names.LABEL_PROCESS, None)
    labels = {key: value for key, value in wanted.items() if metadata.labels.get(key) != value}
    patch: dict[str, Any] = {"labels": labels} if labels else {}
    lacks_owner = not any(owner.uid == request.metadata.uid for owner in metadata.owner_references)
    if lacks_owner and not is_persons and run.spec.trigger != Trigger.STEP:
        others = [owner.to_api() for owner in metadata.owner_references if not owner.controller]
        patch["ownerReferences"] = [*others, request_owner(request)]
    return {"metadata": patch} if patch else {}


def identity_patch(request: ProcessRequest, metadata: WorkloadMetadata) -> dict[str, Any]:
    """What gives a Job or CronJob of the request the labels again by which it is watched; empty where it has them."""
    wanted = {names.LABEL_REQUEST: request.metadata.name, names.LABEL_REQUEST_UID: request.metadata.uid}
    labels = {key: value for key, value in wanted.items() if metadata.labels.get(key) != value}
    return {"metadata": {"labels": labels}} if labels else {}


def job_manifest(
    template: JobTemplate,
    run: ProcessRun,
    request: ProcessRequest | None,
    *,
    scheduled: datetime,
    suspended: bool = False,
) -> dict[str, Any]:
    """The Job of a run: same name, owned by it. `suspended`: it waits for its start, and says that the operator wants
    so."""
    tick = scheduled if run.spec.trigger.is_of_schedule else None
    manifest = _job_of_run(template, run.metadata.name, run.metadata.namespace, request, scheduled=scheduled, tick=tick)
    manifest["spec"]["suspend"] = suspended
    if suspended:
        manifest["metadata"]["annotations"][names.ANNOTATION_WAITS_FOR_START] = "true"
    return owned_by_run(manifest, run.metadata.uid)


def job_to_come(
    template: JobTemplate, request: ProcessRequest, *, run: str, scheduled: datetime, tick: datetime | None = None
) -> dict[str, Any]:
    """The Job of a run that is about to be made; `owned_by_run` completes it when the run has its UID.

    `tick` is the time of the schedule that it stands for, where it stands for one.
    """
    return _job_of_run(template, run, request.metadata.namespace, request, scheduled=scheduled, tick=tick)


def owned_by_run(manifest: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """A Job with the run of its name as owner."""
    reference = owner(api_version=names.API_VERSION, kind="ProcessRun", name=manifest["metadata"]["name"], uid=uid)
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}


def kill_patch(kill: Kill, *, resume: bool = False) -> dict[str, Any]:
    """What ends a Job so that it stays and can be recorded: why, and a deadline of 0 seconds, in one write.

    `resume` is for a Job that the operator suspended, because a deadline does not end a suspended one. With the
    deadline of 0 it has no pod.
    """
    annotations: dict[str, Any] = {names.ANNOTATION_KILL: str(kill)}
    if not resume:
        return {"metadata": {"annotations": annotations}, "spec": {"activeDeadlineSeconds": 0}}
    return {
        "metadata": {"annotations": {**annotations, **dict.fromkeys(names.SUSPENSION_MARKS)}},
        "spec": {"suspend": False, "activeDeadlineSeconds": 0},
    }


def pause_patch(now: datetime) -> dict[str, Any]:
    """What suspends a Job, and says that the operator did it, in one write."""
    return {"metadata": {"annotations": {names.ANNOTATION_PAUSED: format_instant(now)}}, "spec": {"suspend": True}}


def resume_patch() -> dict[str, Any]:
    """What resumes a Job that the operator suspended: a later suspension is somebody else's."""
    return {**unmark_patch(), "spec": {"suspend": False}}


def unmark_patch() -> dict[str, Any]:
    """What takes the operator's marks from a Job that somebody else has resumed."""
    return {"metadata": {"annotations": dict.fromkeys(names.SUSPENSION_MARKS)}}


def dry_run_manifest(template: JobTemplate, request: ProcessRequest, *, name: str, now: datetime) -> dict[str, Any]:
    """A Job like those that will run, for the server to look at; it is never stored.

    `name` is as long as any of theirs. Where a Job has it the server answers AlreadyExists, once it has nothing to
    refuse.
    """
    return _job(template, name, request.metadata.namespace, scheduled=now)


def _job_of_run(
    template: JobTemplate,
    run: str,
    namespace: str,
    request: ProcessRequest | None,
    *,
    scheduled: datetime,
    tick: datetime | None,
) -> dict[str, Any]:
    manifest = _job(template, run, namespace, scheduled=scheduled)
    manifest["metadata"]["labels"][names.LABEL_RUN] = run
    if tick is not None:
        schedule = request.spec.timing.schedule if request is not None else None
        stamp = _tick_stamp(tick, schedule.time_zone if schedule is not None else None)
        manifest["metadata"]["annotations"][names.ANNOTATION_CRONJOB_TICK] = stamp
    return manifest


def _tick_stamp(tick: datetime, time_zone: str | None) -> str:
    """A tick as the CronJob controller writes it on a Job: RFC 3339 in the time zone of the schedule."""
    local = tick.astimezone(ZoneInfo(time_zone or "Etc/UTC")).isoformat(timespec="seconds")
    # Go writes the offset 0 of any zone as Z.
    return local.removesuffix("+00:00") + "Z" if local.endswith("+00:00") else local


def _job(template: JobTemplate, name: str, namespace: str, *, scheduled: datetime) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(template.labels),
            "annotations": {**template.annotations, names.ANNOTATION_TEMPLATE_HASH: template.hash},
        },
        "spec": with_scheduled_time(template.spec, format_instant(scheduled)),
    }


def cronjob_job_manifest(template: JobTemplate, cronjob: CronJob, *, name: str, tick: datetime) -> dict[str, Any]:
    """The Job of a tick, as the CronJob controller itself makes it (`getJobFromTemplate2` of Kubernetes)."""
    metadata = cronjob.metadata
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": dict(template.labels),
            "annotations": {
                **template.annotations,
                names.ANNOTATION_TEMPLATE_HASH: template.hash,
                names.ANNOTATION_CRONJOB_TICK: _tick_stamp(tick, cronjob.time_zone),
            },
            "ownerReferences": [owner(api_version="batch/v1", kind="CronJob", name=metadata.name, uid=metadata.uid)],
        },
        "spec": dict(template.spec),
    }


def take_over_patch(cronjob: CronJob, tick: datetime) -> dict[str, Any]:
    """What takes a tick from the CronJob controller: its own cursor and whose it is, in one write to this version."""
    return {
        "metadata": {
            "resourceVersion": cronjob.metadata.resource_version,
            "annotations": {names.ANNOTATION_TAKEN_OVER_TICK: format_instant(tick)},
        },
        "status": {"lastScheduleTime": format_instant(tick)},
    }


def active_patch(cronjob: CronJob, active: Iterable[ActiveJob]) -> dict[str, Any]:
    """What makes the CronJob controller count exactly these Jobs as running, written to this version."""
    kind = {"apiVersion": "batch/v1", "kind": "Job", "namespace": cronjob.metadata.namespace}
    return {
        "metadata": {"resourceVersion": cronjob.metadata.resource_version},
        "status": {"active": [{**kind, "name": job.name, "uid": job.uid} for job in active]},
    }


def cronjob_spec(
    template: JobTemplate,
    *,
    schedule: str,
    time_zone: str,
    policy: str,
    starting_deadline_seconds: int | None,
    suspend: bool,
) -> dict[str, Any]:
    """The spec of a CronJob; None stands for a field that is not set, so that the same body serves a merge patch.

    Both history limits are high: the CronJob controller must not remove a Job before it is recorded.
    """
    return {
        "schedule": schedule,
        "timeZone": time_zone,
        "concurrencyPolicy": policy,
        "startingDeadlineSeconds": starting_deadline_seconds,
        "suspend": suspend,
        "successfulJobsHistoryLimit": 100,
        "failedJobsHistoryLimit": 100,
        "jobTemplate": {
            # The hash says of each Job from which template it is.
            "metadata": {
                "labels": dict(template.labels),
                "annotations": {**template.annotations, names.ANNOTATION_TEMPLATE_HASH: template.hash},
            },
            "spec": dict(template.spec),
        },
    }


def cronjob_manifest(request: ProcessRequest, template: JobTemplate, spec: dict[str, Any]) -> dict[str, Any]:
    """The CronJob of a request, made suspended: its activation is set up before it may fire."""
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {
            "name": names.child_stem(request.metadata.name, request.metadata.uid),
            "namespace": request.metadata.namespace,
            "labels": {
                names.LABEL_REQUEST: request.metadata.name,
                names.LABEL_REQUEST_UID: request.metadata.uid,
                names.LABEL_NO_BACKUP: "true",
            },
            "annotations": {names.ANNOTATION_TEMPLATE_HASH: template.hash},
            "ownerReferences": [request_owner(request)],
        },
        "spec": {**{key: value for key, value in spec.items() if value is not None}, "suspend": True},
    }
