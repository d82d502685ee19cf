"""Options of `create request`: each timing is one that the API server accepts."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.plugin.create_request import RequestOptions, TimingOptions, request_body, timing_of
from process_operator.plugin.errors import CommandError, Exit
from process_operator.resources.validation import object_errors


@pytest.mark.parametrize(
    ("options", "timing"),
    [
        pytest.param({"immediately": True}, {"runImmediately": {}}, id="immediately"),
        pytest.param({"later": "1h30m"}, {"runLater": {"after": "1h30m"}}, id="after a time"),
        pytest.param({"later": "2027-01-31T02:30:00Z"}, {"runLater": {"startTime": "2027-01-31T02:30:00Z"}}, id="at"),
        pytest.param({"every": "90s"}, {"schedule": {"secondly": {"every": 90}}}, id="seconds"),
        pytest.param({"every": "5m"}, {"schedule": {"minutely": {"every": 5}}}, id="minutes"),
        pytest.param({"every": "24h"}, {"schedule": {"hourly": {"every": 24}}}, id="hours"),
        pytest.param(
            {"daily": "02:30", "time_zone": "Europe/Madrid"},
            {"schedule": {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}},
            id="daily",
        ),
        pytest.param(
            {"daily": "02:30", "days": "Weekdays", "max_runs": 3},
            {"schedule": {"daily": {"at": "02:30", "days": "Weekdays"}, "maxRuns": 3}},
            id="weekdays",
        ),
        pytest.param(
            {"weekly": "Monday, Thursday", "at": "09:00"},
            {"schedule": {"weekly": {"at": "09:00", "days": ["Monday", "Thursday"]}}},
            id="weekly",
        ),
        pytest.param(
            {"monthly": "15", "at": "23:30"}, {"schedule": {"monthly": {"at": "23:30", "day": 15}}}, id="day of month"
        ),
        pytest.param(
            {"monthly": "Last", "at": "23:30"}, {"schedule": {"monthly": {"at": "23:30", "day": "Last"}}}, id="last day"
        ),
        pytest.param(
            {"monthly": "Last Friday", "at": "18:00"},
            {"schedule": {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}}},
            id="weekday of month",
        ),
        pytest.param({"cron": "0 0 18 LW * ?"}, {"schedule": {"cron": "0 0 18 LW * ?"}}, id="cron"),
    ],
)
def test_timings(options: dict[str, Any], timing: dict[str, Any]) -> None:
    body = request_body(
        "close-day", RequestOptions("close", None, (), (), None, suspend=False, timing=TimingOptions(**options)), "erp"
    )
    assert body["spec"]["timing"] == timing
    assert object_errors(body) == []


def test_a_description_is_for_people() -> None:
    timing = TimingOptions(daily="02:30")
    options = RequestOptions("close", None, (), (), None, suspend=False, timing=timing, description="Closes the day")
    body = request_body("close-day", options, "erp")
    assert body["spec"]["description"] == "Closes the day"
    assert object_errors(body) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "exactly one of --immediately, --later", id="none"),
        pytest.param({"daily": "02:30", "cron": "@daily"}, "exactly one of", id="two"),
        pytest.param({"weekly": "Monday"}, "--weekly needs --at", id="no time of day"),
        pytest.param({"daily": "02:30", "at": "03:00"}, "--daily has no use for --at", id="two times of day"),
        pytest.param({"cron": "@daily", "days": "Weekdays"}, "--days goes with --daily", id="days of cron"),
        pytest.param({"every": "1500ms"}, "is not an interval of whole seconds", id="a fraction"),
        pytest.param({"immediately": True, "time_zone": "Etc/UTC"}, "do not fit", id="zone of one run"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        timing_of(TimingOptions(**options))
    assert caught.value.status == Exit.USAGE


def test_image_and_command() -> None:
    options = RequestOptions(
        None, "erp:1", ("close", "--all"), ("A=1",), "Forbid", suspend=True, timing=TimingOptions(daily="02:30")
    )
    body = request_body("close-day", options, None)
    assert object_errors(body) == []
    (container,) = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "main", "image": "erp:1", "command": ["close", "--all"]}
    assert body["spec"]["suspend"] is True
    assert body["spec"]["parameters"] == [{"name": "A", "value": "1"}]


@pytest.mark.parametrize("given", [("close", "erp:1"), (None, None)])
def test_process_or_image(given: tuple[str | None, str | None]) -> None:
    with pytest.raises(CommandError, match="and not both"):
        request_body(
            "x", RequestOptions(*given, (), (), None, suspend=False, timing=TimingOptions(immediately=True)), None
        )
