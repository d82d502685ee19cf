"""Runs that record missed ticks, and the cursor that follows from them. `test_missed.py` has the rows and summaries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import activation, every, finished, request, schedule, snapshot

from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.plan.actions import CreateRun, GrowSummary
from process_operator.decisions.ticks.missed_records import record_missed
from process_operator.decisions.ticks.progress import calendar_of
from process_operator.resources.conditions import Reason
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import RunPhase

OVERLAP: Final = MissedReason(RunPhase.SKIPPED, "Overlap", "r")
SUPERSEDED: Final = MissedReason(RunPhase.MISSED, "Superseded")
QUOTA: Final = Blocked("runs cannot be created", Reason.QUOTA_EXCEEDED, "no room", at("12:00"), None, certain=True)


def clock(number: int) -> str:
    """The wall time of a tick by its number, 0 at noon."""
    return f"{at('12:00') + timedelta(seconds=10 * number):%H:%M:%S}"


def span(first: int, last: int, reason: MissedReason = OVERLAP) -> Span:
    return Span(at(clock(first)), at(clock(last)), last - first + 1, reason)


def row(last: int) -> tuple[Any, ...]:
    """Ten records, and the summary that grew to tick `last`."""
    calendar = calendar_of(snapshot(request(schedule(10))), every(10))
    single = [
        finished(calendar.run_name(at(clock(n))), RunPhase.SKIPPED, due=clock(n), missed_reason=str(OVERLAP))
        for n in range(1, 11)
    ]
    name, count = calendar.run_name(at(clock(11))), last - 10
    return (
        *single,
        finished(name, RunPhase.SKIPPED, due=clock(11), missed_reason=str(OVERLAP), to=clock(last), count=count),
    )


def recorded(*spans: Span, ongoing: bool = False, cursor: str | None = None, **known: Any) -> list[str]:
    """The records in the order of their writes, each as the clock of its tick and its range, then the cursor."""
    status = ProcessRequestStatus(
        activation=activation(), last_schedule_time=at(cursor) if cursor is not None else None
    )
    found = snapshot(request(schedule(10)), status=status, **{"history": (), **known})
    planned = record_missed(found, calendar_of(found, every(10)), spans, ongoing=ongoing)
    words = []
    for action in planned.actions:
        if isinstance(action, CreateRun):
            words.append(f"new {action.manifest['spec']['scheduledTime'][11:19]}")
        elif isinstance(action, GrowSummary) and action.status.summary is not None:
            words.append(f"grown to {action.status.summary.to:%H:%M:%S}")
    return [*words, f"cursor {planned.value:%H:%M:%S}" if planned.value is not None else "no cursor"]


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param(recorded(), ["no cursor"], id="without missed ticks nothing is recorded"),
        pytest.param(recorded(cursor="12:01"), ["cursor 12:01:00"], id="without missed ticks the cursor stays"),
        pytest.param(
            recorded(span(1, 2), span(3, 3, SUPERSEDED)),
            ["new 12:00:10", "new 12:00:20", "new 12:00:30", "cursor 12:00:30"],
            id="each tick has a record, and the cursor is at the last",
        ),
        pytest.param(recorded(span(1, 2), cursor="12:05")[-1:], ["cursor 12:05:00"], id="the cursor never goes back"),
        pytest.param(
            recorded(span(12, 13), history=row(11)),
            ["grown to 12:02:10", "cursor 12:02:10"],
            id="the summary of a row that is over grows at once",
        ),
        pytest.param(
            recorded(span(12, 13), history=row(11), ongoing=True),
            ["cursor 12:01:50"],
            id="a summary that grew a moment ago waits, and so does the cursor",
        ),
        pytest.param(
            recorded(span(1, 5), blocked={Need.RUN: QUOTA}),
            ["new 12:00:10", "cursor 12:00:50"],
            id="without room for runs one record stands for the row",
        ),
    ],
)
def test_record_missed(records: list[str], expected: list[str]) -> None:
    assert records == expected


def test_ticks_that_have_a_run_are_not_recorded_again() -> None:
    calendar = calendar_of(snapshot(request(schedule(10))), every(10))
    known = finished(calendar.run_name(at(clock(2))), due=clock(2))
    assert recorded(span(1, 3), history=(known,)) == ["new 12:00:10", "new 12:00:30", "cursor 12:00:30"]
