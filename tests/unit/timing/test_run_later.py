"""Run Later: from when until when it may start. And when a tick is too old."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from process_operator.resources.schedule import RunLater
from process_operator.timing.missed import is_too_old
from process_operator.timing.run_later import StartWindow, start_window

SINCE = datetime(2027, 1, 1, 12, tzinfo=UTC)
START = datetime(2027, 1, 2, tzinfo=UTC)
START_TEXT = "2027-01-02T00:00:00Z"


@dataclass(frozen=True)
class Window:
    """A Run Later, and the earliest and the latest start."""

    id: str
    spec: dict[str, Any]
    start: datetime
    deadline: int | None = None
    end: datetime | None = None


WINDOWS: Final = [
    Window("without an end it is never too late", spec={"startTime": START_TEXT}, start=START),
    Window("after counts from the activation", spec={"after": "15m"}, start=SINCE + timedelta(minutes=15)),
    Window(
        "an end",
        spec={"startTime": START_TEXT, "endTime": "2027-01-02T06:00:00Z"},
        start=START,
        end=START + timedelta(hours=6),
    ),
    Window(
        "within counts from the start",
        spec={"after": "1h", "within": "30m"},
        start=SINCE + timedelta(hours=1),
        end=SINCE + timedelta(minutes=90),
    ),
    Window(
        "a starting deadline",
        spec={"startTime": START_TEXT},
        deadline=60,
        start=START,
        end=START + timedelta(minutes=1),
    ),
    Window(
        "the earliest end holds, here the deadline",
        spec={"startTime": START_TEXT, "within": "30m"},
        deadline=60,
        start=START,
        end=START + timedelta(minutes=1),
    ),
    Window(
        "the earliest end holds, here within",
        spec={"startTime": START_TEXT, "within": "30s"},
        deadline=60,
        start=START,
        end=START + timedelta(seconds=30),
    ),
    Window("past", spec={"startTime": "2026-01-01T00:00:00Z"}, start=datetime(2026, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize("case", WINDOWS, ids=lambda case: case.id)
def test_window(case: Window) -> None:
    window = start_window(RunLater.model_validate(case.spec), since=SINCE, starting_deadline_seconds=case.deadline)

    assert window == StartWindow(case.start, case.end)


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
