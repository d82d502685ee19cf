"""The few fields read of Jobs, CronJobs and pods, as small frozen values, and how they are read from API bodies.

Thousands are held at a time, so what no decision reads is dropped here. Bodies come from the API server, which has
checked them: a field that is absent has the API's default, and nothing is refused. All times are UTC.
`decisions/run/outcome.py` says what a Job and its pods mean for a run, `decisions/run/pods.py` which pod is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from sys import intern
from typing import Any, Final, Literal

from process_operator.resources import names
from process_operator.resources.batch.metadata import Owner, WorkloadMetadata
from process_operator.resources.model import parse_instant

Raw = Mapping[str, Any]

JOB_CONTROLLER: Final = "kubernetes.io/job-controller"
"""Value of `spec.managedBy` for the controller of Kubernetes; an absent field means the same."""

_PREFIXES: Final = (f"{names.GROUP}/", "batch.kubernetes.io/")

STATUS_UNKNOWN: Final = "ContainerStatusUnknown"
"""Reason the kubelet gives where it lost track of a container; the exit code beside it (137) is made up."""

_LOG_WAS_GONE: Final = "Error on reading termination message from logs: "


class KillReason(StrEnum):
    """Why the operator ended a Job: the first word of the annotation `process-operator.io/kill`."""

    CANCELED = "Canceled"
    REPLACED = "Replaced"
    SUSPENDED = "Suspended"
    MISSED = "Missed"
    NOT_STARTED = "NotStarted"


@dataclass(frozen=True, slots=True)
class Kill:
    """Why the operator ended a Job, as its annotation says: `Canceled`, `Replaced <run>`, `Suspended`, `Missed`,
    `NotStarted`."""

    reason: KillReason
    detail: str = ""
    """What follows the reason: the run that took the place, or who or what asked."""

    def __str__(self) -> str:
        return f"{self.reason} {self.detail}".rstrip()

    @classmethod
    def parse(cls, value: str | None) -> Kill | None:
        """Read the annotation's value; None where there is none or its first word is none of ours."""
        word, _, detail = (value or "").partition(" ")
        return cls(KillReason(word), detail.strip()) if word in frozenset(KillReason) else None


@dataclass(frozen=True, slots=True)
class WorkloadCondition:
    """A condition of a Job or pod, in Kubernetes' own words.

    They are appended and stay: an old `Suspended=True` may stand beside the `Failed` of a Job.
    """

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


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


