"""Pods of a Job: the pod, the container and the end that represent a run, and the log that is read.

A Job may have had several pods (retries, an eviction, parallel ones), a pod several containers, and a container several
ends (restartPolicy OnFailure). `outcome.py` turns the choice into phase and reason, `log_text.py` the log into text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.resources.batch.condition import WorkloadCondition
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import ContainerState, Pod, Running, Terminated, Waiting
from process_operator.resources.conditions import LogReason
from process_operator.timing.zone import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING_STARTED: Final = frozenset({"StartError", "ContainerCannotRun"})
"""Reasons of a container whose program could not be started. Its end has a message and no log."""

ORDINARY_WAITING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Reasons of a container that waits and may still start. They never explain why it did not."""

EVENT_CAUSES: Final = frozenset(
    {
        "FailedAttachVolume",
        "FailedBinding",
        "FailedCreatePodSandBox",
        "FailedMapVolume",
        "FailedMount",
        "FailedPodSandBoxStatus",
        "FailedPostStartHook",
        "FailedPrepareDynamicResources",
        "FailedScheduling",
        "FailedSync",
        "NetworkNotReady",
        "NodeNotReady",
        "Unhealthy",
    }
)
"""Reasons of warnings that explain why a pod does not start or is not ready. Healthy pods have others, such as
MissingClusterDNS and DNSConfigForming."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The pod and the container that represent a run, and the end that counts. Each is None if there is none."""

    pod: Pod | None = None
    container: ContainerState | None = None
    end: Terminated | None = None
    """End of that container, as far as it is known. Never an invented one (`ContainerStatusUnknown`)."""

    @property
    def ended_by_itself(self) -> bool:
        """Whether the container ended before the deletion of its pod was requested.

        API times are whole seconds. If both are in the same second, the deletion came first, because a pod is deleted for
        its end only a second or more after it.
        """
        if self.pod is None or self.container is None or self.end is None:
            return False
        return self.end is self.container.last or _ended_before_deletion(self.pod, self.end)


def relevant_pods(job: Job | None, pods: Sequence[Pod]) -> tuple[Pod, ...]:
    """The pods of this start of the Job. A resume starts the work over, so pods deleted before do not count.

    The last ones before the resume count if the Job ends without further pods, because it was canceled while it was
    suspended. Containers that are not in the template are marked.
    """
    if job is None:
        return tuple(pods)
    pods = [_with_injected(job, pod) for pod in pods]
    found = _of_start(pods, job.work_started_at)
    return found or (_of_start(pods, job.start_time) if job.finished is not None or job.is_ending else ())


def _of_start(pods: Sequence[Pod], start: datetime | None) -> tuple[Pod, ...]:
    if start is None:
        return tuple(pods)
    return tuple(pod for pod in pods if pod.deleted_at is None or pod.deleted_at > start or _is_made_since(pod, start))


def _with_injected(job: Job, pod: Pod) -> Pod:
    own = [container.name in job.containers for container in pod.containers]
    if all(own) or not any(own):
        return pod
    marked = zip(pod.containers, own, strict=True)
    return replace(pod, containers=tuple(replace(container, is_injected=not is_own) for container, is_own in marked))


def _is_made_since(pod: Pod, start: datetime) -> bool:
    # API times are whole seconds. A pod deleted in the second of the new start was created for the start before.
    made = pod.metadata.creation_timestamp
    return pod.deleted_at == start and made is not None and made >= start


def end_of(job: Job | None, pod: Pod, container: ContainerState) -> Terminated | None:
    """The end of a container that counts. None if it runs, never started or left no trace.

    With OnFailure the retry that reaches the limit is started and then killed (seen on Kubernetes 1.36). Then the end
    before it counts. The kubelet of Kubernetes 1.32 drops that end, so it is unknown if the operator has not seen it.
    """
    if container.restart_count and _killed_by_limit(job, pod):
        if container.last is not None and container.last.is_known:
            return container.last
        if container.last is None and _was_deleted_at_work(pod, container.state):
            return None
    if isinstance(container.state, Terminated):
        return container.state if container.state.is_known else None
    if isinstance(container.state, Running) or container.last is None or not container.last.is_known:
        return None
    return container.last


def _was_deleted_at_work(pod: Pod, state: Waiting | Running | Terminated | None) -> bool:
    if not isinstance(state, Terminated) or state.finished_at is None:
        return False
    return not _ended_before_deletion(pod, state)


def _ended_before_deletion(pod: Pod, end: Terminated) -> bool:
    if pod.deleted_at is None:
        return True
    return end.finished_at is not None and end.finished_at < pod.deleted_at


def choose(job: Job | None, pods: Sequence[Pod]) -> Choice:
    """The pod, container and end that represent a run.

    The order of the pods: those not deleted before their end, then those that ended like the Job, then the latest. A Job
    that runs, is gone or met its deadline did not end by itself. Its latest started pod is chosen, also if the pod is
    being deleted.
    """
    pod = max(relevant_pods(job, pods), key=lambda candidate: _rank(job, candidate), default=None)
    return Choice() if pod is None else _choice_in(job, pod)


