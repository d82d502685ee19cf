"""Pod: the fields of a Job's pod that decisions read, as a small frozen value.

`decisions/run/pods.py` chooses the pod that represents a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from process_operator.resources import names
from process_operator.resources.batch.condition import WorkloadCondition, parse_condition
from process_operator.resources.batch.metadata import WorkloadMetadata
from process_operator.resources.batch.parsing import (
    parse_count,
    parse_time,
    parse_unversioned,
)
from process_operator.resources.types import Object

STATUS_UNKNOWN: Final = "ContainerStatusUnknown"
"""Reason of a container that the kubelet lost track of. The exit code 137 that comes with it is invented."""


_LOG_ERROR_PREFIX: Final = "Error on reading termination message from logs: "


@dataclass(frozen=True, slots=True)
class Waiting:
    """A container that waits for its first start or for a restart."""

    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A container that is running."""

    started_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terminated:
    """The end of a container. A time is None if the container never started (the runtime reports 1970 then)."""

    exit_code: int
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether a process returned the exit code; False if the kubelet invented it."""
        return self.reason != STATUS_UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """One container of a pod: its role in the template and its state."""

    name: str
    role: Literal["main", "init", "sidecar"] = "main"
    """`sidecar` is an init container with restartPolicy Always. The kubelet kills it when the main containers have ended."""
    restart_count: int = 0
    state: Waiting | Running | Terminated | None = None
    last: Terminated | None = None
    """The end of the previous attempt."""
    memory_limit: str | None = None
    is_injected: bool = False
    """Whether an admission webhook added it (such as the proxy of a service mesh). Its result does not count for the run."""
    is_probed: bool = False
    """Whether the kubelet may kill it, because it has a liveness probe, a startup probe or a postStart hook."""
    log_in_message: bool = False
    """Whether the message of a failed container is the end of its log (`FallbackToLogsOnError`)."""

    @property
    def is_work(self) -> bool:
        """Whether its result counts for the Job; False for sidecars and injected containers."""
        return self.role != "sidecar" and not self.is_injected

    def since(self, earlier: ContainerState | None) -> ContainerState:
        """Keep the end of the previous attempt, if no attempt was added since.

        A container that waits for its next attempt has the same end as `last`, and later as `state`.
        """
        if self.last is not None or earlier is None or earlier.restart_count != self.restart_count:
            return self
        return self if earlier.last == self.state else replace(self, last=earlier.last)

    @property
    def has_started(self) -> bool:
        """Whether a process of this container ever ran, as far as the kubelet reports."""
        if isinstance(self.state, Running) or self.restart_count > 0:
            return True
        ends = (end for end in (self.state, self.last) if isinstance(end, Terminated))
        return any(end.is_known or end.started_at is not None for end in ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """The last known version of a Job's pod."""

    metadata: WorkloadMetadata
    job_name: str = ""
    job_uid: str = ""
    node: str | None = None
    phase: str = "Pending"
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    deleted_at: datetime | None = None
    """Time of the delete request: the deletionTimestamp minus the grace period that it contains."""
    conditions: tuple[WorkloadCondition, ...] = ()
    """`PodScheduled` and `DisruptionTarget` only."""
    containers: tuple[ContainerState, ...] = ()
    """Containers in the order of their start: init containers and sidecars, then main containers."""
    restart_policy: str = "Never"
    gone: bool = False
    """Whether the pod is gone from the API server. The object cache sets this."""

    @property
    def has_ended(self) -> bool:
        """Whether all containers have ended and will not restart."""
        return self.phase in {"Succeeded", "Failed"}

    @property
    def has_started(self) -> bool:
        """Whether any container whose result counts ever ran."""
        return any(container.has_started for container in self.containers if container.is_work)

    @property
    def index(self) -> str | None:
        """The completion index of a pod of an Indexed Job; None for other pods."""
        return self.metadata.labels.get(names.LABEL_COMPLETION_INDEX)

    def condition(self, type_: str, status: str) -> WorkloadCondition | None:
        """The condition of this type if it has this status, else None."""
        return next((found for found in self.conditions if found.type == type_ and found.status == status), None)

    def since(self, earlier: Pod) -> Pod:
        """Keep what a later version of a pod drops: its first `deleted_at`, and the ends of previous attempts.

        The kubelet deletes the pod a second time when its containers have ended, which moves the deletionTimestamp
        (observed on Kubernetes 1.36). The kubelet of Kubernetes 1.32 then also drops `lastState`.
        """
        deleted_at = self.deleted_at
        if deleted_at is not None and earlier.deleted_at is not None:
            deleted_at = min(deleted_at, earlier.deleted_at)
        before = {container.name: container for container in earlier.containers}
        containers = tuple(container.since(before.get(container.name)) for container in self.containers)
        if deleted_at == self.deleted_at and containers == self.containers:
            return self
        return replace(self, deleted_at=deleted_at, containers=containers)


