"""Significance of events, in tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from process_operator.decisions.inputs.significance import (
    Urgency,
    deletion_matters,
    is_relevant_pod,
    job_urgency,
    run_urgency,
)
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.process_run import ProcessRun

IMMEDIATE, BATCHED = Urgency.IMMEDIATE, Urgency.BATCHED


def condition(kind: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": "True"}]}


def a_job(status: dict[str, Any], *, suspend: bool = False, owner: str = "ProcessRun") -> Job:
    owners = [{"kind": owner, "name": "run", "uid": "uid-of-run", "controller": True}]
    metadata = {"name": "run", "namespace": "erp", "uid": "uid-of-job", "ownerReferences": owners}
    return parse_job({"metadata": metadata, "spec": {"suspend": suspend}, "status": status})


NEW: Final = a_job({})
ACTIVE: Final = a_job({"active": 1})
READY: Final = a_job({"active": 1, "ready": 1})
ONE_FAILED: Final = a_job({"active": 1, "failed": 1})
SUSPENDED: Final = a_job({}, suspend=True)
ENDING: Final = a_job({"active": 1, **condition("SuccessCriteriaMet")})
FAILING: Final = a_job({"active": 1, **condition("FailureTarget")})
DELETED: Final = replace(NEW, metadata=replace(NEW.metadata, deletion_timestamp=datetime(2027, 3, 1, 12, tzinfo=UTC)))
COMPLETE: Final = a_job({"succeeded": 1, **condition("Complete")})
FAILED: Final = a_job({"failed": 1, **condition("Failed")})


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param(FAILING, IMMEDIATE, id="a Job whose pods are ended because it failed"),
        pytest.param(DELETED, IMMEDIATE, id="a Job that was deleted while its pods run"),
        pytest.param(NEW, BATCHED, id="a new Job"),
        pytest.param(ACTIVE, BATCHED, id="a Job that got a pod"),
        pytest.param(READY, BATCHED, id="a Job whose pod became ready"),
        pytest.param(ONE_FAILED, BATCHED, id="a Job one of whose pods failed"),
        pytest.param(SUSPENDED, BATCHED, id="a Job that was suspended"),
        pytest.param(ENDING, BATCHED, id="a Job that is about to end"),
        pytest.param(COMPLETE, Urgency.END, id="a Job that succeeded"),
        pytest.param(FAILED, Urgency.END, id="a Job that failed"),
    ],
)
def test_urgency_of_a_job(job: Job, expected: Urgency) -> None:
    assert job_urgency(job, NEW) is expected


def test_a_job_that_is_still_ending_is_batched() -> None:
    assert job_urgency(a_job({"active": 1, "terminating": 1, **condition("FailureTarget")}), FAILING) is BATCHED


OURS: Final = {"kind": "ProcessRequest", "apiVersion": "process-operator.io/v1alpha1", "name": "close", "uid": "1"}


def a_run(trigger: str = "Schedule", status: str = "Pending", **parts: Any) -> ProcessRun:
    spec = {"request": {"name": "close"}, "trigger": trigger, **parts.pop("spec", {})}
    metadata = {"name": "run", "namespace": "erp", "uid": "uid-of-run", "resourceVersion": "1", **parts}
    return ProcessRun.model_validate({"metadata": metadata, "spec": spec, "status": {"phase": status}})


@pytest.mark.parametrize(
    ("run", "before", "expected"),
    [
        pytest.param(a_run(), None, BATCHED, id="a run that the operator created"),
        pytest.param(a_run("Manual"), None, IMMEDIATE, id="a run that a user created"),
        pytest.param(a_run("Manual", uid="2"), a_run("Manual"), IMMEDIATE, id="a run that a user created again"),
        pytest.param(a_run(status="Running"), a_run(), BATCHED, id="a status that the operator wrote"),
        pytest.param(a_run(spec={"cancel": True}), a_run(), IMMEDIATE, id="a run that a user cancels"),
        pytest.param(a_run(labels={"a": "b"}), a_run(), IMMEDIATE, id="a run whose labels a user changed"),
        pytest.param(a_run(ownerReferences=[OURS]), a_run(), IMMEDIATE, id="a run whose owner a user changed"),
        pytest.param(
            a_run(deletionTimestamp="2027-03-01T12:00:00Z"), a_run(), IMMEDIATE, id="a run that a user deletes"
        ),
    ],
)
def test_urgency_of_a_run(run: ProcessRun, before: ProcessRun | None, expected: Urgency) -> None:
    assert run_urgency(run, before) is expected


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
