"""Run Later: from when until when it may start. And when a tick is too old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from process_operator.resources.schedule import RunLater
from process_operator.timing.missed import is_too_old
from process_operator.timing.run_later import StartWindow, start_window

SINCE = datetime(2027, 1, 1, 12, tzinfo=UTC)
START = datetime(2027, 1, 2, tzinfo=UTC)
START_TEXT = "2027-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("spec", "deadline", "start", "end"),
    [
        pytest.param({"startTime": START_TEXT}, None, START, None, id="without an end it is never too late"),
        pytest.param({"after": "15m"}, None, SINCE + timedelta(minutes=15), None, id="after counts from the activation"),
        pytest.param(
            {"startTime": START_TEXT, "endTime": "2027-01-02T06:00:00Z"}, None, START, START + timedelta(hours=6),
            id="an end",
        ),
        pytest.param(
            {"after": "1h", "within": "30m"}, None, SINCE + timedelta(hours=1), SINCE + timedelta(minutes=90),
            id="within counts from the start",
        ),
        pytest.param({"startTime": START_TEXT}, 60, START, START + timedelta(minutes=1), id="a starting deadline"),
        pytest.param(
            {"startTime": START_TEXT, "within": "30m"}, 60, START, START + timedelta(minutes=1),
            id="the earliest end holds, here the deadline",
        ),
        pytest.param(
            {"startTime": START_TEXT, "within": "30s"}, 60, START, START + timedelta(seconds=30),
            id="the earliest end holds, here within",
        ),
        pytest.param({"startTime": "2026-01-01T00:00:00Z"}, None, datetime(2026, 1, 1, tzinfo=UTC), None, id="past"),
    ],
)  # fmt: skip
def test_window(spec: dict[str, Any], deadline: int | None, start: datetime, end: datetime | None) -> None:
    window = start_window(RunLater.model_validate(spec), since=SINCE, starting_deadline_seconds=deadline)

    assert window == StartWindow(start, end)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        pytest.param(START, False, id="at the end itself"),
        pytest.param(START + timedelta(milliseconds=999), False, id="within the second of the end"),
        pytest.param(START + timedelta(seconds=1), True, id="a second later"),
    ],
)
def test_the_end_of_a_window_is_included(now: datetime, *, over: bool) -> None:
    assert StartWindow(SINCE, START).is_over(now) is over


def test_a_window_without_an_end_is_never_over() -> None:
    assert not StartWindow(SINCE, None).is_over(datetime(2199, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("late", "deadline", "too_old"),
    [
        pytest.param(timedelta(days=1000), None, False, id="without a deadline nothing is too old"),
        pytest.param(timedelta(seconds=10), 10, False, id="exactly at the deadline still starts"),
        pytest.param(timedelta(seconds=10, milliseconds=900), 10, False, id="now is cut to the second"),
        pytest.param(timedelta(seconds=11), 10, True, id="a second past the deadline"),
        pytest.param(timedelta(milliseconds=5), 0, False, id="a deadline of no seconds can be met"),
        pytest.param(timedelta(seconds=1), 0, True, id="a deadline of no seconds is over after one"),
    ],
)
def test_too_old(late: timedelta, deadline: int | None, *, too_old: bool) -> None:
    assert is_too_old(START, START + late, deadline) is too_old