def parse_pod(raw: Object) -> Pod:
    """Read a pod from an API body."""
    meta, spec, status = raw.get("metadata") or {}, raw.get("spec") or {}, raw.get("status") or {}
    metadata = parse_unversioned(raw)
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
        start_time=parse_time(status.get("startTime")),
        deleted_at=deletion and deletion - timedelta(seconds=parse_count(meta, "deletionGracePeriodSeconds")),
        conditions=tuple(
            parse_condition(condition)
            for condition in status.get("conditions") or ()
            if condition.get("type") in {"PodScheduled", "DisruptionTarget"}
        ),
        containers=tuple(_containers(spec, status)),
        restart_policy=spec.get("restartPolicy") or "Never",
    )


def _job_of(metadata: WorkloadMetadata) -> tuple[str, str]:
    """Give name and UID of a pod's Job. Labels have them if the Job was deleted and its pods have no owner any more."""
    owner = metadata.controller
    if owner is not None:
        return (owner.name, owner.uid) if owner.kind == "Job" else ("", "")
    return metadata.labels.get(names.LABEL_JOB_NAME, ""), metadata.labels.get(names.LABEL_CONTROLLER_UID, "")


def _containers(spec: Object, status: Object) -> Iterable[ContainerState]:
    """Read order and role from the spec, because a pod that its node rejected has no container statuses."""
    for container in spec.get("initContainers") or ():
        role: Literal["init", "sidecar"] = "sidecar" if container.get("restartPolicy") == "Always" else "init"
        yield _container(container, role, status.get("initContainerStatuses"))
    for container in spec.get("containers") or ():
        yield _container(container, "main", status.get("containerStatuses"))


def _container(
    spec: Object, role: Literal["main", "init", "sidecar"], statuses: Iterable[Object] | None
) -> ContainerState:
    name = spec.get("name") or ""
    status: Object = next((found for found in statuses or () if found.get("name") == name), {})
    limits = (spec.get("resources") or {}).get("limits") or {}
    last = _state(status.get("lastState"))
    return ContainerState(
        name=name,
        role=role,
        restart_count=parse_count(status, "restartCount"),
        state=_state(status.get("state")),
        last=last if isinstance(last, Terminated) else None,
        memory_limit=str(limits["memory"]) if "memory" in limits else None,
        is_probed=any(spec.get(probe) for probe in ("livenessProbe", "startupProbe"))
        or bool((spec.get("lifecycle") or {}).get("postStart")),
        log_in_message=spec.get("terminationMessagePolicy") == "FallbackToLogsOnError",
    )


def _state(raw: Object | None) -> Waiting | Running | Terminated | None:
    if not raw:
        return None
    if ended := raw.get("terminated"):
        return Terminated(
            exit_code=parse_count(ended, "exitCode"),
            reason=ended.get("reason") or "",
            message=_termination_message(ended.get("message") or ""),
            started_at=parse_time(ended.get("startedAt")),
            finished_at=parse_time(ended.get("finishedAt")),
        )
    if (running := raw.get("running")) is not None:
        return Running(parse_time(running.get("startedAt")))
    if (waiting := raw.get("waiting")) is not None:
        return Waiting(waiting.get("reason") or "", waiting.get("message") or "")
    return None


def _termination_message(text: str) -> str:
    """Drop the error that the kubelet writes in place of the message if the log is gone already."""
    return "" if text.startswith(_LOG_ERROR_PREFIX) else text
