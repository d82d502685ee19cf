"""Job: the fields of a batch/v1 Job that decisions read, as a small frozen value.

`decisions/run/outcome.py` derives the state of a run from a Job and its pods.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Final

from process_operator.resources import names
from process_operator.resources.batch.condition import WorkloadCondition, parse_condition
from process_operator.resources.batch.kill import Kill
from process_operator.resources.batch.metadata import Owner, Workload, WorkloadMetadata
from process_operator.resources.batch.parsing import (
    parse_count,
    parse_time,
    parse_unversioned,
)
from process_operator.resources.parameters import UsedParameter, used_parameters
from process_operator.resources.types import Object

JOB_CONTROLLER: Final = "kubernetes.io/job-controller"
"""Value of `spec.managedBy` for the Job controller of Kubernetes. An absent field means the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Workload):
    """A batch/v1 Job: its spec, and its progress. Absent counts are 0."""

    spec_suspend: bool = False
    completions: int | None = 1
    """Number of pods that have to succeed. None means a work queue, for which one success is enough."""
    backoff_limit: int = 6
    parallelism: int = 1
    active_deadline_seconds: int | None = None
    restart_policy: str = "Never"
    containers: tuple[str, ...] = ()
    """Names of the containers of its template, without those that an admission webhook added."""
    default_container: str = ""
    """Name of the main container, from the template's annotation `kubectl.kubernetes.io/default-container`; else empty."""
    failed_indexes: str = ""
    """Indexes of an Indexed Job that failed and are not retried, such as `1,3-5`."""
    conditions: tuple[WorkloadCondition, ...] = ()
    start_time: datetime | None = None
    completion_time: datetime | None = None
    active: int = 0
    ready: int = 0
    succeeded: int = 0
    failed: int = 0
    terminating: int = 0
    parameters: tuple[UsedParameter, ...] = ()
    """Parameters with the values that its containers get."""
    queue: str = ""
    """Name of the Kueue LocalQueue that the Job belongs to; empty if Kueue does not manage it."""
    managed_by: str = JOB_CONTROLLER

    def _condition(self, type_: str) -> WorkloadCondition | None:
        return next((found for found in self.conditions if found.type == type_ and found.status == "True"), None)

    @property
    def finished(self) -> WorkloadCondition | None:
        """The condition Complete or Failed; None while the Job has not finished."""
        return self._condition("Complete") or self._condition("Failed")

    @property
    def is_complete(self) -> bool:
        """Whether the Job succeeded."""
        return self._condition("Complete") is not None

    @property
    def ending(self) -> WorkloadCondition | None:
        """The condition SuccessCriteriaMet or FailureTarget. It has the reason before the last pod is gone."""
        return self._condition("SuccessCriteriaMet") or self._condition("FailureTarget")

    @property
    def is_ending(self) -> bool:
        """Whether the Job or its pods are about to end, so that the log must be read now.

        Terminating pods of a suspended Job do not count, because the Job starts from scratch when it is resumed.
        """
        pods_terminate = self.terminating > 0 and not self.spec_suspend
        return self.ending is not None or self.metadata.deletion_timestamp is not None or pods_terminate

    @property
    def is_suspended(self) -> bool:
        """Whether the Job controller creates no pods until the Job is resumed."""
        return self.spec_suspend and self.finished is None

    @property
    def is_paused(self) -> bool:
        """Whether the operator suspended the Job for `onSuspend: SuspendRunning`."""
        return self.is_suspended and names.ANNOTATION_PAUSED in self.metadata.annotations

    @property
    def waits_for_start(self) -> bool:
        """Whether the operator created the Job suspended and has not started it yet."""
        return (
            self.is_suspended and not self.is_paused and names.ANNOTATION_WAITS_FOR_START in self.metadata.annotations
        )

    @property
    def is_suspended_by_others(self) -> bool:
        """Whether a user or another controller suspended the Job. The operator must not resume it."""
        return self.is_suspended and not self.has_suspension_mark

    @property
    def has_suspension_mark(self) -> bool:
        """Whether an annotation of the operator says that the operator suspended the Job."""
        return any(mark in self.metadata.annotations for mark in names.SUSPENSION_MARKS)

    @property
    def is_resume_unrecorded(self) -> bool:
        """Whether the Job is not suspended, although its status still says so.

        This is true of every resumed Job for a moment. In Kubernetes 1.32 to 1.34 the Job controller cannot write the
        status of a resumed Job until it ends. 1.32.10, 1.33.6 and 1.34.2 fix it (kubernetes/kubernetes issue 134521).
        """
        return not self.spec_suspend and self._condition("Suspended") is not None

    @property
    def work_started_at(self) -> datetime | None:
        """Earliest possible time of the last start of the work. Pods deleted before belong to an earlier start."""
        suspended = None if self.spec_suspend else self._condition("Suspended")
        if self.start_time is None or suspended is None or suspended.last_transition_time is None:
            return self.start_time
        return max(self.start_time, suspended.last_transition_time)

    @property
    def is_managed_elsewhere(self) -> bool:
        """Whether another controller decides when the Job runs, so that the operator must not use `spec.suspend`."""
        return bool(self.queue) or self.managed_by != JOB_CONTROLLER

    @property
    def kill(self) -> Kill | None:
        """Why the operator ended this Job; None if it did not."""
        return Kill.parse(self.metadata.annotations.get(names.ANNOTATION_KILL))

    @property
    def controller(self) -> Owner | None:
        """The object that controls this Job: a ProcessRun, a CronJob, or an object of another kind."""
        return self.metadata.controller

    @property
    def tick(self) -> datetime | None:
        """The tick for which the CronJob controller, or the operator in its place, created this Job."""
        return self._annotated_time(names.ANNOTATION_CRONJOB_TICK)


