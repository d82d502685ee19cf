"""Windows of a switch-over: between two ticks, with a margin on both sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from process_operator.plugin.importing.switch_window import switch_window
from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import Recurrence, compile_schedule

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def cron(text: str, since: datetime = NOON - timedelta(days=2), **bounds: datetime) -> Recurrence:
    return compile_schedule(Schedule.model_validate({"cron": text, "timeZone": "Etc/UTC", **bounds}), since=since)


def after_noon(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds", "why_closed"),
    [
        pytest.param("0 * * * *", 1800, "", id="half an hour from both"),
        pytest.param("0 * * * *", 60, "", id="60 s after one"),
        pytest.param(
            "0 * * * *",
            59,
            "2026-11-30T12:00:00Z is a time of the schedule, and less than 60 s away",
            id="59 s after one",
        ),
        pytest.param("0 * * * *", 59, "Try again after 2026-11-30T12:01:00Z", id="opens after the past one"),
        pytest.param("0 * * * *", 0, "2026-11-30T12:00:00Z", id="at one"),
        pytest.param("0 * * * *", 3540, "", id="60 s before one"),
        pytest.param("0 * * * *", 3541, "2026-11-30T13:00:00Z", id="59 s before one"),
        pytest.param("0 * * * *", 3541, "Try again after 2026-11-30T13:01:00Z", id="opens after the coming one"),
        pytest.param("* * * * *", 30, "", id="between two minutes"),
        pytest.param("* * * * *", 19, "less than 20 s away. Try again after 2026-11-30T12:00:20Z", id="after a minute"),
        pytest.param(
            "* * * * *", 41, "less than 20 s away. Try again after 2026-11-30T12:01:20Z", id="before a minute"
        ),
        pytest.param("*/3 * * * *", 60, "", id="every three minutes, 60 s after one"),
        pytest.param("*/3 * * * *", 59, "less than 60 s away", id="every three minutes, 59 s after one"),
    ],
)
def test_open_and_closed(text: str, seconds: float, why_closed: str) -> None:
    window = switch_window(cron(text), after_noon(seconds))
    assert window is not None
    why = window.why_closed(after_noon(seconds))
    assert why_closed in why
    assert bool(why) == bool(why_closed)


def test_all_is_done_or_undone_before_the_next_time() -> None:
    for text in ("* * * * *", "0 * * * *"):
        window = switch_window(cron(text), after_noon(30))
        assert window is not None
        assert window.opens < window.closes < window.idle_by < window.done_by < window.following
        assert window.following - window.done_by >= timedelta(seconds=5)


def test_before_the_first_time_of_a_new_cronjob() -> None:
    window = switch_window(cron("0 * * * *", since=after_noon(10)), after_noon(20))
    assert window is not None
    assert window.latest is None
    assert not window.why_closed(after_noon(20))
    assert window.why_closed(after_noon(3590)) == (
        "2026-11-30T13:00:00Z is a time of the schedule, and less than 60 s away. Try again after 2026-11-30T13:01:00Z"
    )


def test_no_time_left() -> None:
    assert switch_window(cron("0 * * * *", finishTime=after_noon(60)), after_noon(120)) is None
