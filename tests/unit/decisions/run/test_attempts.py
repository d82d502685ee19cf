"""Attempts of a run: retries, not pods."""

from __future__ import annotations

import pytest

from process_operator.decisions.run.attempts import attempts, current_attempt
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod, parse_pod


def job(
    parallelism: int = 1,
    completions: int | None = 1,
    *,
    over: bool = True,
    restart: str = "Never",
    limit: int = 6,
    failed_indexes: str = "",
    **counts: int,
) -> Job:
    """A Job with these counts, which has failed if it is over."""
    conditions = [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}] if over else []
    return parse_job(
        {
            "spec": {
                "parallelism": parallelism,
                "completions": completions,
                "backoffLimit": limit,
                "template": {"spec": {"restartPolicy": restart, "containers": [{"name": "c"}]}},
            },
            "status": {"conditions": conditions, "failedIndexes": failed_indexes, **counts},
        }
    )


def pods(*indexes: int | None, restarts: int = 0, restart: str = "Never") -> tuple[Pod, ...]:
    """A pod for each index (None: the Job has none) that has run and ended."""
    state = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": "2027-03-01T12:00:00Z"}}
    return tuple(
        parse_pod(
            {
                "metadata": {
                    "name": f"pod-{number}",
                    "labels": {} if index is None else {"batch.kubernetes.io/job-completion-index": str(index)},
                },
                "spec": {"restartPolicy": restart, "containers": [{"name": "c"}]},
                "status": {
                    "phase": "Failed",
                    "containerStatuses": [{"name": "c", "restartCount": restarts, "state": state}],
                },
            }
        )
        for number, index in enumerate(indexes)
    )


@pytest.mark.parametrize(
    ("of", "its_pods", "expected"),
    [
        pytest.param(job(succeeded=1), pods(None), 1, id="once"),
        pytest.param(job(failed=2, succeeded=1), pods(None, None, None), 3, id="two retries"),
        pytest.param(job(failed=3), (), 3, id="three failures of pods that are gone"),
        pytest.param(job(1, 20, succeeded=20), pods(*[None] * 20), 1, id="twenty completions, one after the other"),
        pytest.param(job(5, 20, succeeded=20), pods(*range(20)), 1, id="twenty indexes"),
        pytest.param(job(5, 20, succeeded=20, failed=2), pods(*range(20), 3, 7), 3, id="two indexes tried again"),
        pytest.param(job(5, 20, succeeded=20, failed=2), (), 3, id="two indexes tried again, with the pods gone"),
        pytest.param(job(5, 20, succeeded=12, failed=8), pods(*range(20)), 1, id="eight indexes that are given up"),
        pytest.param(job(2, 2, failed=2), pods(None, None), 1, id="one of two fails, the other is ended for it"),
        pytest.param(job(1, 20, succeeded=5, failed=3), (), 3, id="the sixth of twenty fails three times"),
        pytest.param(job(succeeded=1), pods(None, None, None), 3, id="failures that a podFailurePolicy ignores"),
        pytest.param(job(3, None, succeeded=3), pods(*[None] * 3), 1, id="three workers at one queue"),
        pytest.param(job(), (), 0, id="no pod"),
        pytest.param(job(0, 1), (), 0, id="a parallelism of 0"),
        pytest.param(
            job(2, 2, restart="OnFailure", succeeded=2), pods(0, 1, restarts=1, restart="OnFailure"), 3, id="restarts"
        ),
        pytest.param(
            job(4, 20, restart="OnFailure", succeeded=20), pods(*range(20), restart="OnFailure"), 1, id="no restart"
        ),
        pytest.param(None, pods(None, None), 2, id="a Job that is gone"),
        pytest.param(None, (), None, id="a Job that is gone with its pods"),
    ],
)
def test_attempts_of_a_run_that_is_over(of: Job | None, its_pods: tuple[Pod, ...], expected: int | None) -> None:
    assert attempts(of, its_pods) == expected


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(job(over=False, active=1), (1, ""), id="the first"),
        pytest.param(job(over=False, limit=2, active=1, failed=1), (2, "attempt 2 of 3"), id="the second"),
        pytest.param(
            job(5, 20, over=False, limit=2**31 - 1, active=5, failed=3, failed_indexes="1,3-4"),
            (1, ""),
            id="indexes that are given up are not tried again",
        ),
        pytest.param(
            job(5, 20, over=False, limit=2**31 - 1, active=5, failed=5, failed_indexes="1,3-4"),
            (3, "attempt 3"),
            id="two failures of indexes that continue",
        ),
    ],
)
def test_the_current_attempt(of: Job, expected: tuple[int, str]) -> None:
    assert current_attempt(of, ()) == expected