def log_source(job: Job | None, pods: Sequence[Pod], log_container: str | None) -> LogSource:
    """The log to read: that of `log_container` if the pod has it, else that of the deciding container."""
    choice = choose(job, pods)
    pod, container = choice.pod, choice.container
    if pod is None:
        had_pods = job is None or job.succeeded + job.failed > 0
        absent = LogReason.POD_GONE if had_pods else LogReason.NEVER_STARTED
        return LogSource(None, log_container or "", previous=False, message="", absent=absent)
    container = next((named for named in pod.containers if named.name == log_container), container)
    if container is None or not _printed(container):
        name = container.name if container is not None else ""
        return LogSource(None, name, previous=False, message="", absent=LogReason.NEVER_STARTED)
    end = end_of(job, pod, container)
    return LogSource(
        pod=None if pod.gone else pod.metadata.name,
        container=container.name,
        previous=end is not None and end is container.last,
        message=end.message if end is not None and container.log_in_message and end.exit_code != 0 else "",
        absent=LogReason.POD_GONE,
    )


def main_container(job: Job | None, pod: Pod) -> ContainerState | None:
    """The template's default container if it is a main one, else the template's first main one."""
    default = job.default_container if job is not None else ""
    main = [container for container in pod.containers if container.is_work and container.role == "main"]
    return next((named for named in main if named.name == default), main[0] if main else None)


def waiting_of(pod: Pod) -> Waiting | None:
    """The reason why a pod does not start: it has no node, or a container waits. None if there is no reason."""
    if (unscheduled := pod.condition("PodScheduled", "False")) is not None:
        return Waiting(unscheduled.reason, unscheduled.message)
    waiting = [container.state for container in pod.containers if isinstance(container.state, Waiting)]
    return next((state for state in waiting if state.reason not in ORDINARY_WAITING), waiting[0] if waiting else None)


def pod_ends(job: Job | None, pod: Pod) -> tuple[Terminated, ...]:
    """The ends that count of the containers that do the work. Sidecars are killed when these have ended."""
    ends = (end_of(job, pod, container) for container in pod.containers if container.is_work)
    return tuple(end for end in ends if end is not None)


def did_its_work(pod: Pod) -> bool:
    """Whether every main container of a pod exited with 0 before the deletion of the pod was requested.

    A stopped program may exit with 0 as well, so its end in the second of the deletion proves nothing.
    """
    ends = [container.state for container in pod.containers if container.is_work and container.role == "main"]
    return bool(ends) and all(
        isinstance(end, Terminated) and end.is_known and end.exit_code == 0 and _ended_before_deletion(pod, end)
        for end in ends
    )


def is_cut_short(pod: Pod) -> bool:
    """Whether the cluster (a preemption, a drain, a taint) ended a pod that then exited with 0."""
    return pod.phase == "Succeeded" and pod.condition("DisruptionTarget", "True") is not None and not did_its_work(pod)


def attempts_of(job: Job | None, pod: Pod) -> int:
    """Number of attempts of a pod, without the retry that was started only to be killed by the limit."""
    restarts = max((container.restart_count for container in pod.containers if container.is_work), default=0)
    return restarts + 1 - (1 if restarts and _killed_by_limit(job, pod) else 0)


def _killed_by_limit(job: Job | None, pod: Pod) -> bool:
    """Whether the present or last process of the container is a retry that the Job controller ends by the limit."""
    if pod.restart_policy != "OnFailure" or (pod.deleted_at is None and pod.has_ended):
        return False
    cause = _final_condition(job)
    return cause is not None and cause.reason == "BackoffLimitExceeded"


def _final_condition(job: Job | None) -> WorkloadCondition | None:
    return (job.finished or job.ending) if job is not None else None


def _choice_in(job: Job | None, pod: Pod) -> Choice:
    container = _deciding_container(job, pod)
    return Choice(pod, container, end_of(job, pod, container) if container is not None else None)


def _rank(job: Job | None, pod: Pod) -> tuple[bool, bool, datetime, str]:
    ends = pod_ends(job, pod)
    latest = max((end.finished_at for end in ends if end.finished_at), default=pod.start_time) or EPOCH
    condition = _final_condition(job)
    if condition is None or condition.reason == "DeadlineExceeded":
        return pod.has_started, True, latest, pod.metadata.name
    was_deleted = pod.deleted_at is not None and not _choice_in(job, pod).ended_by_itself
    has_failed = pod.phase == "Failed" or any(end.exit_code != 0 for end in ends)
    as_the_job = has_failed == (condition.type in {"Failed", "FailureTarget"})
    return not was_deleted, as_the_job, latest, pod.metadata.name


def _deciding_container(job: Job | None, pod: Pod) -> ContainerState | None:
    """The template's default container if it failed, else the first that failed in time, else the default or first main
    one.

    Sidecars and injected containers are excluded. If no container has ended and an init container runs or waits, that one
    is chosen, because the main ones start later.
    """
    candidates = [container for container in pod.containers if container.is_work]
    default = job.default_container if job is not None else ""
    failed = [
        (container.name != default, end.finished_at or EPOCH, position)
        for position, container in enumerate(candidates)
        if (end := end_of(job, pod, container)) is not None and end.exit_code != 0
    ]
    if failed:
        return candidates[min(failed)[-1]]
    current = next(
        (container for container in candidates if container.role == "init" and not _is_done(container)), None
    )
    return current or main_container(job, pod)


def _is_done(container: ContainerState) -> bool:
    return container.state is None or isinstance(container.state, Terminated)


def _printed(container: ContainerState) -> bool:
    """Whether the container may have a log, because a process of it was started."""
    latest = container.last if isinstance(container.state, Waiting) else container.state
    if isinstance(latest, Terminated) and latest.reason in NOTHING_STARTED:
        return False
    return container.has_started
