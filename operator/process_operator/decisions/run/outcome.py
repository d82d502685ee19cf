"""What a Job and its pods mean for their run: its phase, the reason in a word and a sentence, times, code and attempts.

`finished_outcome` is for Jobs that are over or gone, `open_outcome` for those still going, `next_look` says when the
pods of a Job that does not get going are worth a look. `failure.py` has the causes of a failure in their order,
`pods.py` which pod and container are asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.attempts import attempts, current_attempt
from process_operator.decisions.run.evidence import Cause, Context, Evidence
from process_operator.decisions.run.failure import (
    cause_before_kill,
    cause_of_failure,
    cause_of_false_success,
    cause_of_kill,
    succeeded,
)
from process_operator.decisions.run.log_text import clean_message
from process_operator.decisions.run.pods import ORDINARY_WAITING, choose, end_of, relevant_pods, waiting_of
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import ContainerState, Pod, Running, Terminated, Waiting
from process_operator.resources.conditions import RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKS: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))
"""When the pods of a Job without a ready one are looked at, from its start; after that as often as the last step."""

_OVERDUE: Final = timedelta(seconds=10)
"""How long after its grace period a pod is expected to be gone."""
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)

_SUCCESS: Final = frozenset({"Complete", "SuccessCriteriaMet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """The part of a run's status that its Job and pods decide. Times are UTC; None and empty: not known, or none."""

    phase: RunPhase
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    """Never before `start_time`, or the API server would refuse the status: nodes have clocks of their own."""
    exit_code: int | None = None
    attempts: int | None = None
    pod: str | None = None
    node: str | None = None


def finished_outcome(job: Job | None, pods: Sequence[Pod], *, context: Context) -> RunOutcome | None:
    """How a run ended; None while its Job, or a pod that outlives a deleted Job, is still going.

    `job` may be as it was last seen, with `context.job_gone`; None: it was never seen, or nothing of it is left. The
    pods of a finished Job should be known; whoever calls waits for them, or lists them, before.
    """
    pods = relevant_pods(job, pods)
    condition = job.finished if job is not None else None
    if condition is None:
        is_gone = job is None or context.job_gone
        if not is_gone or any(not pod.gone and not pod.has_ended for pod in pods):
            return None
        condition = job.ending if job is not None else None
    evidence = Evidence(job=job, condition=condition, pods=tuple(pods), choice=choose(job, pods), context=context)
    if condition is None:
        return _outcome(evidence, _cause_of_gone_job(evidence))
    return _outcome(evidence, _cause_of_success(evidence) if condition.type in _SUCCESS else cause_of_failure(evidence))


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
    """How far a run is that still goes: Pending or Running.

    `failed_create` has the words of the Event that says why there is no pod, `suspended` until when or by whom the run
    is suspended. `event` is the newest warning about a pod, for what the pod itself does not say. `running_since` is
    when the run was first seen running, in this start of its Job: it never falls back to Pending because its last
    container has ended or waits for a retry.
    """
    if job is not None and job.is_suspended:
        return RunOutcome(phase=RunPhase.PENDING, reason=RunReason.SUSPENDED, message=suspended)
    pods = relevant_pods(job, pods)
    if _is_running(job, pods, running_since):
        return _running(job, pods, running_since, _oddity(job, pods, event, now))
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


def is_odd(job: Job, now: datetime, unready_since: datetime | None = None) -> bool:
    """Whether a Job has been without a ready pod for so long that its pods should be looked at."""
    since = _lacks_ready_pod_since(job, unready_since)
    return since is not None and now >= since + _LOOKS[0]


