"""How often the work of a run was tried: its retries, not its pods.

A Job with twenty completions makes twenty pods without a retry, and a failure that a podFailurePolicy ignores is
followed by one. `outcome.py` asks here.
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
"""The backoffLimit that the API server sets where each index of a Job has a limit of its own."""


def attempts(job: Job | None, pods: Sequence[Pod]) -> int | None:
    """How often the work was tried when it is over: 1 and one for each retry; 0: not at all; None: nothing tells.

    Each pod beyond those with which a part of the work began is a retry, and so is each restart of a container.
    """
    restarts = sum(attempts_of(job, pod) - 1 for pod in pods)
    counted = job is not None and job.finished is not None and job.restart_policy != "OnFailure"
    if job is None or not counted:
        return 1 + max(0, len(pods) - _part_count(job, pods, len(pods))) + restarts if pods else None
    # A Job that is deleted as well may fail without having counted its pod. A failure that a policy ignores is never counted.
    made = max(job.succeeded + job.failed, sum(pod.has_started for pod in pods))
    return 1 + max(0, made - _part_count(job, pods, made)) + restarts if made else 0


def _part_count(job: Job | None, pods: Sequence[Pod], made: int) -> int:
    """With how many pods parts of the work began, of `made` pods that there were."""
    if job is None:
        return 1
    indexes = {pod.index for pod in pods}
    if pods and None not in indexes and len(pods) >= made:
        return len(indexes)
    limit = job.parallelism if job.completions is None else job.completions
    return min(limit, job.succeeded + job.parallelism)


def current_attempt(job: Job | None, pods: Sequence[Pod]) -> tuple[int, str]:
    """Number of the current attempt, with words for it where it is a retry.

    With OnFailure the retry that reaches the limit is killed at once, so a limit of n means n attempts there (and 0
    means one), and n + 1 where every attempt has a pod of its own.
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
    """How many indexes have failed and are not tried again."""
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
