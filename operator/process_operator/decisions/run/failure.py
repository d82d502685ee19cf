"""Causes of a failed run, in the order in which they are tried. The first that fits is the reason.

The reason of a failed Job is the same for every failure (`BackoffLimitExceeded`). Users need the cause that its pods
show (`pod_causes.py`), or that the run reported before. `outcome.py` adds times and attempts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.evidence import Cause, Evidence, failed
from process_operator.decisions.run.kill import end_after_kill
from process_operator.decisions.run.pod_causes import cause_in_pod, failed_by_itself, out_of_memory
from process_operator.decisions.run.pods import (
    ORDINARY_WAITING,
    did_its_work,
    is_cut_short,
)
from process_operator.resources.batch.kill import Kill, KillReason
from process_operator.resources.conditions import RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Callable


_GENERIC_REASONS: Final = frozenset({"", "BackoffLimitExceeded"})
"""Reasons of a failed Job that its pods explain better. Any other reason is kept."""


def succeeded(evidence: Evidence) -> Cause:
    """The cause of a success. The message reports what happened to the Job or its pod meanwhile."""
    job, pod, end = evidence.job, evidence.choice.pod, evidence.choice.end
    # After a success the termination message is from the program. Only after a failure it may be the log.
    words = [end.message if end is not None and end.exit_code == 0 else ""]
    if pod is not None and pod.phase == "Succeeded" and pod.deleted_at is not None and not did_its_work(pod):
        words.insert(0, "its pod was deleted while it ran, and exited with code 0.")
    if job is not None and job.kill is not None:
        words.insert(0, f"it had succeeded before it could be ended ({job.kill}).")
    return Cause(RunPhase.SUCCEEDED, RunReason.COMPLETED, " ".join(filter(None, words)), exit_code=0)


def cause_of_false_success(evidence: Evidence) -> Cause | None:
    """The reason why a Complete Job has not done its work. None if it has.

    The Job controller counts every pod that exited with 0. That includes a pod that the cluster ended and whose program
    exits with 0 when it is stopped.
    """
    job, short = evidence.job, [pod for pod in evidence.pods if is_cut_short(pod)]
    whole = sum(pod.phase == "Succeeded" for pod in evidence.pods) - len(short)
    if job is None or not short or whole >= job.succeeded:
        return None
    pod = max(short, key=lambda pod: pod.metadata.name)
    disruption = pod.condition("DisruptionTarget", "True")
    assert disruption is not None
    words = "the pod was ended before its work was done, and then exited with code 0"
    return failed(disruption.reason, f"{disruption.message}; {words}" if disruption.message else words)


def cause_before_kill(evidence: Evidence) -> Cause | None:
    """The end of a Job that ended before the operator killed it. None if the kill ended it."""
    job = evidence.job
    if job is None or job.kill is None:
        return None
    if job.completions is not None and sum(map(did_its_work, evidence.pods)) >= job.completions:
        return succeeded(evidence)
    if job.backoff_limit > 0 or job.completions != 1:
        return None  # another attempt might have followed
    return out_of_memory(evidence) or failed_by_itself(evidence)


def cause_of_failure(evidence: Evidence) -> Cause:
    """The cause of a failed Job. `evidence.condition` is its `Failed`, or the `FailureTarget` before it."""
    for find in _JOB_CAUSES:
        if (cause := find(evidence)) is not None:
            return cause
    condition = evidence.condition
    reason, words = (condition.reason, condition.message) if condition is not None else ("", "")
    of_pod = cause_in_pod(evidence)
    if of_pod is None:
        return failed(reason, words)
    if reason in _GENERIC_REASONS:
        return of_pod
    indexes = f" ({evidence.job.failed_indexes})" if evidence.job is not None and evidence.job.failed_indexes else ""
    return replace(of_pod, reason=reason, message=f"{words}{indexes}; {of_pod.message or of_pod.reason}")


def cause_of_kill(evidence: Evidence, kill: Kill) -> Cause:
    """The cause of the end of a Job that the operator killed."""
    phase, reason = end_after_kill(kill)
    if kill.reason is KillReason.MISSED:
        start_by = evidence.context.start_by
        words = f"not started by {format_instant(start_by)}" if start_by is not None else "not started in time"
        return Cause(phase, reason, kill.detail or words, never_started=True)
    if kill.reason is KillReason.NOT_STARTED:
        return _not_started(evidence, kill)
    is_replaced = kill.reason is KillReason.REPLACED and kill.detail
    message = f"replaced by {kill.detail}" if is_replaced else kill.detail
    return Cause(
        phase,
        reason,
        message,
        exit_code=evidence.exit_code,
        never_started=not evidence.has_started and not evidence.had_pods,
    )


def _not_started(evidence: Evidence, kill: Kill) -> Cause:
    """The end of a run that did not start within `startTimeoutSeconds`. Its reason is why it did not start."""
    stuck = evidence.stuck_on
    if stuck is None or stuck.reason in ORDINARY_WAITING:
        return Cause(RunPhase.FAILED, RunReason.START_TIMEOUT, kill.detail, never_started=not evidence.has_started)
    message = f"{stuck.message or stuck.reason}; {kill.detail}"
    return Cause(RunPhase.FAILED, stuck.reason, message, never_started=not evidence.has_started)


def _killed(evidence: Evidence) -> Cause | None:
    # With any other reason the kill came too late, and the run had failed by itself.
    if _job_reason(evidence) != "DeadlineExceeded" or evidence.job is None or evidence.job.kill is None:
        return None
    return cause_before_kill(evidence) or cause_of_kill(evidence, evidence.job.kill)


def _by_policy(evidence: Evidence) -> Cause | None:
    if _job_reason(evidence) != "PodFailurePolicy" or evidence.condition is None:
        return None
    return failed(RunReason.POD_FAILURE_POLICY, evidence.condition.message, evidence.exit_code)


def _by_deadline(evidence: Evidence) -> Cause | None:
    if _job_reason(evidence) != "DeadlineExceeded" or evidence.condition is None:
        return None
    limit = evidence.job.active_deadline_seconds if evidence.job else None
    words = evidence.condition.message + (f" ({limit} s)" if limit is not None else "")
    if evidence.has_started:
        return failed(RunReason.DEADLINE_EXCEEDED, words, evidence.exit_code)
    if (stuck := evidence.stuck_on) is not None:
        deadline = "the deadline" if limit is None else f"the deadline of {limit} s"
        return failed(stuck.reason, f"{stuck.message or stuck.reason}, until {deadline}")
    return failed(RunReason.DEADLINE_EXCEEDED, f"{words}; no container had started" if evidence.pods else words)


def _job_reason(evidence: Evidence) -> str:
    return evidence.condition.reason if evidence.condition is not None else ""


_JOB_CAUSES: Final[tuple[Callable[[Evidence], Cause | None], ...]] = (_killed, _by_policy, _by_deadline)
