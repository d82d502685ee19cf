"""Reports about a run while it is active, with the name of its process."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import request, run, snapshot, view

from process_operator.decisions.inputs.run_view import RunOrders, view_of
from process_operator.decisions.plan.actions import FinishRun, ReportRun
from process_operator.decisions.plan.part import Part
from process_operator.decisions.run.outcome import RunOutcome
from process_operator.decisions.run.report import finish, not_replaced, report, report_outcome
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, RunLog, RunPhase

OF_PROCESS = request(process={"name": "close-day"}, jobTemplate=None)
STEP = run("close-s1-step-one", spec={"trigger": "Step", "parent": {"name": "close-s1", "step": "one"}})
PARENT = run("close-s1", status={"phase": "Running", "steps": [{"name": "one", "process": "close-books"}]})


def written(reported: Part[None]) -> str | None:
    (action,) = reported.actions
    assert isinstance(action, ReportRun)
    return action.status.process


@pytest.mark.parametrize(
    ("of", "status", "process"),
    [
        pytest.param(OF_PROCESS, {}, "close-day", id="its Process"),
        pytest.param(request(), {}, "close", id="the request, where that has its own Job template"),
        pytest.param(OF_PROCESS, {"process": "close-year"}, "close-year", id="its first form, whatever is edited"),
    ],
)
def test_an_open_run_says_what_it_runs(of: ProcessRequest, status: dict[str, Any], process: str) -> None:
    open_run = run(status=status)
    running = report_outcome(view(snapshot(of), open_run), RunOutcome(phase=RunPhase.RUNNING))
    waiting = report(view(snapshot(of), open_run), "Waiting", "for another run")
    assert (written(running), written(waiting)) == (process, process)


@pytest.mark.parametrize(("step", "process"), [(STEP, None), (PARENT, "close")])
def test_what_is_not_known_is_left_open(step: ProcessRun, process: str | None) -> None:
    assert view_of(snapshot(request()), step).process == process


def test_the_run_of_a_step_says_what_the_step_runs() -> None:
    assert view_of(snapshot(request()), STEP, step_process="close-books").process == "close-books"


STARTED = {"phase": "Running", "startTime": "2027-03-01T12:00:02Z", "pod": "pod-1", "node": "node-1", "attempts": 2}


@pytest.mark.parametrize(
    ("status", "outcome", "expected"),
    [
        pytest.param(
            STARTED,
            RunOutcome(phase=RunPhase.UNKNOWN, reason="JobGone", start_time=at("12:00:02"), end_time=at("18:00")),
            {"pod": "pod-1", "node": "node-1", "attempts": 2, "duration": None, "start_time": at("12:00:02")},
            id="known facts of a run whose Job is gone stay, and its duration is unknown",
        ),
        pytest.param(
            STARTED,
            RunOutcome(
                phase=RunPhase.FAILED,
                reason="ExitCode",
                start_time=at("12:00:02"),
                end_time=at("12:01:02"),
                pod="pod-2",
                node=None,
                attempts=3,
            ),
            {"pod": "pod-2", "node": None, "attempts": 3, "duration": "1m"},
            id="found facts replace the known ones",
        ),
        pytest.param(
            {"phase": "Pending", "pod": "pod-1"},
            RunOutcome(phase=RunPhase.CANCELED, reason="Canceled", end_time=at("12:01")),
            {"pod": None, "duration": None, "start_time": None},
            id="a run that never ran has no pod to name",
        ),
    ],
)
def test_the_end_of_a_run_erases_nothing(status: dict[str, Any], outcome: RunOutcome, expected: dict[str, Any]) -> None:
    of = snapshot(request())
    orders = RunOrders(now=at("18:00"), request=of.request)
    action = finish(view(of, run(status=status)), outcome, RunLog(), orders).actions[0]
    assert isinstance(action, FinishRun)
    assert {name: getattr(action.status, name) for name in expected} == expected


def test_a_running_run_keeps_its_first_start() -> None:
    outcome = RunOutcome(phase=RunPhase.RUNNING, reason="Retrying", start_time=at("12:05"))
    (action,) = report_outcome(view(snapshot(request()), run(status=STARTED)), outcome).actions
    assert isinstance(action, ReportRun)
    assert action.status.start_time == at("12:00:02")


def test_a_long_reason_and_message_are_cut_and_written_once() -> None:
    outcome = RunOutcome(phase=RunPhase.PENDING, reason="R" * 500, message="é" * 9000)
    (action,) = report_outcome(view(snapshot(request()), run()), outcome).actions
    assert isinstance(action, ReportRun)
    assert (len(action.status.reason or ""), len(action.status.message or "")) == (128, 4096)
    seen = run(status=action.status.to_api())
    assert report_outcome(view(snapshot(request()), seen), outcome).actions == ()
    assert report(view(snapshot(request()), seen), outcome.reason, outcome.message, is_message_kept=False).actions == ()


def test_the_long_end_of_a_run_fits() -> None:
    orders = RunOrders(now=at("12:01"), request=request())
    outcome = RunOutcome(phase=RunPhase.FAILED, reason="R" * 500, message="é" * 90_000)
    action = finish(view(snapshot(request()), run()), outcome, RunLog(), orders).actions[0]
    assert isinstance(action, FinishRun)
    assert (len(action.status.reason or ""), len(action.status.message or "")) == (128, 4096)
    assert {len(condition.message) for condition in action.status.conditions} == {32_768}


@pytest.mark.parametrize(
    ("before", "after", "is_written"),
    [
        pytest.param("", "declares no parameter", True, id="its parameters are no longer allowed"),
        pytest.param("declares no parameter", "declares no parameter", False, id="nothing has changed"),
        pytest.param("declares no parameter", "requires YEAR", True, id="there is another reason"),
        pytest.param("declares no parameter", "", True, id="they are allowed again"),
    ],
)
def test_why_a_job_is_not_replaced_is_worth_a_write(before: str, after: str, *, is_written: bool) -> None:
    outcome = RunOutcome(phase=RunPhase.PENDING, reason="ImagePullBackOff", message="not found")
    first, second = (not_replaced(outcome, objection) if objection else outcome for objection in (before, after))
    seen = run(status={"phase": "Pending", "reason": first.reason, "message": first.message})
    assert bool(report_outcome(view(snapshot(request()), seen), second).actions) == is_written
