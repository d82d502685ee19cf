"""Start and end of a run's work, in the whole seconds in which the API server and the kubelet give all times."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from process_operator.decisions.run.evidence import Evidence
from process_operator.decisions.run.pods import end_of
from process_operator.resources.batch.pod import ContainerState, Pod, Running, Terminated

if TYPE_CHECKING:
    from collections.abc import Sequence


def start_of_work(evidence: Evidence) -> datetime | None:
    """When the work began: the first container of the first attempt; None where nothing shows that any started.

    The run may remember an attempt whose pod is gone. Its own time is the least exact: the operator saw a pod ready.
    """
    job, context = evidence.job, evidence.context
    known = [at for at in (start_of(evidence.pods), context.started_at) if at is not None]
    if known:
        return min(known)
    has_succeeded = job is not None and job.succeeded > 0
    return whole_seconds(context.running_since) or (job.start_time if has_succeeded and job is not None else None)


def whole_seconds(instant: datetime | None) -> datetime | None:
    """In whole seconds, as the API server and the kubelet give all times."""
    return instant.replace(microsecond=0) if instant is not None else None


def start_of(pods: Sequence[Pod]) -> datetime | None:
    """When the first container started, of those that the pods still tell about."""
    return min(filter(None, map(_pod_start, pods)), default=None)


def _pod_start(pod: Pod) -> datetime | None:
    work = [container for container in pod.containers if container.is_work]
    first = min(filter(None, (at for container in work for at in _started_at(container))), default=None)
    if first is not None and any(container.restart_count > 1 for container in work):
        return pod.start_time  # only the last two attempts are known, and the work began with the first
    return first


def _started_at(container: ContainerState) -> tuple[datetime | None, ...]:
    return tuple(
        state.started_at for state in (container.last, container.state) if isinstance(state, Running | Terminated)
    )


def end_of_work(evidence: Evidence) -> datetime:
    """When the last main container ended, else when the Job did."""
    ends = (
        end_of(evidence.job, pod, container)
        for pod in evidence.pods
        for container in pod.containers
        if container.is_work and container.kind == "main"
    )
    last = max((end.finished_at for end in ends if end is not None and end.finished_at is not None), default=None)
    condition = evidence.condition
    return last or (condition.last_transition_time if condition else None) or evidence.context.now
