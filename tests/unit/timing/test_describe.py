"""A timing in words."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.resources.schedule import Timing
from process_operator.timing.describe import describe_timing

MADRID = {"timeZone": "Europe/Madrid"}


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        ({"runImmediately": {}}, "run immediately"),
        ({"runLater": {"startTime": "2027-01-01T01:00:00+01:00"}}, "run later at 2027-01-01T00:00:00Z"),
        ({"runLater": {"after": "15m"}}, "run later, 15m after it is scheduled"),
    ],
)
def test_one_shot_timings(timing: dict[str, Any], words: str) -> None:
    assert describe_timing(Timing.model_validate(timing)) == words


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"secondly": {"every": 30}, **MADRID}, "every 30 seconds"),
        ({"secondly": {"every": 1}}, "every second"),
        ({"minutely": {"every": 1}}, "every minute"),
        ({"hourly": {"every": 24}}, "every 24 hours"),
        ({"daily": {"at": "02:30"}, **MADRID}, "daily at 02:30 Europe/Madrid"),
        ({"daily": {"at": "02:30:15", "every": 1}}, "daily at 02:30:15 Etc/UTC"),
        ({"daily": {"at": "02:30", "every": 2}}, "every 2 days at 02:30 Etc/UTC"),
        ({"daily": {"at": "02:30", "days": "Weekdays"}}, "weekdays at 02:30 Etc/UTC"),
        ({"daily": {"at": "02:30", "days": "Weekends"}}, "weekends at 02:30 Etc/UTC"),
        ({"weekly": {"at": "06:00", "days": ["Friday", "Monday"]}}, "weekly on Mon, Fri at 06:00 Etc/UTC"),
        ({"weekly": {"at": "06:00", "days": ["Sunday"], "every": 3}}, "every 3 weeks on Sun at 06:00 Etc/UTC"),
        ({"monthly": {"at": "06:00", "day": 31}}, "monthly on day 31 at 06:00 Etc/UTC"),
        ({"monthly": {"at": "06:00", "day": "Last"}}, "monthly on the last day at 06:00 Etc/UTC"),
        (
            {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}, **MADRID},
            "monthly on the last Friday at 18:00 Europe/Madrid",
        ),
        ({"monthly": {"at": "06:00", "day": 1, "every": 3}}, "every 3 months on day 1 at 06:00 Etc/UTC"),
        ({"cron": "30  2 * * *", **MADRID}, "cron 30 2 * * * Europe/Madrid"),
        ({"cron": "@daily"}, "cron @daily Etc/UTC"),
        ({"cron": "@daily", "timeZone": "Etc/GMT+5"}, "cron @daily Etc/GMT+5 (UTC-5)"),
        ({"daily": {"at": "02:30"}, "timeZone": "Etc/GMT-14"}, "daily at 02:30 Etc/GMT-14 (UTC+14)"),
        ({"daily": {"at": "02:30"}, "timeZone": "Etc/GMT-0"}, "daily at 02:30 Etc/GMT-0"),
        ({"cron": "H H(0-5) * * *"}, "cron H H(0-5) * * * Etc/UTC"),
        ({"cron": "0 30  7 ? * FRI#3 2027", **MADRID}, "cron 0 30 7 ? * FRI#3 2027 Europe/Madrid"),
    ],
)
def test_schedules(schedule: dict[str, Any], words: str) -> None:
    assert describe_timing(Timing.model_validate({"schedule": schedule})) == words
