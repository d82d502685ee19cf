"""Logs at a kill: which of them the operator follows while it ends a Job, because a killed pod is soon gone.

The kubelet of a busy node reports a start up to ten seconds late (the sync period of its status manager). Until then a
pod may print although it says ContainerCreating. Neighbour: `pods.py` chooses the log of a record.
"""

from __future__ import annotations

from collections.abc import Sequence

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.run.pods import ORDINARY_WAITING, choose, log_source, main_container, relevant_pods
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import ContainerState, Pod, Waiting
from process_operator.resources.conditions import LogReason
from process_operator.timing.zone import EPOCH


def log_sources_at_kill(job: Job | None, pods: Sequence[Pod], log_container: str | None) -> tuple[LogSource, ...]:
    """The logs of a Job that the operator is about to kill, in the order in which it tries to follow them.

    That of a container which runs comes alone. Otherwise they are those of the latest pod, if a container of it may have
    started. A pod that has ended stays after the kill, so its log is read later.
    """
    source = log_source(job, pods, log_container)
    if any(pod.metadata.name == source.pod and not pod.has_ended for pod in pods):
        return () if source.previous else (source,)
    latest = max(relevant_pods(job, pods), key=lambda pod: pod.metadata.creation_timestamp or EPOCH, default=None)
    if latest is None or latest.node is None or latest.has_ended or latest.gone:
        return ()
    return tuple(
        LogSource(latest.metadata.name, container.name, previous=False, message="", absent=LogReason.NEVER_STARTED)
        for container in _candidates(job, latest, log_container)
        if _is_unreported(container)
    )


def _candidates(job: Job | None, pod: Pod, log_container: str | None) -> tuple[ContainerState, ...]:
    """The container that the request names; else the main one, then the init container that comes before it."""
    for container in pod.containers:
        if container.name == log_container:
            return (container,)
    # The API server has no log of a main container while an init container runs.
    found = (main_container(job, pod), choose(job, (pod,)).container)
    return tuple(dict.fromkeys(container for container in found if container is not None))


def _is_unreported(container: ContainerState) -> bool:
    """Whether the container may have started since the last report of the kubelet."""
    state = container.state
    return state is None or (isinstance(state, Waiting) and state.reason in ORDINARY_WAITING)