@dataclass(frozen=True, slots=True)
class ActiveJob:
    """A Job that a CronJob counts as running."""

    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronJob:
    """A batch/v1 CronJob: what the controller goes by, and how far it is."""

    metadata: WorkloadMetadata
    schedule: str
    time_zone: str | None = None
    suspend: bool = False
    concurrency_policy: str = "Allow"
    starting_deadline_seconds: int | None = None
    last_schedule_time: datetime | None = None
    active: tuple[ActiveJob, ...] = ()
    """The Jobs that the controller counts as running."""

    @property
    def taken_over_tick(self) -> datetime | None:
        """The newest tick that the operator took from the controller."""
        try:
            return parse_instant(self.metadata.annotations.get(names.ANNOTATION_TAKEN_OVER_TICK))
        except ValueError:  # there is none, or somebody else wrote it
            return None

    @property
    def template_hash(self) -> str | None:
        """What this CronJob was made from."""
        return self.metadata.annotations.get(names.ANNOTATION_TEMPLATE_HASH)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A container that does not run: not yet, or not again."""

    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs."""

    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terminated:
    """The end of a container. Times that the runtime makes up (1970, where nothing was started) are None."""

    exit_code: int
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether the exit code was given by a process and not made up."""
        return self.reason != STATUS_UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """One container of a pod: its place in the template and what became of it."""

    name: str
    kind: Literal["main", "init", "sidecar"] = "main"
    """`sidecar`: an init container with restartPolicy Always; it is killed when the main containers have ended."""
    restart_count: int = 0
    state: Waiting | Running | Terminated | None = None
    last: Terminated | None = None
    """How the attempt before the current one ended."""
    memory_limit: str | None = None
    is_injected: bool = False
    """Whether somebody else added it to the template (a proxy of a service mesh): it never speaks for the work."""
    is_probed: bool = False
    """Whether the kubelet may kill it: it has a liveness or startup probe, or a postStart hook."""
    log_in_message: bool = False
    """Whether a failed container's message is the end of its log (policy `FallbackToLogsOnError`)."""

    @property
    def is_work(self) -> bool:
        """Whether it does the work of the Job: neither a sidecar nor injected."""
        return self.kind != "sidecar" and not self.is_injected

    @property
    def has_started(self) -> bool:
        """Whether any process of it ever ran, as far as the kubelet still knows."""
        if isinstance(self.state, Running) or self.restart_count > 0:
            return True
        ends = (end for end in (self.state, self.last) if isinstance(end, Terminated))
        return any(end.is_known or end.started_at is not None for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod of a Job, as it was last seen."""

    metadata: WorkloadMetadata
    job_name: str = ""
    job_uid: str = ""
    node: str | None = None
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    deleted_at: datetime | None = None
    """When the deletion was asked for: the deletionTimestamp less the grace period that is part of it."""
    conditions: tuple[WorkloadCondition, ...] = ()
    """`PodScheduled` and `DisruptionTarget` only."""
    containers: tuple[ContainerState, ...] = ()
    """In the order in which they start: init containers and sidecars, then main ones."""
    restart_policy: str = "Never"
    gone: bool = False
    """Whether the API server no longer has it; whoever sees that sets it."""

    @property
    def has_ended(self) -> bool:
        """Whether all of its containers have ended for good."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def has_started(self) -> bool:
        """Whether any container of it that does the work ever ran."""
        return any(container.has_started for container in self.containers if container.is_work)

    @property
    def index(self) -> str | None:
        """Which part of an Indexed Job it works on."""
        return self.metadata.labels.get(names.LABEL_COMPLETION_INDEX)

    def condition(self, kind: str, status: str) -> WorkloadCondition | None:
        """The condition of that type where it has that status."""
        return next((found for found in self.conditions if found.type == kind and found.status == status), None)

    def since(self, earlier: Pod) -> Pod:
        """This version of a pod of which an earlier one was seen, with the time at which its deletion was first asked
        for.

        The kubelet deletes the pod once more when its containers have ended, and moves the deletionTimestamp by that
        (seen on Kubernetes 1.36).
        """
        if self.deleted_at is None or earlier.deleted_at is None or earlier.deleted_at >= self.deleted_at:
            return self
        return replace(self, deleted_at=earlier.deleted_at)


def parse_job(raw: Raw) -> Job:
    """Read a Job from an API body."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    pod_template = spec.get("template") or {}
    template = pod_template.get("spec") or {}
    metadata = _unversioned(raw)
    return Job(
        metadata=metadata,
        spec_suspend=bool(spec.get("suspend")),
        # The API server sets it to 1 where parallelism is not set either.
        completions=spec.get("completions", None if "parallelism" in spec else 1),
        backoff_limit=_count(spec, "backoffLimit", default=6),
        parallelism=_count(spec, "parallelism", default=1),
        active_deadline_seconds=spec.get("activeDeadlineSeconds"),
        restart_policy=template.get("restartPolicy") or "Never",
        containers=_container_names(metadata, template),
        default_container=_default_container(pod_template),
        failed_indexes=status.get("failedIndexes") or "",
        conditions=tuple(map(_condition, status.get("conditions") or ())),
        start_time=_instant(status.get("startTime")),
        completion_time=_instant(status.get("completionTime")),
        active=_count(status, "active"),
        ready=_count(status, "ready"),
        succeeded=_count(status, "succeeded"),
        failed=_count(status, "failed"),
        terminating=_count(status, "terminating"),
        queue=((raw.get("metadata") or {}).get("labels") or {}).get(names.LABEL_KUEUE_QUEUE) or "",
        managed_by=spec.get("managedBy") or JOB_CONTROLLER,
    )


def _container_names(metadata: WorkloadMetadata, pod: Raw) -> tuple[str, ...]:
    """Those of the template as the operator wrote it down; else all that the Job has."""
    written = metadata.annotations.get(names.ANNOTATION_CONTAINERS)
    if written:
        return tuple(map(intern, written.split(",")))
    listed = (*(pod.get("initContainers") or ()), *(pod.get("containers") or ()))
    return tuple(intern(container.get("name") or "") for container in listed)


def _default_container(pod_template: Raw) -> str:
    annotations = (pod_template.get("metadata") or {}).get("annotations") or {}
    return intern(annotations.get(names.ANNOTATION_DEFAULT_CONTAINER) or "")


def parse_cronjob(raw: Raw) -> CronJob:
    """Read a CronJob from an API body."""
    spec, status = raw.get("spec") or {}, raw.get("status") or {}
    return CronJob(
        metadata=_metadata(raw),
        schedule=spec.get("schedule") or "",
        time_zone=spec.get("timeZone"),
        suspend=bool(spec.get("suspend")),
        concurrency_policy=spec.get("concurrencyPolicy") or "Allow",
        starting_deadline_seconds=spec.get("startingDeadlineSeconds"),
        last_schedule_time=_instant(status.get("lastScheduleTime")),
        active=tuple(
            ActiveJob(job["name"], job.get("uid") or "") for job in status.get("active") or () if job.get("name")
        ),
    )


def parse_pod(raw: Raw) -> Pod:
    """Read a pod from an API body."""
    meta, spec, status = raw.get("metadata") or {}, raw.get("spec") or {}, raw.get("status") or {}
    metadata = _unversioned(raw)
    job_name, job_uid = _job_of(metadata)
    deletion = metadata.deletion_timestamp
    return Pod(
        metadata=metadata,
        job_name=job_name,
        job_uid=job_uid,
        node=spec.get("nodeName"),
        phase=status.get("phase") or "Pending",
        reason=status.get("reason") or "",
        message=status.get("message") or "",
        start_time=_instant(status.get("startTime")),
        deleted_at=deletion and deletion - timedelta(seconds=_count(meta, "deletionGracePeriodSeconds")),
        conditions=tuple(
            _condition(condition)
            for condition in status.get("conditions") or ()
            if condition.get("type") in {"PodScheduled", "DisruptionTarget"}
        ),
        containers=tuple(_containers(spec, status)),
        restart_policy=spec.get("restartPolicy") or "Never",
    )


def _metadata(raw: Raw) -> WorkloadMetadata:
    metadata = raw.get("metadata") or {}
    return WorkloadMetadata(
        name=metadata.get("name") or "",
        namespace=intern(metadata.get("namespace") or ""),
        uid=metadata.get("uid") or "",
        resource_version=metadata.get("resourceVersion") or "",
        creation_timestamp=_instant(metadata.get("creationTimestamp")),
        deletion_timestamp=_instant(metadata.get("deletionTimestamp")),
        labels=_read_here(metadata.get("labels")),
        annotations=_read_here(metadata.get("annotations")),
        owner_references=tuple(map(_owner, metadata.get("ownerReferences") or ())),
    )


def _read_here(texts: Mapping[str, str] | None) -> dict[str, str]:
    """Labels or annotations without those of others, of which some are long."""
    return {key: text for key, text in (texts or {}).items() if key.startswith(_PREFIXES)}


def _owner(raw: Raw) -> Owner:
    return Owner(
        kind=intern(raw.get("kind") or ""),
        name=raw.get("name") or "",
        uid=raw.get("uid") or "",
        controller=bool(raw.get("controller")),
    )


def _unversioned(raw: Raw) -> WorkloadMetadata:
    """Without the version: two versions that say the same here are equal."""
    return replace(_metadata(raw), resource_version="")


def _job_of(metadata: WorkloadMetadata) -> tuple[str, str]:
    """Name and UID of a pod's Job; by label where the Job was deleted and left its pods behind, without any owner."""
    owner = metadata.controller
    if owner is not None:
        return (owner.name, owner.uid) if owner.kind == "Job" else ("", "")
    return metadata.labels.get(names.LABEL_JOB_NAME, ""), metadata.labels.get(names.LABEL_CONTROLLER_UID, "")


def _condition(raw: Raw) -> WorkloadCondition:
    return WorkloadCondition(
        # Most Jobs end in the same words.
        type=intern(raw.get("type") or ""),
        status=intern(raw.get("status") or ""),
        reason=intern(raw.get("reason") or ""),
        message=intern(raw.get("message") or ""),
        last_transition_time=_instant(raw.get("lastTransitionTime")),
    )


def _containers(spec: Raw, status: Raw) -> Iterable[ContainerState]:
    """Order and kind come from the spec: a pod that its node refused has no container status."""
    for container in spec.get("initContainers") or ():
        kind: Literal["init", "sidecar"] = "sidecar" if container.get("restartPolicy") == "Always" else "init"
        yield _container(container, kind, status.get("initContainerStatuses"))
    for container in spec.get("containers") or ():
        yield _container(container, "main", status.get("containerStatuses"))


def _container(spec: Raw, kind: Literal["main", "init", "sidecar"], statuses: Iterable[Raw] | None) -> ContainerState:
    name = spec.get("name") or ""
    status: Raw = next((found for found in statuses or () if found.get("name") == name), {})
    limits = (spec.get("resources") or {}).get("limits") or {}
    last = _state(status.get("lastState"))
    return ContainerState(
        name=name,
        kind=kind,
        restart_count=_count(status, "restartCount"),
        state=_state(status.get("state")),
        last=last if isinstance(last, Terminated) else None,
        memory_limit=str(limits["memory"]) if "memory" in limits else None,
        is_probed=any(spec.get(probe) for probe in ("livenessProbe", "startupProbe"))
        or bool((spec.get("lifecycle") or {}).get("postStart")),
        log_in_message=spec.get("terminationMessagePolicy") == "FallbackToLogsOnError",
    )


def _state(raw: Raw | None) -> Waiting | Running | Terminated | None:
    if not raw:
        return None
    if ended := raw.get("terminated"):
        return Terminated(
            exit_code=_count(ended, "exitCode"),
            reason=ended.get("reason") or "",
            message=_termination_message(ended.get("message") or ""),
            started_at=_instant(ended.get("startedAt")),
            finished_at=_instant(ended.get("finishedAt")),
        )
    if (running := raw.get("running")) is not None:
        return Running(_instant(running.get("startedAt")))
    if (waiting := raw.get("waiting")) is not None:
        return Waiting(waiting.get("reason") or "", waiting.get("message") or "")
    return None


def _termination_message(text: str) -> str:
    """What the container left. Where its log was gone already the kubelet writes its own complaint in that place."""
    return "" if text.startswith(_LOG_WAS_GONE) else text


def _count(raw: Raw, field: str, *, default: int = 0) -> int:
    value = raw.get(field)
    return default if value is None else int(value)


def _instant(text: str | None) -> datetime | None:
    """A time of the API in UTC; None too for the runtime's zero time, which stands for "never" (1970, or year 1)."""
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return None if instant.year <= 1970 else instant.astimezone(UTC)
