"""Pod: the few fields of a Job's pod that decisions read, as a small frozen value."""

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
"""Reason the kubelet gives where it lost track of a container; the exit code beside it (137) is made up."""


_LOG_WAS_GONE: Final = "Error on reading termination message from logs: "


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
    """Name and UID of a pod's Job; by label where the Job was deleted and left its pods behind, without any owner."""
    owner = metadata.controller
    if owner is not None:
        return (owner.name, owner.uid) if owner.kind == "Job" else ("", "")
    return metadata.labels.get(names.LABEL_JOB_NAME, ""), metadata.labels.get(names.LABEL_CONTROLLER_UID, "")


def _containers(spec: Object, status: Object) -> Iterable[ContainerState]:
    """Order and kind come from the spec: a pod that its node refused has no container status."""
    for container in spec.get("initContainers") or ():
        kind: Literal["init", "sidecar"] = "sidecar" if container.get("restartPolicy") == "Always" else "init"
        yield _container(container, kind, status.get("initContainerStatuses"))
    for container in spec.get("containers") or ():
        yield _container(container, "main", status.get("containerStatuses"))


def _container(
    spec: Object, kind: Literal["main", "init", "sidecar"], statuses: Iterable[Object] | None
) -> ContainerState:
    name = spec.get("name") or ""
    status: Object = next((found for found in statuses or () if found.get("name") == name), {})
    limits = (spec.get("resources") or {}).get("limits") or {}
    last = _state(status.get("lastState"))
    return ContainerState(
        name=name,
        kind=kind,
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
    """What the container left. Where its log was gone already the kubelet writes its own complaint in that place."""
    return "" if text.startswith(_LOG_WAS_GONE) else text
