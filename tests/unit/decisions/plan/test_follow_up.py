"""Follow-up of a plan, in a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from tests.unit.given import request, schedule, snapshot

from process_operator.decisions.inputs.log_source import LogSource
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateJob, CreateRun, DeleteRuns, Emit, ReadLog
from process_operator.decisions.plan.follow_up import FollowUp, follow_up
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.conditions import LogReason
from process_operator.resources.process_request_status import ProcessRequestStatus

NONE, BATCHED, NOW = FollowUp.NONE, FollowUp.BATCHED, FollowUp.NOW
START: Final = CreateJob("run", {"spec": {}})
CLAIM_AND_START: Final = CreateRun({"metadata": {"name": "run"}}, job={"spec": {}})
CLAIM: Final = CreateRun({"metadata": {"name": "run"}})
OTHER_START: Final = CreateJob("other", {"spec": {}})
EVENT: Final = Emit(reason="RunStarted", message="it starts")
SOURCE: Final = LogSource(pod="run-abcde", container="main", previous=False, message="", absent=LogReason.POD_GONE)
READ: Final = ReadLog("run", SOURCE, tail_bytes=1000)
CLEAN_UP: Final = DeleteRuns({"old": "uid-of-old"})

SCHEDULED: Final = snapshot(request(schedule(60)))
ONCE: Final = snapshot(request({"runImmediately": {}}))
SHARED: Final = replace(SCHEDULED, process_lock=ProcessLock("close-day"))


@pytest.mark.parametrize(
    ("known", "actions", "waiting", "expected"),
    [
        pytest.param(SCHEDULED, (), 0, NONE, id="nothing was done"),
        pytest.param(SCHEDULED, (EVENT, READ), 0, NONE, id="what was done has no result yet"),
        pytest.param(SCHEDULED, (START,), 0, BATCHED, id="a run was started"),
        pytest.param(SCHEDULED, (CLAIM_AND_START, EVENT, CLEAN_UP), 0, BATCHED, id="a run was claimed and started"),
        pytest.param(SCHEDULED, (CLAIM,), 0, NOW, id="a run was claimed only"),
        pytest.param(SCHEDULED, (START, OTHER_START), 0, NOW, id="a Job could not be created"),
        pytest.param(SCHEDULED, (START, READ), 0, NOW, id="a run was started, and another one ended"),
        pytest.param(SCHEDULED, (CLEAN_UP,), 0, NOW, id="old runs were deleted"),
        pytest.param(SCHEDULED, (START,), 1, NOW, id="a run waits"),
        pytest.param(SCHEDULED, (START, *[EVENT] * 9), 0, NOW, id="the plan was too long to be executed at once"),
        pytest.param(ONCE, (START,), 0, NOW, id="a user may wait for the status of a request that runs once"),
        pytest.param(SHARED, (START,), 0, NOW, id="other requests wait for the Process"),
        pytest.param(SHARED, (EVENT,), 0, NOW, id="other requests wait for the word that nothing is left to do"),
        pytest.param(SHARED, (), 0, NONE, id="nothing was done about a shared Process"),
    ],
)
def test_follow_up(known: Snapshot, actions: tuple[Action, ...], waiting: int, expected: FollowUp) -> None:
    plan = Plan(actions, status=ProcessRequestStatus(waiting_count=waiting))
    assert follow_up(known, plan, max_actions=9, has_job=lambda run: run == "run") is expected
