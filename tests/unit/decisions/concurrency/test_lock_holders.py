"""Lock holders: which actions start a run that will hold the lock of its Process."""

from __future__ import annotations

from typing import Final

import pytest
from tests.builders.instants import at

from process_operator.decisions.concurrency.lock_holders import started_by
from process_operator.decisions.inputs.process_lock import LockHolder
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateJob, CreateRun, PatchJob, ReportRun
from process_operator.resources.process_run import ProcessRunStatus, StepStatus

NOW: Final = at("12:00")
BEGUN: Final = ProcessRunStatus(steps=(StepStatus(name="load", process="load"),))
JOB: Final = {"spec": {"suspend": False}}


@pytest.mark.parametrize(
    ("action", "starts"),
    [
        pytest.param(CreateRun({"metadata": {"name": "a-1"}, "spec": {}}, JOB), True, id="a run with its Job"),
        pytest.param(CreateRun({"metadata": {"name": "a-1"}, "spec": {}}), False, id="a run that waits"),
        pytest.param(CreateJob("a-1", JOB), True, id="a Job"),
        pytest.param(CreateJob("a-1", {"spec": {"suspend": True}}), False, id="a Job that is suspended"),
        pytest.param(PatchJob("a-1", "uid-of-job-a-1", {"spec": {"suspend": False}}), True, id="a resume"),
        pytest.param(ReportRun("a-1", BEGUN, begins_steps=True), True, id="the first step of a run"),
        pytest.param(ReportRun("a-1", ProcessRunStatus()), False, id="a report"),
        pytest.param(ReportRun("a-0", BEGUN), False, id="a report of a run that has begun its steps"),
        pytest.param(CreateJob("a-0", JOB), False, id="the Job of a step"),
        pytest.param(
            CreateRun({"metadata": {"name": "a-0-load"}, "spec": {"parent": {"name": "a-0"}}}, JOB),
            False,
            id="the run of a step",
        ),
    ],
)
def test_a_run_that_an_action_starts_is_a_future_holder(action: Action, *, starts: bool) -> None:
    holders = started_by((action,), NOW, "a", going={"a-0"})
    assert holders == ((LockHolder("a", "a-1", NOW, NOW),) if starts else ())
