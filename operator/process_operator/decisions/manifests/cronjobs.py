"""Manifests and patches of CronJobs, and the Job of a tick as the CronJob controller creates it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from process_operator.decisions.manifests.jobs import tick_stamp
from process_operator.decisions.manifests.owners import owner, request_owner
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.cronjob import ActiveJob, CronJob
from process_operator.resources.kinds import CRONJOB, JOB
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest


def cronjob_job_manifest(template: JobTemplate, cronjob: CronJob, *, name: str, tick: datetime) -> dict[str, Any]:
    """The Job of a tick, as the CronJob controller creates it (`getJobFromTemplate2` of Kubernetes)."""
    metadata = cronjob.metadata
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": dict(template.labels),
            "annotations": {
                **template.annotations,
                names.ANNOTATION_TEMPLATE_HASH: template.hash,
                names.ANNOTATION_CRONJOB_TICK: tick_stamp(tick, cronjob.time_zone),
            },
            "ownerReferences": [
                owner(api_version=CRONJOB.api_version, kind=CRONJOB.kind, name=metadata.name, uid=metadata.uid)
            ],
        },
        "spec": dict(template.spec),
    }


def take_over_patch(cronjob: CronJob, tick: datetime) -> dict[str, Any]:
    """The patch that takes over a tick from the CronJob controller.

    It sets the cursor of the controller and the annotation of the operator in one write to this version.
    """
    return {
        "metadata": {
            "resourceVersion": cronjob.metadata.resource_version,
            "annotations": {names.ANNOTATION_TAKEN_OVER_TICK: format_instant(tick)},
        },
        "status": {"lastScheduleTime": format_instant(tick)},
    }


def active_patch(cronjob: CronJob, active: Iterable[ActiveJob]) -> dict[str, Any]:
    """The patch that makes the CronJob controller count exactly these Jobs as running, for this version."""
    kind = {"apiVersion": JOB.api_version, "kind": JOB.kind, "namespace": cronjob.metadata.namespace}
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
    """The spec of a CronJob. None marks a field that is not set, so the same body is a merge patch.

    Both history limits are high, because the CronJob controller must not delete a Job before it is recorded.
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
            # The hash shows for each Job from which template it was created.
            "metadata": {
                "labels": dict(template.labels),
                "annotations": {**template.annotations, names.ANNOTATION_TEMPLATE_HASH: template.hash},
            },
            "spec": dict(template.spec),
        },
    }


def cronjob_manifest(request: ProcessRequest, template: JobTemplate, spec: dict[str, Any]) -> dict[str, Any]:
    """The CronJob of a request. It is created suspended, because its activation must be set up before it fires."""
    return {
        "apiVersion": CRONJOB.api_version,
        "kind": CRONJOB.kind,
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
