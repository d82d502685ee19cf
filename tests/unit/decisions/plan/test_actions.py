"""Actions say which object they are about, and whether they start a run."""

from __future__ import annotations

import pytest
from tests.builders.instants import at

from process_operator.decisions.manifests.jobs import pause_patch, resume_patch, unmark_patch
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import (
    CreateCronJob,
    CreateJob,
    CreateRun,
    DeleteJob,
    DeleteRequest,
    FinishRun,
    LoadHistory,
    PatchCronJob,
    PatchJob,
    ReportRun,
    TakeOverTick,
)
from process_operator.resources.process_run import ProcessRunStatus

RUN = {"metadata": {"name": "close-1"}, "spec": {}}
STEP = {"metadata": {"name": "close-1-load"}, "spec": {"parent": {"name": "close-1", "step": "load"}}}
JOB = {"metadata": {"name": "close-1"}, "spec": {"suspend": False}}
WAITING_JOB = {"metadata": {"name": "close-1"}, "spec": {"suspend": True}}
STATUS = ProcessRunStatus()


@pytest.mark.parametrize(
    ("action", "subject", "starts"),
    [
        pytest.param(CreateRun(RUN), "close-1", False, id="a claim without its Job starts nothing"),
        pytest.param(CreateRun(RUN, JOB), "close-1", True, id="a claim with its Job starts a run"),
        pytest.param(CreateRun(STEP, JOB), "close-1-load", True, id="the run of a step"),
        pytest.param(CreateJob("close-1", JOB), "close-1", True, id="a Job"),
        pytest.param(CreateJob("close-1", WAITING_JOB), "close-1", False, id="a Job that waits suspended"),
        pytest.param(PatchJob("close-1", "uid", resume_patch()), "close-1", True, id="a resume"),
        pytest.param(PatchJob("close-1", "uid", pause_patch(at("12:00"))), "close-1", False, id="a suspension"),
        pytest.param(PatchJob("close-1", "uid", unmark_patch()), "close-1", False, id="a change of marks"),
        pytest.param(ReportRun("close-1", STATUS, begins_steps=True), "close-1", True, id="the begin of steps"),
        pytest.param(ReportRun("close-1", STATUS), "close-1", False, id="a report"),
        pytest.param(TakeOverTick("close", {}, JOB), "close", True, id="a tick that is taken over and starts"),
        pytest.param(TakeOverTick("close", {}), "close", False, id="a tick that is taken over and waits"),
        pytest.param(FinishRun("close-1", STATUS), "close-1", False, id="an end"),
        pytest.param(DeleteJob("close-1", "uid"), "close-1", False, id="a deletion"),
        pytest.param(CreateCronJob(RUN), "close-1", False, id="a CronJob"),
        pytest.param(PatchCronJob("close", "uid", {}), "close", False, id="a change of a CronJob"),
        pytest.param(PatchCronJob("close", "uid", ({},)), "close", False, id="a change of a CronJob as a JSON patch"),
        pytest.param(DeleteRequest("uid"), "", False, id="the request itself has no name here"),
        pytest.param(LoadHistory(), "", False, id="a look-up for the request"),
    ],
)
def test_subject_and_start_of_an_action(action: Action, subject: str, *, starts: bool) -> None:
    assert (action.subject, action.starts) == (subject, starts)
