"""Significance of Job and pod events, in tables."""

from __future__ import annotations

from typing import Any, Final

import pytest

from process_operator.decisions.inputs.significance import (
    Urgency,
    deletion_matters,
    is_relevant_pod,
    job_urgency,
    pod_urgency,
)
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Pod, parse_pod

IMMEDIATE, BATCHED = Urgency.IMMEDIATE, Urgency.BATCHED


def condition(kind: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True"}]}


def a_job(status: dict[str, Any], *, suspend: bool = False, owner: str = "ProcessRun") -> Job:
    owners = [{"kind": owner, "name": "run", "uid": "uid-of-run", "controller": True}]
    metadata = {"name": "run", "namespace": "erp", "uid": "uid-of-job", "ownerReferences": owners}
    return parse_job({"metadata": metadata, "spec": {"suspend": suspend}, "status": status})


def a_pod(**metadata: Any) -> Pod:
    metadata = {"name": "run-abcde", "namespace": "erp", "uid": "uid-of-pod", **metadata}
    return parse_pod({"metadata": metadata, "spec": {}, "status": {"phase": "Succeeded"}})


NEW: Final = a_job({})
ACTIVE: Final = a_job({"active": 1})
READY: Final = a_job({"active": 1, "ready": 1})
ONE_FAILED: Final = a_job({"active": 1, "failed": 1})
SUSPENDED: Final = a_job({}, suspend=True)
ENDING: Final = a_job({"active": 1, **condition("SuccessCriteriaMet")})
COMPLETE: Final = a_job({"succeeded": 1, **condition("Complete")})
FAILED: Final = a_job({"failed": 1, **condition("Failed")})


@pytest.mark.parametrize(
    ("before", "job", "is_log_being_read", "expected"),
    [
        pytest.param(NEW, ACTIVE, False, BATCHED, id="a Job that got a pod makes progress"),
        pytest.param(ACTIVE, READY, False, BATCHED, id="a Job whose pod became ready makes progress"),
        pytest.param(READY, READY, False, BATCHED, id="a Job that changed in nothing that a decision reads"),
        pytest.param(None, ACTIVE, False, IMMEDIATE, id="a Job that the operator did not know"),
        pytest.param(ACTIVE, ONE_FAILED, False, IMMEDIATE, id="a Job one of whose pods failed"),
        pytest.param(ACTIVE, SUSPENDED, False, IMMEDIATE, id="a Job that was suspended"),
        pytest.param(SUSPENDED, ACTIVE, False, IMMEDIATE, id="a Job that was resumed"),
        pytest.param(ACTIVE, ENDING, False, IMMEDIATE, id="a Job that is about to end"),
        pytest.param(ENDING, ENDING, False, IMMEDIATE, id="a Job that was about to end before"),
        pytest.param(ACTIVE, COMPLETE, False, IMMEDIATE, id="a Job that succeeded"),
        pytest.param(ACTIVE, FAILED, False, IMMEDIATE, id="a Job that failed"),
        pytest.param(ACTIVE, COMPLETE, True, BATCHED, id="a Job that succeeded while its log is read"),
        pytest.param(None, COMPLETE, True, BATCHED, id="an unknown Job that succeeded while its log is read"),
        pytest.param(ACTIVE, ENDING, True, IMMEDIATE, id="a Job that is about to end while its log is read"),
    ],
)
def test_urgency_of_a_job(before: Job | None, job: Job, *, is_log_being_read: bool, expected: Urgency) -> None:
    assert job_urgency(job, before, is_log_being_read=is_log_being_read) is expected


@pytest.mark.parametrize(
    ("pod", "job", "expected"),
    [
        pytest.param(a_pod(), ACTIVE, BATCHED, id="the Job controller reports the end of the pod in a moment"),
        pytest.param(a_pod(), None, IMMEDIATE, id="the Job is unknown"),
        pytest.param(a_pod(), SUSPENDED, IMMEDIATE, id="the Job is suspended"),
        pytest.param(a_pod(), ENDING, IMMEDIATE, id="the Job is about to end"),
        pytest.param(a_pod(), COMPLETE, IMMEDIATE, id="the Job is over"),
        pytest.param(a_pod(deletionTimestamp="2027-03-01T12:00:00Z"), ACTIVE, IMMEDIATE, id="the pod is being deleted"),
    ],
)
def test_urgency_of_a_pod(pod: Pod, job: Job | None, expected: Urgency) -> None:
    assert pod_urgency(pod, job) is expected


@pytest.mark.parametrize(
    ("job", "is_run_open", "expected"),
    [
        pytest.param(COMPLETE, False, False, id="the run is recorded, and both were deleted together"),
        pytest.param(COMPLETE, True, True, id="the run is not recorded"),
        pytest.param(ACTIVE, False, True, id="the Job was at work"),
        pytest.param(
            a_job({"succeeded": 1, **condition("Complete")}, owner="CronJob"), False, True, id="a CronJob's Job"
        ),
    ],
)
def test_deletion_of_a_job(job: Job, *, is_run_open: bool, expected: bool) -> None:
    assert deletion_matters(job, is_run_open=is_run_open) is expected


@pytest.mark.parametrize(
    ("job", "is_run_open", "expected"),
    [
        pytest.param(None, True, True, id="the run is open"),
        pytest.param(COMPLETE, True, True, id="the run is open and its Job is over"),
        pytest.param(ACTIVE, False, True, id="the run is unknown and its Job is at work"),
        pytest.param(COMPLETE, False, False, id="the run is recorded"),
        pytest.param(None, False, False, id="neither run nor Job is known"),
    ],
)
def test_relevance_of_a_pod(job: Job | None, *, is_run_open: bool, expected: bool) -> None:
    assert is_relevant_pod(job, is_run_open=is_run_open) is expected
