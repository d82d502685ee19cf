"""Job: the few fields of a batch/v1 Job that decisions read, as a small frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Final

from process_operator.resources import names
from process_operator.resources.batch.condition import WorkloadCondition, parse_condition
from process_operator.resources.batch.kill import Kill
from process_operator.resources.batch.metadata import Owner, WorkloadMetadata
from process_operator.resources.batch.parsing import (
    parse_count,
    parse_time,
    parse_unversioned,
)
from process_operator.resources.model import parse_instant
from process_operator.resources.types import Object

JOB_CONTROLLER: Final = "kubernetes.io/job-controller"
"""Value of `spec.managedBy` for the controller of Kubernetes; an absent field means the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A batch/v1 Job: what was asked of it, and how far it is. Absent counts are 0."""

    metadata: WorkloadMetadata
    spec_suspend: bool = False
    completions: int | None = 1
    """How many pods have to succeed; None: a work queue, whose first success is enough."""
    backoff_limit: int = 6
    parallelism: int = 1
    active_deadline_seconds: int | None = None
    restart_policy: str = "Never"
    containers: tuple[str, ...] = ()
    """Names of the containers of its template, without those that somebody else has added."""
    default_container: str = ""
    """The one of them that matters most, where the template says so."""
    failed_indexes: str = ""
    """Of an Indexed Job: the indexes that failed and are not tried again, such as `1,3-5`."""
    conditions: tuple[WorkloadCondition, ...] = ()
    start_time: datetime | None = None
    completion_time: datetime | None = None
    active: int = 0
    ready: int = 0
    succeeded: int = 0
    failed: int = 0
    terminating: int = 0
    queue: str = ""
    """The LocalQueue of Kueue that the Job waits in; empty where Kueue does not manage it."""
    managed_by: str = JOB_CONTROLLER

    def _condition(self, kind: str) -> WorkloadCondition | None:
        return next((found for found in self.conditions if found.type == kind and found.status == "True"), None)

    @property
    def finished(self) -> WorkloadCondition | None:
        """The condition Complete or Failed that ended the Job; no other condition counts beside it."""
        return self._condition("Complete") or self._condition("Failed")

    @property
    def is_complete(self) -> bool:
        """Whether the Job succeeded."""
        return self._condition("Complete") is not None

    @property
    def is_failed(self) -> bool:
        """Whether the Job failed and its pods are gone."""
        return not self.is_complete and self._condition("Failed") is not None

    @property
    def ending(self) -> WorkloadCondition | None:
        """The condition that announces the end: its reason is known before the last pod is gone."""
        return self._condition("SuccessCriteriaMet") or self._condition("FailureTarget")

    @property
    def is_ending(self) -> bool:
        """Whether the Job is about to end, or its pods are about to go: time to read the log.

        The pods of a suspended Job go too, but what they did does not count: a resume starts from scratch.
        """
        pods_go = self.terminating > 0 and not self.spec_suspend
        return self.ending is not None or self.metadata.deletion_timestamp is not None or pods_go

    @property
    def is_suspended(self) -> bool:
        """Whether the Job makes no pods until it is resumed."""
        return self.spec_suspend and self.finished is None

    @property
    def is_paused(self) -> bool:
        """Whether the operator suspended the Job for `onSuspend: SuspendRunning`."""
        return self.is_suspended and names.ANNOTATION_PAUSED in self.metadata.annotations

    @property
    def waits_for_start(self) -> bool:
        """Whether the operator made the Job suspended, and it has not been started since."""
        return (
            self.is_suspended and not self.is_paused and names.ANNOTATION_WAITS_FOR_START in self.metadata.annotations
        )

    @property
    def is_suspended_by_others(self) -> bool:
        """Whether a person or another controller suspended the Job. Only they may resume it."""
        return self.is_suspended and not self.has_suspension_mark

    @property
    def has_suspension_mark(self) -> bool:
        """Whether the operator noted on the Job that it suspended it."""
        return any(mark in self.metadata.annotations for mark in names.SUSPENSION_MARKS)

    @property
    def is_managed_elsewhere(self) -> bool:
        """Whether another controller decides when the Job runs, so that it must not wait in `spec.suspend`."""
        return bool(self.queue) or self.managed_by != JOB_CONTROLLER

    @property
    def kill(self) -> Kill | None:
        """Why the operator ended this Job, where it did."""
        return Kill.parse(self.metadata.annotations.get(names.ANNOTATION_KILL))

    @property
    def controller(self) -> Owner | None:
        """Who made this Job: a ProcessRun, a CronJob, or somebody else."""
        return self.metadata.controller

    @property
    def tick(self) -> datetime | None:
        """The tick for which the CronJob controller (or the operator in its place) made this Job."""
        try:
            return parse_instant(self.metadata.annotations.get(names.ANNOTATION_CRONJOB_TICK))
        except ValueError:  # there is none, or somebody else wrote it
            return None

    @property
    def template_hash(self) -> str | None:
        """What this Job was made from."""
        return self.metadata.annotations.get(names.ANNOTATION_TEMPLATE_HASH)


def parse_job(raw: Object) -> Job:
    """Read a Job from an API body."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    pod_template = spec.get("template") or {}
    template = pod_template.get("spec") or {}
    metadata = parse_unversioned(raw)
    return Job(
        metadata=metadata,
        spec_suspend=bool(spec.get("suspend")),
        # The API server sets it to 1 where parallelism is not set either.
        completions=spec.get("completions", None if "parallelism" in spec else 1),
        backoff_limit=parse_count(spec, "backoffLimit", default=6),
        parallelism=parse_count(spec, "parallelism", default=1),
        active_deadline_seconds=spec.get("activeDeadlineSeconds"),
        restart_policy=template.get("restartPolicy") or "Never",
        containers=_container_names(metadata, template),
        default_container=_default_container(pod_template),
        failed_indexes=status.get("failedIndexes") or "",
        conditions=tuple(map(parse_condition, status.get("conditions") or ())),
        start_time=parse_time(status.get("startTime")),
        completion_time=parse_time(status.get("completionTime")),
        active=parse_count(status, "active"),
        ready=parse_count(status, "ready"),
        succeeded=parse_count(status, "succeeded"),
        failed=parse_count(status, "failed"),
        terminating=parse_count(status, "terminating"),
        queue=((raw.get("metadata") or {}).get("labels") or {}).get(names.LABEL_KUEUE_QUEUE) or "",
        managed_by=spec.get("managedBy") or JOB_CONTROLLER,
    )


def _container_names(metadata: WorkloadMetadata, pod: Object) -> tuple[str, ...]:
    """Those of the template as the operator wrote it down; else all that the Job has."""
    written = metadata.annotations.get(names.ANNOTATION_CONTAINERS)
    if written:
        return tuple(map(intern, written.split(",")))
    listed = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    return tuple(intern(container.get("name") or "") for container in listed)


def _default_container(pod_template: Object) -> str:
    annotations = (pod_template.get("metadata") or {}).get("annotations") or {}
    return intern(annotations.get(names.ANNOTATION_DEFAULT_CONTAINER) or "")
