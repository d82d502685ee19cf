"""Repair of a cursor that an earlier, wrong clock moved far ahead."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import activation, request, schedule, snapshot

from process_operator.decisions.activation.clock_repair import reset_cursor
from process_operator.decisions.plan.actions import Emit
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.process_request_status import ProcessRequestStatus

NOW = at("12:30:00.75")


def repaired(cursor: str | None) -> Plan | None:
    written = at(cursor) if cursor is not None else None
    status = ProcessRequestStatus(activation=activation(), last_schedule_time=written)
    return reset_cursor(snapshot(request(schedule(60)), status=status), NOW)


@pytest.mark.parametrize(
    "cursor",
    [
        pytest.param(None, id="no tick was settled yet"),
        pytest.param("12:29", id="the cursor is in the past"),
        pytest.param("13:30:00.75", id="the cursor is an hour ahead, the most that is kept"),
    ],
)
def test_cursor_is_kept(cursor: str | None) -> None:
    assert repaired(cursor) is None


def test_cursor_far_ahead_is_reset_to_the_present_second() -> None:
    plan = repaired("13:30:01")
    message = (
        "a clock that was wrong had settled the ticks up to 2027-03-01T13:30:01Z; "
        "ticks after 2027-03-01T12:30:00Z are due again if they have no run"
    )
    assert plan is not None and plan.status is not None
    assert plan.actions == (Emit("ClockWasAhead", message, warning=True),)
    assert plan.status.last_schedule_time == at("12:30")
    assert plan.status.activation == activation()
