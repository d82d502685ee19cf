"""Outcome of a finished run: what Job and pods show of phase, reason, message, times, exit code and attempts.

`finished_outcome` is for Jobs that are over or gone. `open_outcome.py` covers the others. `failure.py` has the causes of
a failure. `pods.py` chooses pod and container.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.attempts import attempts
from process_operator.decisions.run.evidence import Cause, Context, Evidence
from process_operator.decisions.run.failure import (
    cause_before_kill,
    cause_of_failure,
    cause_of_false_success,
    cause_of_kill,
    succeeded,
)
from process_operator.decisions.run.log_text import clean_message
from process_operator.decisions.run.pods import choose, relevant_pods
from process_operator.decisions.run.times import end_of_work, start_of_work
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Sequence


_SUCCESS: Final = frozenset({"Complete", "SuccessCriteriaMet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """The part of the status of a run that follows from its Job and pods. Times are UTC. None or empty if unknown."""

    phase: RunPhase
    reason: str = ""
    message: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    """Never before `start_time`, or the API server would reject the status. The clocks of nodes differ."""
    exit_code: int | None = None
    attempts: int | None = None
    pod: str | None = None
    node: str | None = None


def finished_outcome(job: Job | None, pods: Sequence[Pod], *, context: Context) -> RunOutcome | None:
    """The end of a run. None while its Job, or a pod that outlives a deleted Job, still runs.

    A Job with `context.job_gone` is as it was last seen. `job` is None if it was never seen, or if it left no trace. The
    pods of a finished Job should be known. The caller waits for them or lists them before.
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


def _cause_of_success(evidence: Evidence) -> Cause:
    return cause_of_false_success(evidence) or succeeded(evidence)


def _cause_of_gone_job(evidence: Evidence) -> Cause:
    """The cause for a Job that is gone and had no final condition."""
    job, choice, context = evidence.job, evidence.choice, evidence.context
    if job is not None and job.is_suspended_by_others:
        # The work of its pods before the suspension does not count, because a resume starts it over.
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
    start = None if cause.never_started else start_of_work(evidence)
    end = end_of_work(evidence)
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
