"""Writes of a request's status: which changes are worth a write, and which of them a person waits for."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import activation

from process_operator.decisions.status.writes import is_awaited, is_worth_a_write
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType
from process_operator.resources.process_request_status import ProcessRequestStatus

WRITTEN = ProcessRequestStatus(activation=activation(), next_run_time=at("12:30"))


@pytest.mark.parametrize(
    ("wanted", "worth"),
    [
        pytest.param(WRITTEN, False, id="nothing changed"),
        pytest.param(
            WRITTEN.model_copy(update={"next_run_time": at("12:30:59")}),
            False,
            id="only the next tick of a fast schedule",
        ),
        pytest.param(
            WRITTEN.model_copy(update={"next_run_time": at("12:31")}), True, id="the next tick of a slow schedule"
        ),
        pytest.param(WRITTEN.model_copy(update={"next_run_time": None}), True, id="no tick is left"),
        pytest.param(
            WRITTEN.model_copy(update={"next_run_time": at("12:30:01"), "waiting_count": 1}),
            True,
            id="something else beside it",
        ),
    ],
)
def test_a_status_is_worth_a_write(wanted: ProcessRequestStatus, *, worth: bool) -> None:
    assert is_worth_a_write(WRITTEN, wanted) is worth


def condition(kind: ConditionType, reason: str, message: str = "") -> Condition:
    return Condition(type=kind, status=ConditionStatus.TRUE, reason=reason, message=message)


@pytest.mark.parametrize(
    ("update", "awaited"),
    [
        pytest.param({"waiting_count": 1}, False, id="a run more waits"),
        pytest.param({"observed_generation": 2}, True, id="an edit of the request was seen"),
        pytest.param({"last_handled_reschedule": "again"}, True, id="a reschedule was handled"),
        pytest.param({"conditions": (condition(ConditionType.COMPLETE, "Succeeded"),)}, True, id="the one run ended"),
        pytest.param({"conditions": (condition(ConditionType.STALLED, "Accepted"),)}, False, id="another condition"),
    ],
)
def test_a_write_is_awaited(update: dict[str, object], *, awaited: bool) -> None:
    assert is_awaited(WRITTEN, WRITTEN.model_copy(update=update)) is awaited


def test_a_new_message_alone_is_not_awaited() -> None:
    before = WRITTEN.model_copy(update={"conditions": (condition(ConditionType.READY, "InForce", "one"),)})
    after = WRITTEN.model_copy(update={"conditions": (condition(ConditionType.READY, "InForce", "two"),)})
    assert not is_awaited(before, after)
