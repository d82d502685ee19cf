"""Start and end of a run's work, in the whole seconds in which the API server and the kubelet give all times."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from process_operator.decisions.run.evidence import Evidence
from process_operator.decisions.run.pods import end_of
from process_operator.resources.batch.pod import ContainerState, Pod, Running, Terminated
from process_operator.resources.model import whole_second

if TYPE_CHECKING:
    from collections.abc import Sequence


def start_of_work(evidence: Evidence) -> datetime | None:
    """Start of the first container of the first attempt. None if no container is known to have started.

    The status of the run may show an attempt whose pod is gone. The time at which the operator saw a ready pod is the
    least exact one.
    """
    job, context = evidence.job, evidence.context
    known = [at for at in (start_of(evidence.pods), context.started_at) if at is not None]
    if known:
        return min(known)
    has_succeeded = job is not None and job.succeeded > 0
    if context.running_since is not None:
        return whole_second(context.running_since)
    return job.start_time if has_succeeded and job is not None else None


def start_of(pods: Sequence[Pod]) -> datetime | None:
    """Start of the first container that the pods still show."""
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
    """End of the last main container, else of the Job."""
    ends = (
        end_of(evidence.job, pod, container)
        for pod in evidence.pods
        for container in pod.containers
        if container.is_work and container.role == "main"
    )
    last = max((end.finished_at for end in ends if end is not None and end.finished_at is not None), default=None)
    condition = evidence.condition
    return last or (condition.last_transition_time if condition else None) or evidence.context.now
