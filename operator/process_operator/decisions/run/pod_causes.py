"""Causes of a failure that the pod of a run shows, in the order in which `failure.py` tries them.

The first cause that fits is the reason of the run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.evidence import Cause, Evidence, failed
from process_operator.decisions.run.log_text import last_line
from process_operator.decisions.run.pods import (
    NOTHING_STARTED,
    Choice,
    end_of,
)
from process_operator.resources.batch.pod import Pod, Terminated
from process_operator.resources.conditions import RunReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from process_operator.resources.kubelet_events import KubeletEvent


_PROBES: Final = {
    "Liveness probe": RunReason.LIVENESS_PROBE_FAILED,
    "Startup probe": RunReason.STARTUP_PROBE_FAILED,
}
"""Beginnings of the kubelet's Events about failed probes, and the reasons of runs that were killed for them."""

_OOM_KILLED: Final = "OOMKilled"
"""Reason that the kubelet gives to the end of a container without memory."""

KILLED_EXIT_CODES: Final = frozenset({137, 143})
"""Exit codes of a process that was killed: 128 and the number of SIGKILL or SIGTERM."""


def cause_in_pod(evidence: Evidence) -> Cause | None:
    """Why the pod that speaks for the run failed; of an Indexed Job with the index."""
    cause = next((cause for find in _POD_CAUSES if (cause := find(evidence)) is not None), None)
    pod = evidence.choice.pod
    if cause is None or pod is None or pod.index is None:
        return cause
    return replace(cause, message=f"index {pod.index}: {cause.message or cause.reason}")


def out_of_memory(evidence: Evidence) -> Cause | None:
    """The kernel killed the container because it used too much memory."""
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.reason != _OOM_KILLED:
        return None
    limit = container.memory_limit
    words = (
        f"used more than its memory limit {limit}" if limit else "ran out of memory; it has no memory limit of its own"
    )
    return failed(RunReason.OOM_KILLED, f"container {container.name} {words}", end.exit_code)


def _not_startable(evidence: Evidence) -> Cause | None:
    end = evidence.choice.end
    if end is None or end.reason not in NOTHING_STARTED:
        return None
    return failed(RunReason.START_ERROR, end.message, end.exit_code)


def _disrupted(evidence: Evidence) -> Cause | None:
    """The node or the cluster ended the pod: an eviction, a shutdown, a preemption, or the deadline of the pod."""
    pod, end = evidence.choice.pod, evidence.choice.end
    if pod is None:
        return None
    reason, message = _disruption(pod)
    if not reason:
        return None
    # If the pod was not deleted, only the exit code shows whether the kubelet killed the container.
    killed = not evidence.choice.ended_by_itself or (
        end and pod.deleted_at is None and end.exit_code in KILLED_EXIT_CODES
    )
    return failed(reason, message, None if killed else evidence.exit_code)


def _disruption(pod: Pod) -> tuple[str, str]:
    """Reason and message of the end that the node or the cluster gave to a pod. Each is empty if there is none."""
    target = pod.condition("DisruptionTarget", "True")
    if target is None:
        return pod.reason, pod.message
    return pod.reason or target.reason, pod.message or target.message


def is_unexplained_kill(choice: Choice) -> bool:
    """Whether the container was killed, and nothing in the pod shows why. Only the Events of the kubelet may show it."""
    pod, end = choice.pod, choice.end
    if pod is None or end is None or end.exit_code not in KILLED_EXIT_CODES:
        return False
    return choice.ended_by_itself and end.reason != _OOM_KILLED and not _disruption(pod)[0]


def _killed_by_kubelet(evidence: Evidence) -> Cause | None:
    """The kubelet killed the container for a probe or a hook, which its exit code (137) does not show.

    For a pod that is not retried, the Event about the kill does not give the cause (Kubernetes 1.36). The Event about
    the probe before it does.
    """
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.exit_code == 0 or not evidence.choice.ended_by_itself:
        return None
    said = events_of(evidence.choice, evidence.context.kubelet_events)
    if any(event.reason == "FailedPostStartHook" for event in said):
        words = f"container {container.name} was killed because its postStart hook failed"
        return failed(RunReason.POST_START_HOOK_FAILED, words, end.exit_code)
    if not any(event.reason == "Killing" for event in said):
        return None
    for event in reversed(said):
        for probe, reason in _PROBES.items():
            if event.reason == "Unhealthy" and event.message.startswith(probe):
                return failed(reason, f"container {container.name} was killed: {event.message.strip()}", end.exit_code)
    return None


def events_of(choice: Choice, events: Sequence[KubeletEvent]) -> tuple[KubeletEvent, ...]:
    """Events about the container that represents a run, without those about an earlier attempt in the same pod."""
    container, end = choice.container, choice.end
    if container is None or end is None:
        return ()
    return tuple(event for event in events if event.container == container.name and _is_within(event.at, end))


def _is_within(at: datetime | None, end: Terminated) -> bool:
    """Whether an instant is between the start and the end of a container, by the clock of the kubelet."""
    if at is None:
        return False
    return (end.started_at is None or at >= end.started_at) and (end.finished_at is None or at <= end.finished_at)


def _injected_container_failed(evidence: Evidence) -> Cause | None:
    """A container that is not in the template failed, and not the work."""
    pod = evidence.choice.pod
    if pod is None or not pod.has_ended or pod.deleted_at is not None:
        return None
    for container in pod.containers:
        end = end_of(evidence.job, pod, container)
        if container.is_injected and container.role != "sidecar" and end is not None and end.exit_code != 0:
            words = last_line(end.message)
            message = f"container {container.name}, which is not of the template, exited with code {end.exit_code}"
            full = message + (f": {words}" if words else "")
            return failed(RunReason.INJECTED_CONTAINER_FAILED, full, evidence.exit_code)
    return None


def failed_by_itself(evidence: Evidence) -> Cause | None:
    """The program exited with another code than 0."""
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.exit_code == 0 or not evidence.choice.ended_by_itself:
        return None
    words = last_line(end.message) or last_line(evidence.context.log_text)
    exited = f"container {container.name} exited with code {end.exit_code}"
    if container.role == "init":
        return failed(
            RunReason.INIT_CONTAINER_FAILED, f"init {exited}" + (f": {words}" if words else ""), end.exit_code
        )
    return failed(RunReason.EXIT_CODE, words or exited, end.exit_code)


def _pod_deleted(evidence: Evidence) -> Cause | None:
    pod, end = evidence.choice.pod, evidence.choice.end
    if pod is None:
        return failed(RunReason.POD_LOST, "the pod was gone before it could be read")
    if pod.deleted_at is not None and not evidence.choice.ended_by_itself:
        if end is not None:
            return failed(RunReason.POD_DELETED, "pod was deleted while it ran", end.exit_code)
        if not pod.has_started:
            return failed(RunReason.POD_DELETED, "pod was deleted before it started")
    if end is None and not pod.has_ended:
        return failed(RunReason.POD_LOST, "the pod was gone before it could be read")
    return None


_POD_CAUSES: Final[tuple[Callable[[Evidence], Cause | None], ...]] = (
    out_of_memory,
    _not_startable,
    _disrupted,
    _killed_by_kubelet,
    failed_by_itself,
    _injected_container_failed,
    _pod_deleted,
)