def parse_job(raw: Object) -> Job:
    """Read a Job from an API body."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    pod_template = spec.get("template") or {}
    template = pod_template.get("spec") or {}
    metadata = parse_unversioned(raw)
    containers = _container_names(metadata, template)
    return Job(
        metadata=metadata,
        spec_suspend=bool(spec.get("suspend")),
        # The API server defaults it to 1 only if parallelism is unset too.
        completions=spec.get("completions", None if "parallelism" in spec else 1),
        backoff_limit=parse_count(spec, "backoffLimit", default=6),
        parallelism=parse_count(spec, "parallelism", default=1),
        active_deadline_seconds=spec.get("activeDeadlineSeconds"),
        restart_policy=template.get("restartPolicy") or "Never",
        containers=containers,
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
        parameters=_parameters(metadata, template, containers),
        queue=((raw.get("metadata") or {}).get("labels") or {}).get(names.LABEL_KUEUE_QUEUE) or "",
        managed_by=spec.get("managedBy") or JOB_CONTROLLER,
    )


def _container_names(metadata: WorkloadMetadata, pod: Object) -> tuple[str, ...]:
    """Give the names that the operator recorded on the Job. Without that record, all containers of the Job."""
    written = metadata.annotations.get(names.ANNOTATION_CONTAINERS)
    if written:
        return tuple(map(intern, written.split(",")))
    listed = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    return tuple(intern(container.get("name") or "") for container in listed)


def _parameters(metadata: WorkloadMetadata, pod: Object, own: tuple[str, ...]) -> tuple[UsedParameter, ...]:
    """Give the values of the parameters that the operator recorded on the Job, from the variables of its `own` containers.

    A variable that an admission webhook changed to a reference, such as to a Secret, is left out.
    """
    written = metadata.annotations.get(names.ANNOTATION_PARAMETERS)
    if not written:
        return ()
    listed = (*(pod.get("containers") or ()), *(pod.get("initContainers") or ()))
    container: Object = next((found for found in listed if found.get("name") in own), {})
    values = {
        entry["name"]: entry.get("value") or "" for entry in container.get("env") or () if "valueFrom" not in entry
    }
    # The operator writes each dollar of a value twice, because the kubelet reads two as one.
    return used_parameters(
        (intern(name), values[name].replace("$$", "$")) for name in written.split(",") if name in values
    )


def _default_container(pod_template: Object) -> str:
    annotations = (pod_template.get("metadata") or {}).get("annotations") or {}
    return intern(annotations.get(names.ANNOTATION_DEFAULT_CONTAINER) or "")
