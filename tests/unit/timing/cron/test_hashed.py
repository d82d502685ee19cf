"""H in a cron expression: the value that each request draws for itself."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.cron.standard import parse_cron, resolve_cron
from process_operator.timing.cronjob_equivalent import CronSchedule, cronjob_equivalent
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule

KEY = "default/report"
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        pytest.param("H H * * *", "2 14 * * *", id="minute and hour draw for themselves"),
        pytest.param("H/15 * * * *", "2-59/15 * * * *", id="a step draws where it begins"),
        pytest.param("0 0 H * *", "0 0 25 * *", id="a day that every month has"),
        pytest.param("0 H(9-17) * * *", "0 17 * * *", id="hours of a range"),
        pytest.param("0 H(9-17)/4 * * *", "0 11-17/4 * * *", id="steps in a range begin in its first step"),
        pytest.param("0 0 1 H *", "0 0 1 10 *", id="a month"),
        pytest.param("0 0 * * H", "0 0 * * 5", id="a weekday"),
        pytest.param("0 0 * * H(1-5)", "0 0 * * 5", id="a weekday of a range, from Sunday = 0"),
        pytest.param("0 0 * * H(MON-fri)", "0 0 * * 5", id="a weekday of a range by names"),
        pytest.param("H,30 0 * * THU", "2,30 0 * * THU", id="an item of a list, and an H in a name"),
        pytest.param("H(7-7) 0 * * *", "7 0 * * *", id="a range of one value"),
        pytest.param("H/100 0 * * *", "2-59/100 0 * * *", id="a step longer than the range draws from all of it"),
        pytest.param(" @daily ", "@daily", id="a macro stays"),
        pytest.param("0  0 * *\t*", "0 0 * * *", id="nothing to draw"),
    ],
)  # fmt: skip
def test_values(text: str, resolved: str) -> None:
    assert resolve_cron(text, KEY) == resolved
    assert parse_cron(text, KEY) == parse_cron(resolved)


def test_a_step_selects_every_nth_value_from_the_one_drawn() -> None:
    assert parse_cron("H/15 * * * *", KEY).minutes == {2, 17, 32, 47}


def test_h_is_no_star_for_the_day_rule() -> None:
    assert parse_cron("0 0 H * 1", KEY).either
    assert parse_cron("0 0 H/1 * 1", KEY).either


def test_values_are_spread_evenly_over_requests() -> None:
    drawn = Counter(next(iter(parse_cron("H 0 * * *", f"default/report-{n}").minutes)) for n in range(6000))

    assert set(drawn) == set(range(60))
    assert max(drawn.values()) < 150


def test_a_request_fires_at_what_it_drew_and_so_does_its_cronjob() -> None:
    schedule = Schedule.model_validate({"cron": "H H * * *"})

    recurrence = compile_schedule(schedule, since=NEW_YEAR, key=KEY)
    assert recurrence.next_after(NEW_YEAR) == datetime(2027, 1, 1, 14, 2, tzinfo=UTC)
    equivalent = cronjob_equivalent(schedule, since=NEW_YEAR, now=NEW_YEAR, key=KEY)
    assert equivalent == CronSchedule("2 14 * * *", "Etc/UTC")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("H(20-10) 0 * * *", "minute 'H(20-10)': the range goes backwards", id="a range backwards"),
        pytest.param("0 H(9-24) * * *", "hour 'H(9-24)': 24 is out of range; allowed are 0 to 23", id="out of range"),
        pytest.param("0 0 * * H(1-7)", "weekday 'H(1-7)': 7 is out of range; allowed are 0 to 6", id="weekday 7"),
        pytest.param("H() 0 * * *", "H is written H, H(a-b), H/n or H(a-b)/n", id="empty brackets"),
        pytest.param("H(5) 0 * * *", "H is written H, H(a-b), H/n or H(a-b)/n", id="one value in brackets"),
        pytest.param("H-5 0 * * *", "H is written H, H(a-b), H/n or H(a-b)/n", id="a range from H"),
        pytest.param("H/0 0 * * *", "the step after / must be a whole number from 1", id="a step of zero"),
        pytest.param("H/ 0 * * *", "the step after / must be a whole number from 1", id="no step"),
        pytest.param("H(-5) 0 * * *", "a value is missing; allowed are 0 to 59", id="no beginning"),
        pytest.param("h 0 * * *", "'h' is not a value", id="a small letter"),
        pytest.param("0-H 0 * * *", "'H' is not a value", id="a range to H"),
    ],
)
def test_rejected(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_cron(text, KEY)

    assert (caught.value.reason, caught.value.field) == ("InvalidSchedule", CRON_FIELD)
    assert message in caught.value.message
