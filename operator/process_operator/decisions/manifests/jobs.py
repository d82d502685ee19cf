"""Manifests and patches of Jobs. A manifest follows from its arguments alone.

`template/job_template.py` provides the Job template, and `resources/names.py` the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from process_operator.decisions.manifests.owners import owner
from process_operator.decisions.template.job_template import JobTemplate, with_scheduled_time
from process_operator.resources import names
from process_operator.resources.batch.kill import Kill
from process_operator.resources.kinds import JOB, PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun


def job_manifest(
    template: JobTemplate,
    run: ProcessRun,
    request: ProcessRequest | None,
    *,
    scheduled: datetime,
    suspended: bool = False,
) -> dict[str, Any]:
    """The Job of a run, with the same name and the run as owner.

    With `suspended` it waits for its start, and an annotation marks the suspension as the operator's.
    """
    tick = scheduled if run.spec.trigger.is_of_schedule else None
    manifest = _job_of_run(template, run.metadata.name, run.metadata.namespace, request, scheduled=scheduled, tick=tick)
    manifest["spec"]["suspend"] = suspended
    if suspended:
        manifest["metadata"]["annotations"][names.ANNOTATION_WAITS_FOR_START] = "true"
    return owned_by_run(manifest, run.metadata.uid)


def job_to_come(
    template: JobTemplate, request: ProcessRequest, *, run: str, scheduled: datetime, tick: datetime | None = None
) -> dict[str, Any]:
    """The Job of a run that is about to be created. `owned_by_run` completes it when the run has its UID.

    `tick` is the time of the schedule that it stands for, if there is one.
    """
    return _job_of_run(template, run, request.metadata.namespace, request, scheduled=scheduled, tick=tick)


def owned_by_run(manifest: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """A Job with the run of its name as owner."""
    reference = owner(
        api_version=PROCESS_RUN.api_version, kind=PROCESS_RUN.kind, name=manifest["metadata"]["name"], uid=uid
    )
    return {**manifest, "metadata": {**manifest["metadata"], "ownerReferences": [reference]}}


def kill_patch(kill: Kill, *, resume: bool = False) -> dict[str, Any]:
    """The patch that ends a Job and keeps it for its record: the reason and a deadline of 0 seconds in one write.

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
    """The patch that suspends a Job and marks the suspension as the operator's."""
    return {"metadata": {"annotations": {names.ANNOTATION_PAUSED: format_instant(now)}}, "spec": {"suspend": True}}


def resume_patch() -> dict[str, Any]:
    """The patch that resumes a Job that the operator suspended. Without the mark, a later suspension is another client's."""
    return {**unmark_patch(), "spec": {"suspend": False}}


def unmark_patch() -> dict[str, Any]:
    """The patch that removes the operator's marks from a Job that another client has resumed."""
    return {"metadata": {"annotations": dict.fromkeys(names.SUSPENSION_MARKS)}}


def dry_run_manifest(template: JobTemplate, request: ProcessRequest, *, name: str, now: datetime) -> dict[str, Any]:
    """A Job like those that will run, for a dry run. It is never stored.

    `name` is as long as any of theirs. If a Job has that name, the API server answers AlreadyExists after all checks.
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
        stamp = tick_stamp(tick, schedule.time_zone if schedule is not None else None)
        manifest["metadata"]["annotations"][names.ANNOTATION_CRONJOB_TICK] = stamp
    return manifest


def tick_stamp(tick: datetime, time_zone: str | None) -> str:
    """A tick as the CronJob controller writes it on a Job: RFC 3339 in the time zone of the schedule."""
    local = tick.astimezone(ZoneInfo(time_zone or "Etc/UTC")).isoformat(timespec="seconds")
    # Go writes the offset 0 of any zone as Z.
    return local.removesuffix("+00:00") + "Z" if local.endswith("+00:00") else local


def _job(template: JobTemplate, name: str, namespace: str, *, scheduled: datetime) -> dict[str, Any]:
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": dict(template.labels),
            "annotations": {**template.annotations, names.ANNOTATION_TEMPLATE_HASH: template.hash},
        },
        "spec": with_scheduled_time(template.spec, format_instant(scheduled)),
    }
