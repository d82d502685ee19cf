"""Attempts of a run: the retries of its work, not its pods.

A Job with twenty completions creates twenty pods without a retry. A failure that a podFailurePolicy ignores is followed
by a retry. `outcome.py` and `open_outcome.py` count attempts here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.decisions.run.pods import attempts_of
from process_operator.resources.batch.job import Job
from process_operator.resources.batch.pod import Pod, Terminated
from process_operator.timing.zone import EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

_NO_LIMIT: Final = 2**31 - 1
"""The backoffLimit that the API server sets if each index of a Job has a limit of its own."""


def attempts(job: Job | None, pods: Sequence[Pod]) -> int | None:
    """Number of attempts of finished work: 1 and one for each retry. 0 if none was made. None if it is not known.

    Each pod beyond the first pods of the parts of the work is a retry, and so is each restart of a container.
    """
    restarts = sum(attempts_of(job, pod) - 1 for pod in pods)
    counted = job is not None and job.finished is not None and job.restart_policy != "OnFailure"
    if job is None or not counted:
        return 1 + max(0, len(pods) - _part_count(job, pods, len(pods))) + restarts if pods else None
    # A deleted Job may fail before it has counted its pod. A failure that a policy ignores is never counted.
    made = max(job.succeeded + job.failed, sum(pod.has_started for pod in pods))
    return 1 + max(0, made - _part_count(job, pods, made)) + restarts if made else 0


def _part_count(job: Job | None, pods: Sequence[Pod], made: int) -> int:
    """Number of first pods of the parts of the work, of `made` pods in total."""
    if job is None:
        return 1
    indexes = {pod.index for pod in pods}
    if pods and None not in indexes and len(pods) >= made:
        return len(indexes)
    limit = job.parallelism if job.completions is None else job.completions
    return min(limit, job.succeeded + job.parallelism)


def current_attempt(job: Job | None, pods: Sequence[Pod]) -> tuple[int, str]:
    """Number of the current attempt, with a text if it is a retry.

    With OnFailure the retry that reaches the limit is killed at once. So a limit of n means n attempts, and 0 means one.
    If every attempt has a pod of its own, a limit of n means n + 1 attempts.
    """
    restarts = max((attempts_of(job, pod) - 1 for pod in pods if not pod.has_ended), default=0)
    attempt = restarts + (job.failed - _failed_index_count(job) if job else 0) + 1
    limit = None
    if job is not None and job.backoff_limit != _NO_LIMIT:
        limit = max(1, job.backoff_limit) if job.restart_policy == "OnFailure" else job.backoff_limit + 1
        attempt = min(attempt, limit)
    if attempt == 1:
        return 1, ""
    code = _last_code(pods)
    of = f" of {limit}" if limit is not None else ""
    return attempt, f"attempt {attempt}{of}" + (f", last exit code {code}" if code is not None else "")


def _failed_index_count(job: Job) -> int:
    """Number of indexes that have failed and are not retried."""
    ranges = [text.split("-") for text in job.failed_indexes.split(",") if text]
    return sum(int(bounds[-1]) - int(bounds[0]) + 1 for bounds in ranges)


def _last_code(pods: Sequence[Pod]) -> int | None:
    ends = [
        end
        for pod in pods
        for container in pod.containers
        if container.is_work
        for end in (container.last, container.state)
        if isinstance(end, Terminated) and end.is_known and end.exit_code != 0
    ]
    return max(ends, key=lambda end: end.finished_at or EPOCH).exit_code if ends else None
