"""What is written into a run while it goes on: also which process it is a run of."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.given import request, run, snapshot, view

from process_operator.decisions.plan import Draft, ReportRun
from process_operator.decisions.run_phase import RunOutcome
from process_operator.decisions.run_report import report, report_outcome
from process_operator.decisions.run_view import view_of
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, RunPhase

OF_PROCESS = request(process={"name": "close-day"}, jobTemplate=None)
STEP = run("close-s1-step-one", spec={"trigger": "Step", "parent": {"name": "close-s1", "step": "one"}})
PARENT = run("close-s1", status={"phase": "Running", "steps": [{"name": "one", "process": "close-books"}]})


def written(draft: Draft) -> str | None:
    (action,) = draft.actions
    assert isinstance(action, ReportRun)
    return action.status.process


@pytest.mark.parametrize(
    ("of", "status", "process"),
    [
        pytest.param(OF_PROCESS, {}, "close-day", id="its Process"),
        pytest.param(request(), {}, "close", id="the request, where that has its own Job template"),
        pytest.param(OF_PROCESS, {"process": "close-year"}, "close-year", id="what it began as, whatever is edited"),
    ],
)
def test_an_open_run_says_what_it_runs(of: ProcessRequest, status: dict[str, Any], process: str) -> None:
    open_run = run(status=status)
    running, waiting = Draft(), Draft()
    report_outcome(view(snapshot(of), open_run), RunOutcome(phase=RunPhase.RUNNING), running)
    report(view(snapshot(of), open_run), "Waiting", "for another run", waiting)
    assert (written(running), written(waiting)) == (process, process)


@pytest.mark.parametrize(("step", "process"), [(STEP, None), (PARENT, "close")])
def test_what_is_not_known_is_left_open(step: ProcessRun, process: str | None) -> None:
    assert view_of(snapshot(request()), step).process == process


def test_the_run_of_a_step_says_what_the_step_runs() -> None:
    assert view_of(snapshot(request()), STEP, step_process="close-books").process == "close-books"
