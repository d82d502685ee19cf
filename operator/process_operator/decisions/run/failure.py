"""Why a run failed: the causes in the order in which they are tried, the first that fits is the reason.

The Job says that it failed, in words that hold for every failure (`BackoffLimitExceeded`); what people want to know
stands in its pods, and in what the run showed before. `outcome.py` asks here and adds times and attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.log_text import last_line
from process_operator.decisions.run.pods import (
    NOTHING_STARTED,
    ORDINARY_WAITING,
    Choice,
    did_its_work,
    end_of,
    is_cut_short,
    waiting_of,
)
from process_operator.resources.batch.condition import WorkloadCondition
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.batch.pod import Pod, Terminated, Waiting
from process_operator.resources.conditions import RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from process_operator.resources.kubelet_events import KubeletEvent

_NO_CAUSE: Final = frozenset({"", RunReason.SUSPENDED, RunReason.QUOTA_EXCEEDED, RunReason.REQUEST_NOT_FOUND})
"""Reasons of a Pending run that had gone when its Job was started."""
_SAYS_NOTHING: Final = frozenset({"", "BackoffLimitExceeded"})
"""Reasons of a failed Job that its pods explain better; any other is kept."""
_PROBES: Final = {
    "Liveness probe": RunReason.LIVENESS_PROBE_FAILED,
    "Startup probe": RunReason.STARTUP_PROBE_FAILED,
}
"""How the kubelet's Event about a failed probe begins, and the reason of a run that was killed for it."""
KILL_SIGNALS: Final = frozenset({137, 143})
"""Exit codes of a process that was killed: 128 and the number of SIGKILL or SIGTERM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a run beyond its Job and its pods. Instants are UTC."""

    now: datetime
    """End of a run for whose end there is no other time."""
    job_gone: bool = False
    """Whether the Job no longer exists, so that it is as it was last seen."""
    running_since: datetime | None = None
    """When the run was first seen running."""
    started_at: datetime | None = None
    """When the work began, as the run says that was seen running: also by an operator before this one."""
    kubelet_events: tuple[KubeletEvent, ...] = ()
    """What the kubelet said of the containers of the pod that speaks for the run, where that was asked for."""
    pending_reason: str = ""
    """Reason and message that the run showed while it was Pending: why it did not start is forgotten by its pods."""
    pending_message: str = ""
    cancel_message: str = ""
    """Who or what asked for the end of a canceled run."""
    replaced_by: str | None = None
    """The newer run, where the CronJob controller replaced the Job (it deletes it without a trace)."""
    start_by: datetime | None = None
    """End of the window in which the run should have started."""
    log_text: str = ""
    """The log, as far as it could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All there is to judge the end of a run by."""

    job: Job | None
    condition: WorkloadCondition | None
    """How the Job ended; None where it is gone and never said."""
    pods: tuple[Pod, ...]
    choice: Choice
    context: Context

    @property
    def exit_code(self) -> int | None:
        """The code that a process gave, however its end came about."""
        return self.choice.end.exit_code if self.choice.end is not None else None

    @property
    def has_started(self) -> bool:
        """Whether anything of it is known to have run."""
        seen = self.context.running_since is not None or self.context.started_at is not None
        return seen or any(pod.has_started for pod in self.pods)

    @property
    def had_pods(self) -> bool:
        """Whether any pod was made, seen or not."""
        return bool(self.pods) or (self.job is not None and self.job.succeeded + self.job.failed > 0)

    @property
    def stuck_on(self) -> Waiting | None:
        """Why it did not start, as far as is known: what the run showed last, else what its pods still say."""
        found = [waiting for waiting in map(waiting_of, self.pods) if waiting is not None and waiting.reason]
        if self.context.pending_reason not in _NO_CAUSE:
            found.insert(0, Waiting(self.context.pending_reason, self.context.pending_message))
        return next(
            (waiting for waiting in found if waiting.reason not in ORDINARY_WAITING), found[0] if found else None
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run ended as it did."""

    phase: RunPhase
    reason: str
    message: str = ""
    exit_code: int | None = None
    never_started: bool = False
    """Whether it is certain that nothing ran, so that the run has no start."""


def succeeded(evidence: Evidence) -> Cause:
    """The work was done; the message says what happened to the Job or its pod meanwhile."""
    job, pod, end = evidence.job, evidence.choice.pod, evidence.choice.end
    # A message of a success is what the program wrote for us: the log stands in for it only after a failure.
    words = [end.message if end is not None and end.exit_code == 0 else ""]
    if pod is not None and pod.phase == "Succeeded" and pod.deleted_at is not None and not did_its_work(pod):
        words.insert(0, "its pod was deleted while it ran, and exited with code 0.")
    if job is not None and job.kill is not None:
        words.insert(0, f"it had succeeded before it could be ended ({job.kill}).")
    return Cause(RunPhase.SUCCEEDED, RunReason.COMPLETED, " ".join(filter(None, words)), exit_code=0)


def cause_of_false_success(evidence: Evidence) -> Cause | None:
    """Why a Job that says Complete did not do its work, None where it did.

    The Job controller counts every pod that exited with 0, also one that the cluster ended and whose program takes the
    request to stop as its end.
    """
    job, short = evidence.job, [pod for pod in evidence.pods if is_cut_short(pod)]
    whole = sum(pod.phase == "Succeeded" for pod in evidence.pods) - len(short)
    if job is None or not short or whole >= job.succeeded:
        return None
    pod = max(short, key=lambda pod: pod.metadata.name)
    disruption = pod.condition("DisruptionTarget", "True")
    assert disruption is not None
    words = "the pod was ended before its work was done, and then exited with code 0"
    return _failed(disruption.reason, f"{disruption.message}; {words}" if disruption.message else words)


def cause_before_kill(evidence: Evidence) -> Cause | None:
    """How a Job had ended by itself before the operator's kill reached it, None where the kill ended it."""
    job = evidence.job
    if job is None or job.kill is None:
        return None
    if job.completions is not None and sum(map(did_its_work, evidence.pods)) >= job.completions:
        return succeeded(evidence)
    if job.backoff_limit > 0 or job.completions != 1:
        return None  # another attempt might have followed
    return _out_of_memory(evidence) or _failed_by_itself(evidence)


def cause_of_failure(evidence: Evidence) -> Cause:
    """Why a Job failed; `evidence.condition` is its `Failed` (or the `FailureTarget` before it)."""
    for find in _JOB_CAUSES:
        if (cause := find(evidence)) is not None:
            return cause
    condition = evidence.condition
    reason, words = (condition.reason, condition.message) if condition is not None else ("", "")
    of_pod = _cause_in_pod(evidence)
    if of_pod is None:
        return _failed(reason, words)
    if reason in _SAYS_NOTHING:
        return of_pod
    indexes = f" ({evidence.job.failed_indexes})" if evidence.job is not None and evidence.job.failed_indexes else ""
    return replace(of_pod, reason=reason, message=f"{words}{indexes}; {of_pod.message or of_pod.reason}")


def _cause_in_pod(evidence: Evidence) -> Cause | None:
    """Why the pod that speaks for the run failed; of an Indexed Job with the index."""
    cause = next((cause for find in _POD_CAUSES if (cause := find(evidence)) is not None), None)
    pod = evidence.choice.pod
    if cause is None or pod is None or pod.index is None:
        return cause
    return replace(cause, message=f"index {pod.index}: {cause.message or cause.reason}")


def cause_of_kill(evidence: Evidence, kill: Kill) -> Cause:
    """The end of a Job that the operator ended."""
    if kill.reason is KillReason.MISSED:
        start_by = evidence.context.start_by
        words = f"not started by {format_instant(start_by)}" if start_by is not None else "not started in time"
        return Cause(RunPhase.MISSED, RunReason.DEADLINE_PASSED, kill.detail or words, never_started=True)
    if kill.reason is KillReason.NOT_STARTED:
        return _not_started(evidence, kill)
    reason, message = {
        KillReason.REPLACED: (RunReason.REPLACED, f"replaced by {kill.detail}" if kill.detail else ""),
        KillReason.SUSPENDED: (RunReason.UNSCHEDULED, kill.detail),
    }.get(kill.reason, (RunReason.CANCELED, kill.detail or evidence.context.cancel_message))
    return Cause(
        RunPhase.CANCELED,
        reason,
        message,
        exit_code=evidence.exit_code,
        never_started=not evidence.has_started and not evidence.had_pods,
    )


def _not_started(evidence: Evidence, kill: Kill) -> Cause:
    """The end of a run that did not start within `startTimeoutSeconds`: why it did not is its reason."""
    stuck = evidence.stuck_on
    if stuck is None or stuck.reason in ORDINARY_WAITING:
        return Cause(RunPhase.FAILED, RunReason.START_TIMEOUT, kill.detail, never_started=not evidence.has_started)
    message = f"{stuck.message or stuck.reason}; {kill.detail}"
    return Cause(RunPhase.FAILED, stuck.reason, message, never_started=not evidence.has_started)


def _failed(reason: str, message: str, exit_code: int | None = None) -> Cause:
    return Cause(RunPhase.FAILED, reason, message, exit_code)


def _killed(evidence: Evidence) -> Cause | None:
    # Any other reason means that the kill came too late: the run had failed by itself.
    if _job_reason(evidence) != "DeadlineExceeded" or evidence.job is None or evidence.job.kill is None:
        return None
    return cause_before_kill(evidence) or cause_of_kill(evidence, evidence.job.kill)


def _by_policy(evidence: Evidence) -> Cause | None:
    if _job_reason(evidence) != "PodFailurePolicy" or evidence.condition is None:
        return None
    return _failed(RunReason.POD_FAILURE_POLICY, evidence.condition.message, evidence.exit_code)


def _by_deadline(evidence: Evidence) -> Cause | None:
    if _job_reason(evidence) != "DeadlineExceeded" or evidence.condition is None:
        return None
    limit = evidence.job.active_deadline_seconds if evidence.job else None
    words = evidence.condition.message + (f" ({limit} s)" if limit is not None else "")
    if evidence.has_started:
        return _failed(RunReason.DEADLINE_EXCEEDED, words, evidence.exit_code)
    if (stuck := evidence.stuck_on) is not None:
        deadline = "the deadline" if limit is None else f"the deadline of {limit} s"
        return _failed(stuck.reason, f"{stuck.message or stuck.reason}, until {deadline}")
    return _failed(RunReason.DEADLINE_EXCEEDED, f"{words}; no container had started" if evidence.pods else words)


def _out_of_memory(evidence: Evidence) -> Cause | None:
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.reason != "OOMKilled":
        return None
    limit = container.memory_limit
    words = (
        f"used more than its memory limit {limit}" if limit else "ran out of memory; it has no memory limit of its own"
    )
    return _failed(RunReason.OOM_KILLED, f"container {container.name} {words}", end.exit_code)


def _not_startable(evidence: Evidence) -> Cause | None:
    end = evidence.choice.end
    if end is None or end.reason not in NOTHING_STARTED:
        return None
    return _failed(RunReason.START_ERROR, end.message, end.exit_code)


def _disrupted(evidence: Evidence) -> Cause | None:
    """The node or the cluster ended the pod: evicted, shut down, preempted, or past the pod's own deadline."""
    pod, end = evidence.choice.pod, evidence.choice.end
    if pod is None:
        return None
    disruption = pod.condition("DisruptionTarget", "True")
    reason = pod.reason or (disruption.reason if disruption else "")
    if not reason:
        return None
    # Where the pod was not deleted only the code tells whether the kubelet killed the container.
    killed = not evidence.choice.ended_by_itself or (end and pod.deleted_at is None and end.exit_code in KILL_SIGNALS)
    message = pod.message or (disruption.message if disruption else "")
    return _failed(reason, message, None if killed else evidence.exit_code)


def _killed_by_kubelet(evidence: Evidence) -> Cause | None:
    """The kubelet killed the container for a probe or a hook: its exit code (137) tells nobody so.

    Of a pod that is not tried again the Event of the kill does not say why (Kubernetes 1.36); the probe's Event before
    does.
    """
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.exit_code == 0 or not evidence.choice.ended_by_itself:
        return None
    said = [event for event in evidence.context.kubelet_events if event.container == container.name]
    said = [event for event in said if _is_within(event.at, end)]
    if any(event.reason == "FailedPostStartHook" for event in said):
        words = f"container {container.name} was killed because its postStart hook failed"
        return _failed(RunReason.POST_START_HOOK_FAILED, words, end.exit_code)
    if not any(event.reason == "Killing" for event in said):
        return None
    for event in reversed(said):
        for probe, reason in _PROBES.items():
            if event.reason == "Unhealthy" and event.message.startswith(probe):
                return _failed(reason, f"container {container.name} was killed: {event.message.strip()}", end.exit_code)
    return None


def _is_within(at: datetime | None, end: Terminated) -> bool:
    """Whether something happened between the start and the end of a container, by the kubelet's clock."""
    if at is None:
        return False
    return (end.started_at is None or at >= end.started_at) and (end.finished_at is None or at <= end.finished_at)


def _injected_container_failed(evidence: Evidence) -> Cause | None:
    """The work did not fail: a container failed that the template does not have."""
    pod = evidence.choice.pod
    if pod is None or not pod.has_ended or pod.deleted_at is not None:
        return None
    for container in pod.containers:
        end = end_of(evidence.job, pod, container)
        if container.is_injected and container.kind != "sidecar" and end is not None and end.exit_code != 0:
            words = last_line(end.message)
            message = f"container {container.name}, which is not of the template, exited with code {end.exit_code}"
            full = message + (f": {words}" if words else "")
            return _failed(RunReason.INJECTED_CONTAINER_FAILED, full, evidence.exit_code)
    return None


def _failed_by_itself(evidence: Evidence) -> Cause | None:
    container, end = evidence.choice.container, evidence.choice.end
    if container is None or end is None or end.exit_code == 0 or not evidence.choice.ended_by_itself:
        return None
    words = last_line(end.message) or last_line(evidence.context.log_text)
    exited = f"container {container.name} exited with code {end.exit_code}"
    if container.kind == "init":
        return _failed(
            RunReason.INIT_CONTAINER_FAILED, f"init {exited}" + (f": {words}" if words else ""), end.exit_code
        )
    return _failed(RunReason.EXIT_CODE, words or exited, end.exit_code)


def _pod_deleted(evidence: Evidence) -> Cause | None:
    pod, end = evidence.choice.pod, evidence.choice.end
    if pod is None:
        return _failed(RunReason.POD_LOST, "the pod was gone before it could be read")
    if pod.deleted_at is not None and not evidence.choice.ended_by_itself:
        if end is not None:
            return _failed(RunReason.POD_DELETED, "pod was deleted while it ran", end.exit_code)
        if not pod.has_started:
            return _failed(RunReason.POD_DELETED, "pod was deleted before it started")
    if end is None and not pod.has_ended:
        return _failed(RunReason.POD_LOST, "the pod was gone before it could be read")
    return None


def _job_reason(evidence: Evidence) -> str:
    return evidence.condition.reason if evidence.condition is not None else ""


_JOB_CAUSES: Final[tuple[Callable[[Evidence], Cause | None], ...]] = (_killed, _by_policy, _by_deadline)
_POD_CAUSES: Final[tuple[Callable[[Evidence], Cause | None], ...]] = (
    _out_of_memory,
    _not_startable,
    _disrupted,
    _killed_by_kubelet,
    _failed_by_itself,
    _injected_container_failed,
    _pod_deleted,
)
