"""Outcome of a run whose Job is not over: Pending or Running, and why.

`next_pod_list` gives the times at which the operator lists the pods of a Job that has no ready pod.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.attempts import current_attempt
from process_operator.decisions.run.log_text import clean_message
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.pods import ORDINARY_WAITING, relevant_pods, waiting_of
from process_operator.decisions.run.times import start_of
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod, Running, Terminated, Waiting
from process_operator.resources.conditions import RunReason
from process_operator.resources.model import format_instant, whole_second
from process_operator.resources.process_run import RunPhase
from process_operator.timing.zone import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence


_LIST_DELAYS: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))
"""Times after its start at which the pods of a Job without a ready pod are listed. The last interval repeats."""

_OVERDUE: Final = timedelta(seconds=10)
"""Time after its grace period within which a pod should be gone."""


def open_outcome(
    job: Job | None,
    pods: Sequence[Pod],
    *,
    failed_create: str | None = None,
    suspended: str = "",
    running_since: datetime | None = None,
    event: Waiting | None = None,
    now: datetime | None = None,
) -> RunOutcome:
    """State of an open run: Pending or Running.

    `failed_create` is the message of the Event about a missing pod. `suspended` is the message of a suspended run.
    `event` is the newest warning about a pod, for facts that the pod does not show. `running_since` is the time at which
    the run was first seen running, in this start of its Job. The run stays Running if its last container has ended or
    waits for a retry.
    """
    if job is not None and job.is_suspended:
        return RunOutcome(phase=RunPhase.PENDING, reason=RunReason.SUSPENDED, message=suspended)
    pods = relevant_pods(job, pods)
    if _is_running(job, pods, running_since):
        return _running(job, pods, running_since, _anomaly(job, pods, event, now))
    live = [pod for pod in pods if not pod.gone]
    if not live:
        reason = RunReason.FAILED_CREATE if failed_create else ""
        if job is not None and job.parallelism == 0:
            reason, failed_create = RunReason.NO_PARALLELISM, "spec.parallelism of its Job is 0: it starts no pod"
        return RunOutcome(phase=RunPhase.PENDING, reason=reason, message=clean_message(failed_create or ""))
    stuck = ((pod, waiting) for pod in live if (waiting := waiting_of(pod)) is not None)
    pod, why = next(stuck, (live[0], Waiting()))
    if event is not None and why.reason in ORDINARY_WAITING:
        why = event
    return RunOutcome(
        phase=RunPhase.PENDING,
        reason=why.reason,
        message=clean_message(why.message),
        pod=pod.metadata.name,
        node=pod.node,
    )


def is_unready_too_long(job: Job, now: datetime, unready_since: datetime | None = None) -> bool:
    """Whether a Job has had no ready pod for five seconds, so that its pods should be listed."""
    since = _lacks_ready_pod_since(job, unready_since)
    return since is not None and now >= since + _LIST_DELAYS[0]


def next_pod_list(job: Job, now: datetime, unready_since: datetime | None = None) -> datetime | None:
    """The next instant after `now` at which the pods of a Job are listed. None if there is no need.

    The pods are listed while no pod of the Job is ready: 5, 15, 60 and 300 seconds after its start, then every 300
    seconds. If a pod was ready, `unready_since` counts instead of the start.
    """
    since = _lacks_ready_pod_since(job, unready_since)
    if since is None:
        return None
    due = next((since + after for after in _LIST_DELAYS if since + after > now), None)
    return due if due is not None else since + ((now - since) // _LIST_DELAYS[-1] + 1) * _LIST_DELAYS[-1]


def _lacks_ready_pod_since(job: Job, unready_since: datetime | None) -> datetime | None:
    start = job.work_started_at
    if start is None or not _lacks_ready_pod(job):
        return None
    return start if unready_since is None else max(start, unready_since)


def _lacks_ready_pod(job: Job) -> bool:
    return job.ready == 0 and job.finished is None and not job.is_ending and not job.is_suspended


def _is_running(job: Job | None, pods: Sequence[Pod], running_since: datetime | None) -> bool:
    if job is not None and (job.ready > 0 or job.failed > 0):
        return True
    if running_since is not None and (job is None or job.start_time is None or running_since >= job.start_time):
        return True
    return any(pod.has_started for pod in pods)


def _anomaly(
    job: Job | None, pods: Sequence[Pod], event: Waiting | None, now: datetime | None
) -> tuple[str, str] | None:
    """Reason and message of an unusual state of a started run. None if it is not unusual."""
    live = [pod for pod in pods if not pod.gone and not pod.has_ended]
    overdue = (pod for pod in live if now is not None and is_overdue(pod, now))
    if (pod := next(overdue, None)) is not None:
        until = pod.metadata.deletion_timestamp
        assert until is not None
        where = f"node {pod.node}" if pod.node else "its node"
        words = f"pod {pod.metadata.name} should be gone by {format_instant(until)}, but {where} has not confirmed it"
        return RunReason.NOT_TERMINATED, words
    if partly := next(filter(None, map(_partly_ended, live)), None):
        return RunReason.PARTLY_ENDED, partly
    if event is not None and job is not None and _lacks_ready_pod(job):
        return event.reason, clean_message(event.message)
    return None


def is_overdue(pod: Pod, now: datetime) -> bool:
    """Whether a deleted pod should have been gone for a while. Most likely its node does not answer."""
    until = pod.metadata.deletion_timestamp
    return until is not None and not pod.gone and not pod.has_ended and now >= until + _OVERDUE


def _partly_ended(pod: Pod) -> str | None:
    """Message if one main container has ended and another keeps running, such as a sidecar that is not an init container."""
    mains = [container for container in pod.containers if container.role == "main"]
    ended = next(((c, c.state) for c in mains if isinstance(c.state, Terminated)), None)
    going = [container.name for container in mains if isinstance(container.state, Running)]
    if ended is None or not going:
        return None
    container, end = ended
    at = f" at {format_instant(end.finished_at)}" if end.finished_at is not None else ""
    verb = "still runs" if len(going) == 1 else "still run"
    return f"container {container.name} ended with code {end.exit_code}{at}, {', '.join(going)} {verb}"


def _running(
    job: Job | None, pods: Sequence[Pod], running_since: datetime | None, anomaly: tuple[str, str] | None
) -> RunOutcome:
    started = sorted(
        (pod for pod in pods if pod.has_started), key=lambda pod: (pod.start_time or EPOCH, pod.metadata.name)
    )
    pod = started[-1] if started else None
    attempt, message = current_attempt(job, pods)
    reason = RunReason.RETRYING if message else ""
    if anomaly is not None:
        reason, message = anomaly[0], "; ".join(filter(None, (anomaly[1], message)))
    return RunOutcome(
        phase=RunPhase.RUNNING,
        reason=reason,
        message=message,
        start_time=start_of(pods) or (None if running_since is None else whole_second(running_since)),
        attempts=attempt,
        pod=pod.metadata.name if pod else None,
        node=pod.node if pod else None,
    )