def next_look(job: Job, now: datetime, unready_since: datetime | None = None) -> datetime | None:
    """The next instant after `now` at which to look at the pods of a Job; None where nothing is to be looked for.

    5, 15, 60 and 300 seconds after its start, or after its last pod was ready (`unready_since`), then every 300
    seconds, as long as no pod of it is ready.
    """
    since = _lacks_ready_pod_since(job, unready_since)
    if since is None:
        return None
    due = next((since + after for after in _LOOKS if since + after > now), None)
    return due if due is not None else since + ((now - since) // _LOOKS[-1] + 1) * _LOOKS[-1]


def _lacks_ready_pod_since(job: Job, unready_since: datetime | None) -> datetime | None:
    if job.start_time is None or not _lacks_ready_pod(job):
        return None
    return job.start_time if unready_since is None else max(job.start_time, unready_since)


def _lacks_ready_pod(job: Job) -> bool:
    return job.ready == 0 and job.finished is None and not job.is_ending and not job.is_suspended


def _cause_of_success(evidence: Evidence) -> Cause:
    return cause_of_false_success(evidence) or succeeded(evidence)


def _cause_of_gone_job(evidence: Evidence) -> Cause:
    """Why a Job is gone that had not said how it ended."""
    job, choice, context = evidence.job, evidence.choice, evidence.context
    if job is not None and job.is_suspended_by_others:
        # What its pods did before the suspension does not count: a resume would have started the work over.
        if job.kill is not None:
            return cause_of_kill(evidence, job.kill)
        return Cause(RunPhase.CANCELED, RunReason.JOB_DELETED, "its Job was deleted while it was suspended")
    if choice.pod is not None and choice.pod.phase == "Succeeded" and choice.ended_by_itself:
        return Cause(
            RunPhase.SUCCEEDED, RunReason.JOB_DELETED, "its Job was deleted before it was recorded", exit_code=0
        )
    if job is not None and job.kill is not None:
        return cause_before_kill(evidence) or cause_of_kill(evidence, job.kill)
    if context.replaced_by:
        return Cause(
            RunPhase.CANCELED, RunReason.REPLACED, f"replaced by {context.replaced_by}", exit_code=evidence.exit_code
        )
    if choice.pod is not None and (choice.pod.has_ended or choice.pod.deleted_at is not None):
        message = "its Job was deleted while it ran"
        return Cause(RunPhase.CANCELED, RunReason.JOB_DELETED, message, exit_code=evidence.exit_code)
    return Cause(RunPhase.UNKNOWN, RunReason.JOB_GONE, "its Job was gone before it could be read")


def _outcome(evidence: Evidence, cause: Cause) -> RunOutcome:
    pod = evidence.choice.pod
    start = None if cause.never_started else _start_of_work(evidence)
    end = _end(evidence)
    return RunOutcome(
        phase=cause.phase,
        reason=cause.reason,
        message=clean_message(cause.message),
        start_time=start,
        end_time=max(start, end) if start else end,
        exit_code=cause.exit_code,
        attempts=attempts(evidence.job, evidence.pods),
        pod=pod.metadata.name if pod else None,
        node=pod.node if pod else None,
    )


def _start_of_work(evidence: Evidence) -> datetime | None:
    """When the work began: the first container of the first attempt; None where nothing shows that any started.

    The run may remember an attempt whose pod is gone. Its own time is the least exact: the operator saw a pod ready.
    """
    job, context = evidence.job, evidence.context
    known = [at for at in (_start(evidence.pods), context.started_at) if at is not None]
    if known:
        return min(known)
    has_succeeded = job is not None and job.succeeded > 0
    return _whole(context.running_since) or (job.start_time if has_succeeded and job is not None else None)


def _whole(instant: datetime | None) -> datetime | None:
    """In whole seconds, as the API server and the kubelet give all times."""
    return instant.replace(microsecond=0) if instant is not None else None


def _start(pods: Sequence[Pod]) -> datetime | None:
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


def _end(evidence: Evidence) -> datetime:
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


def _is_running(job: Job | None, pods: Sequence[Pod], running_since: datetime | None) -> bool:
    if job is not None and (job.ready > 0 or job.failed > 0):
        return True
    if running_since is not None and (job is None or job.start_time is None or running_since >= job.start_time):
        return True
    return any(pod.has_started for pod in pods)


def _oddity(
    job: Job | None, pods: Sequence[Pod], event: Waiting | None, now: datetime | None
) -> tuple[str, str] | None:
    """Reason and message of what is unusual about a run that has started; None where nothing is."""
    live = [pod for pod in pods if not pod.gone and not pod.has_ended]
    overdue = (pod for pod in live if now is not None and is_overdue(pod, now))
    if (pod := next(overdue, None)) is not None:
        until = pod.metadata.deletion_timestamp
        assert until is not None
        where = f"node {pod.node}" if pod.node else "its node"
        words = f"pod {pod.metadata.name} was to be gone by {format_instant(until)}, and {where} has not confirmed it"
        return RunReason.NOT_TERMINATED, words
    if partly := next(filter(None, map(_partly_ended, live)), None):
        return RunReason.PARTLY_ENDED, partly
    if event is not None and job is not None and _lacks_ready_pod(job):
        return event.reason, clean_message(event.message)
    return None


def is_overdue(pod: Pod, now: datetime) -> bool:
    """Whether a pod that is being deleted should have been gone for a while: most likely its node does not answer."""
    until = pod.metadata.deletion_timestamp
    return until is not None and not pod.gone and not pod.has_ended and now >= until + _OVERDUE


def _partly_ended(pod: Pod) -> str | None:
    """Where one main container has ended and another goes on: which. A sidecar that is none keeps its pod for ever."""
    mains = [container for container in pod.containers if container.kind == "main"]
    ended = next(((c, c.state) for c in mains if isinstance(c.state, Terminated)), None)
    going = [container.name for container in mains if isinstance(container.state, Running)]
    if ended is None or not going:
        return None
    container, end = ended
    at = f" at {format_instant(end.finished_at)}" if end.finished_at is not None else ""
    verb = "still runs" if len(going) == 1 else "still run"
    return f"container {container.name} ended with code {end.exit_code}{at}, {', '.join(going)} {verb}"


def _running(
    job: Job | None, pods: Sequence[Pod], running_since: datetime | None, oddity: tuple[str, str] | None
) -> RunOutcome:
    started = sorted(
        (pod for pod in pods if pod.has_started), key=lambda pod: (pod.start_time or _BEGINNING, pod.metadata.name)
    )
    pod = started[-1] if started else None
    attempt, message = current_attempt(job, pods)
    reason = RunReason.RETRYING if message else ""
    if oddity is not None:
        reason, message = oddity[0], "; ".join(filter(None, (oddity[1], message)))
    return RunOutcome(
        phase=RunPhase.RUNNING,
        reason=reason,
        message=message,
        start_time=_start(pods) or _whole(running_since),
        attempts=attempt,
        pod=pod.metadata.name if pod else None,
        node=pod.node if pod else None,
    )
