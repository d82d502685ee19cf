"""Statuses that the API server rejects: which actions of a plan are left out until the next try."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import request, run, snapshot

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.observations import RunObservations
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import AdoptRun, DeleteJob, Emit, FinishRun, ReportRun
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.run.rejected_status import without_rejected_statuses
from process_operator.resources.process_run import ProcessRunStatus

ADOPT, REPORT = AdoptRun("bad", "uid", {}), ReportRun("bad", ProcessRunStatus())
FINISH, END = FinishRun("bad", ProcessRunStatus()), Emit("RunFailed", "run bad: Failed", about="bad")
DELETE, OTHER, NEWS = DeleteJob("bad", "uid"), FinishRun("good", ProcessRunStatus()), Emit("Scheduled", "daily")


@pytest.mark.parametrize(
    ("actions", "kept"),
    [
        pytest.param((ADOPT, FINISH, END, OTHER), (ADOPT, OTHER), id="an end, and its Event"),
        pytest.param((REPORT, DELETE, NEWS), (NEWS,), id="a report, and the deletion that needs it"),
        pytest.param((DELETE, OTHER, NEWS), (DELETE, OTHER, NEWS), id="an action that needs no status"),
        pytest.param((END, ADOPT), (END, ADOPT), id="no status at all"),
    ],
)
def test_the_plan_keeps_what_does_not_need_the_status(actions: tuple[Action, ...], kept: tuple[Action, ...]) -> None:
    blocked = Blocked("the status", "Rejected", "too long", since=at("12:00"), again_at=at("12:02"))
    known = snapshot(
        request(),
        runs=(run("bad"), run("good")),
        observations={"bad": RunObservations(status_rejected=blocked)},
    )
    plan = Plan(actions, wake_at=at("12:05"))
    assert without_rejected_statuses(plan, known, at("12:01")) == Plan(kept, wake_at=at("12:02"))
    assert without_rejected_statuses(plan, known, at("12:02")) == plan
