"""Schedules and their ticks: bounds, anchors, days, and the worked examples of the ERP's tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at

from process_operator.resources.schedule import Schedule
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import Recurrence, TickSpan, check_schedule, compile_schedule

FAR = datetime(2199, 12, 31, tzinfo=UTC)


def parse(**spec: object) -> Schedule:
    return Schedule.model_validate(spec)


def compiled(since: str, **spec: object) -> Recurrence:
    return compile_schedule(parse(**spec), since=at(since))


def ticks(since: str, number: int, **spec: object) -> list[datetime]:
    recurrence = compiled(since, **spec)
    return recurrence.between(recurrence.floor, FAR, limit=number)


RULES = [
    pytest.param(
        "2027-01-01T00:01:00", {"secondly": {"every": 7}, "startTime": "2027-01-01T00:00:00Z"},
        ["2027-01-01T00:01:03", "2027-01-01T00:01:10", "2027-01-01T00:01:17"],
        id="a start in the past keeps its grid, and past ticks are not made up",
    ),
    pytest.param(
        "2027-01-01T00:01:00", {"secondly": {"every": 7}},
        ["2027-01-01T00:01:00", "2027-01-01T00:01:07"],
        id="an elapsed timing without a start has its first tick at the beginning of the activation",
    ),
    pytest.param(
        "2027-01-01T00:00:00", {"minutely": {"every": 10}, "startTime": "2027-01-01T00:00:00Z"},
        ["2027-01-01T00:10:00", "2027-01-01T00:20:00"],
        id="a start at the beginning of the activation is not after it",
    ),
    pytest.param(
        "2026-12-31T00:00:00", {"minutely": {"every": 10}, "startTime": "2027-01-01T00:00:00Z"},
        ["2027-01-01T00:00:00", "2027-01-01T00:10:00"],
        id="an elapsed timing has its first tick at a start to come",
    ),
    pytest.param(
        "2026-12-31T00:00:00", {"secondly": {"every": 2}, "startTime": "2027-01-01T00:00:00.25Z"},
        ["2027-01-01T00:00:00.250000", "2027-01-01T00:00:02.250000"],
        id="an elapsed timing keeps a fraction of its start",
    ),
    pytest.param(
        "2026-12-31T00:00:00", {"cron": "* * * * *", "startTime": "2027-01-01T00:00:00.25Z"},
        ["2027-01-01T00:01:00", "2027-01-01T00:02:00"],
        id="a wall timing has whole seconds, after a start with a fraction",
    ),
    pytest.param(
        "2026-12-31T00:00:00", {"cron": "* * * * *", "startTime": "2027-01-01T00:00:00Z"},
        ["2027-01-01T00:00:00", "2027-01-01T00:01:00"],
        id="a tick at the start itself counts",
    ),
    pytest.param(
        "2027-01-01T00:00:00", {"cron": "* * * * *"},
        ["2027-01-01T00:01:00", "2027-01-01T00:02:00"],
        id="a wall timing has no tick at the beginning of the activation itself",
    ),
    pytest.param(
        "2019-10-26T00:00:00",
        {"hourly": {"every": 24}, "timeZone": "Europe/Madrid", "startTime": "2019-10-26T11:10:00Z"},
        ["2019-10-26T11:10", "2019-10-27T11:10", "2019-10-28T11:10"],
        id="every 24 hours is elapsed time, whatever the clocks do",
    ),
    pytest.param(
        "2019-09-27T00:00:00", {"daily": {"at": "17:45:29", "every": 4}, "startTime": "2019-09-27T17:45:29Z"},
        ["2019-09-27T17:45:29", "2019-10-01T17:45:29", "2019-10-05T17:45:29"],
        id="every four days from the day of the start",
    ),
    pytest.param(
        "2027-01-01T00:00:00", {"daily": {"at": "09:00", "every": 3}, "startTime": "2027-03-01T12:00:00Z"},
        ["2027-03-04T09:00", "2027-03-07T09:00"],
        id="a start after the time of day cuts the first tick, and does not shift the grid",
    ),
    pytest.param(
        "2027-01-01T00:00:00",
        {"daily": {"at": "02:30", "every": 2}, "timeZone": "Europe/Madrid", "startTime": "2027-03-25T23:00:00Z"},
        ["2027-03-26T01:30", "2027-03-28T01:00", "2027-03-30T00:30"],
        id="every two days counts local dates, and moves out of a gap",
    ),
    pytest.param(
        "2027-03-27T23:30:00", {"daily": {"at": "09:00", "every": 2}, "timeZone": "Europe/Madrid"},
        ["2027-03-28T07:00", "2027-03-30T07:00"],
        id="without a start the local date of the beginning of the activation is counted from",
    ),
    pytest.param(
        "2027-01-01T00:00:00",
        {"weekly": {"at": "06:00", "days": ["Sunday", "Monday"], "every": 2}, "startTime": "2027-03-03T00:00:00Z"},
        ["2027-03-07T06:00", "2027-03-15T06:00", "2027-03-21T06:00", "2027-03-29T06:00"],
        id="weeks begin on Monday",
    ),
    pytest.param(
        "2026-12-01T00:00:00", {"monthly": {"at": "00:00", "day": 31, "every": 2}, "startTime": "2027-01-01T00:00:00Z"},
        ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31", "2028-01-31"],
        id="a month without the day is skipped",
    ),
    pytest.param(
        "2027-02-01T00:00:00",
        {"monthly": {"at": "18:00", "weekday": {"week": "Last", "day": "Friday"}}, "timeZone": "Europe/Madrid"},
        ["2027-02-26T17:00", "2027-03-26T17:00", "2027-04-30T16:00"],
        id="the last Friday may be the fourth or the fifth",
    ),
    pytest.param(
        "2026-11-15T00:00:00",
        {"monthly": {"at": "00:00", "weekday": {"week": "First", "day": "Monday"}, "every": 3}},
        ["2027-02-01", "2027-05-03", "2027-08-02"],
        id="every three months counts from the month of the anchor, for weekdays too",
    ),
    pytest.param(
        "2027-01-01T00:00:00", {"cron": "0 0 29 2 *"},
        ["2028-02-29", "2032-02-29", "2036-02-29"],
        id="29 February",
    ),
    pytest.param(
        "2096-03-01T00:00:00", {"cron": "0 0 29 2 *"},
        ["2104-02-29", "2108-02-29"],
        id="29 February across 2100",
    ),
]  # fmt: skip

ERP = [
    pytest.param(
        "2019-09-26T15:00:00", {"secondly": {"every": 30}, "startTime": "2019-09-26T15:10:00Z"},
        ["2019-09-26T15:10:00", "2019-09-26T15:10:30", "2019-09-26T15:11:00"],
        id="every 30 seconds",
    ),
    pytest.param(
        "2019-09-27T17:45:29", {"daily": {"at": "17:45:29", "days": "Weekdays"}},
        ["2019-09-30T17:45:29", "2019-10-01T17:45:29"],
        id="weekdays after a Friday begin on Monday",
    ),
    pytest.param(
        "2019-09-27T17:45:29", {"daily": {"at": "17:45:29", "days": "Weekends"}},
        ["2019-09-28T17:45:29", "2019-09-29T17:45:29", "2019-10-05T17:45:29", "2019-10-06T17:45:29"],
        id="weekends",
    ),
    pytest.param(
        "2019-09-23T17:45:29", {"weekly": {"at": "17:45:29", "days": ["Monday", "Friday", "Saturday"]}},
        ["2019-09-27T17:45:29", "2019-09-28T17:45:29", "2019-09-30T17:45:29"],
        id="Monday, Friday and Saturday",
    ),
    *(
        pytest.param(
            "2019-09-23T17:45:29", {"monthly": {"at": "17:45:29", "weekday": {"week": week, "day": day}}},
            [f"{date}T17:45:29" for date in dates],
            id=f"{week} {day}",
        )
        for week, day, dates in (
            ("First", "Monday", ("2019-10-07", "2019-11-04", "2019-12-02", "2020-01-06")),
            ("Second", "Sunday", ("2019-10-13", "2019-11-10", "2019-12-08", "2020-01-12")),
            ("Third", "Tuesday", ("2019-10-15", "2019-11-19", "2019-12-17", "2020-01-21")),
        )
    ),
    pytest.param(
        "2019-09-23T17:45:29", {"monthly": {"at": "17:45:29", "day": "Last"}},
        ["2019-09-30T17:45:29", "2019-10-31T17:45:29", "2019-11-30T17:45:29", "2019-12-31T17:45:29"],
        id="the last day of the month is a calendar day",
    ),
    pytest.param(
        "2019-09-23T17:45:28", {"monthly": {"at": "17:45:29", "day": 23}},
        ["2019-09-23T17:45:29", "2019-10-23T17:45:29", "2019-11-23T17:45:29", "2019-12-23T17:45:29"],
        id="the 23rd",
    ),
    pytest.param(
        "2019-10-26T00:00:00", {"daily": {"at": "13:10"}, "timeZone": "Europe/Madrid"},
        ["2019-10-26T11:10", "2019-10-27T12:10"],
        id="daily stays at 13:10 when the clocks change",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("since", "spec", "expected"), [*RULES, *ERP])
def test_ticks(since: str, spec: dict[str, Any], expected: list[str]) -> None:
    assert ticks(since, len(expected), **spec) == [at(text) for text in expected]


@pytest.mark.parametrize(("since", "spec", "expected"), [*RULES, *ERP])
def test_the_same_ticks_are_found_backwards_and_counted(since: str, spec: dict[str, Any], expected: list[str]) -> None:
    recurrence = compiled(since, **spec)
    last = at(expected[-1])

    assert recurrence.newest(recurrence.floor, last, limit=100) == [at(text) for text in expected]
    assert recurrence.count(recurrence.floor, last) == len(expected)
    assert recurrence.previous(last) == last
    assert recurrence.previous(recurrence.floor) is None


# ---- finishTime


def test_every_30_seconds_with_a_finish_after_31_seconds_runs_twice() -> None:
    recurrence = compiled(
        "2019-09-26T15:00:00",
        secondly={"every": 30},
        startTime="2019-09-26T15:10:00Z",
        finishTime="2019-09-26T15:10:31Z",
    )

    assert recurrence.count(recurrence.floor, FAR) == 2
    assert recurrence.previous(FAR) == at("2019-09-26T15:10:30")
    assert recurrence.next_after(at("2019-09-26T15:10:30")) is None


def test_a_tick_at_the_finish_itself_counts() -> None:
    spec = {"daily": {"at": "02:30"}, "finishTime": "2027-01-02T02:30:00Z"}

    assert ticks("2027-01-01", 5, **spec) == [at("2027-01-01T02:30"), at("2027-01-02T02:30")]


def test_a_start_that_is_the_finish_allows_one_tick() -> None:
    instant = "2027-01-02T02:30:00Z"

    assert ticks("2027-01-01", 5, daily={"at": "02:30"}, startTime=instant, finishTime=instant) == [
        at("2027-01-02T02:30")
    ]


def test_a_finish_before_the_start_is_rejected() -> None:
    with pytest.raises(ScheduleError) as caught:
        compiled("2027-01-01", cron="@daily", startTime="2027-02-02T00:00:00Z", finishTime="2027-02-01T00:00:00Z")

    assert (caught.value.reason, caught.value.field) == ("InvalidSchedule", "spec.timing.schedule.finishTime")


# ---- The interface


def test_at_most_the_limit_is_listed_from_either_end() -> None:
    recurrence = compiled("2027-01-01", minutely={"every": 1})
    until = at("2027-01-01T00:09:30")

    assert recurrence.between(recurrence.floor, until, limit=2) == [at("2027-01-01T00:00"), at("2027-01-01T00:01")]
    assert recurrence.newest(recurrence.floor, until, limit=2) == [at("2027-01-01T00:08"), at("2027-01-01T00:09")]
    assert recurrence.between(recurrence.floor, until, limit=0) == []


def test_before_and_is_tick_stop_at_the_tick_itself() -> None:
    recurrence = compiled("2027-01-01T00:00:00", cron="*/5 * * * *")
    tick = at("2027-01-01T00:10:00")
    assert recurrence.before(tick) == at("2027-01-01T00:05:00")
    assert recurrence.before(tick + timedelta(microseconds=1)) == tick
    assert recurrence.before(at("2027-01-01T00:05:00")) is None
    assert recurrence.is_tick(tick)
    assert not recurrence.is_tick(tick + timedelta(microseconds=1))
    assert not recurrence.is_tick(at("2027-01-01T00:00:00")), "the beginning of the activation is no tick"


def test_before_and_is_tick_know_a_start_with_a_fraction() -> None:
    recurrence = compiled("2026-12-31T00:00:00", secondly={"every": 2}, startTime="2027-01-01T00:00:00.25Z")
    first = at("2027-01-01T00:00:00.25")
    assert recurrence.is_tick(first)
    assert not recurrence.is_tick(at("2027-01-01T00:00:00"))
    assert recurrence.before(first) is None
    assert recurrence.before(at("2027-01-01T00:00:02.25")) == first


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        pytest.param("00:05:00", "00:20:00", ("00:10:00", "00:20:00", 3), id="the first is exclusive, the last is not"),
        pytest.param("00:06:00", "00:14:00", ("00:10:00", "00:10:00", 1), id="one tick is first and last"),
        pytest.param("00:06:00", "00:09:00", None, id="no tick in between"),
        pytest.param("00:20:00", "00:05:00", None, id="the wrong way round"),
        pytest.param("00:28:00", "02:00:00", ("00:30:00", "00:30:00", 1), id="finishTime ends it"),
    ],
)
def test_a_span_is_its_ends_and_its_number(after: str, until: str, expected: tuple[str, str, int] | None) -> None:
    recurrence = compiled("2027-01-01T00:00:00", cron="*/5 * * * *", finishTime="2027-01-01T00:30:00Z")
    day = "2027-01-01T"
    wanted = None if expected is None else TickSpan(at(day + expected[0]), at(day + expected[1]), expected[2])
    assert recurrence.span(at(day + after), at(day + until)) == wanted


def test_both_ends_of_a_span_are_kept() -> None:
    recurrence = compiled("2027-01-01", minutely={"every": 1})
    after, until = at("2027-01-01T00:01"), at("2027-01-01T00:03")

    assert recurrence.between(after, until, limit=9) == [at("2027-01-01T00:02"), until]
    assert recurrence.newest(after, until, limit=9) == [at("2027-01-01T00:02"), until]
    assert recurrence.count(after, until) == 2
    assert recurrence.count(until, after) == 0


@pytest.mark.parametrize(
    ("spec", "floor"),
    [
        pytest.param({"minutely": {"every": 1}}, "2026-12-31T23:59:59.999999", id="just before a first tick at once"),
        pytest.param(
            {"minutely": {"every": 1}, "startTime": "2027-02-01T00:00:00Z"}, "2027-01-01", id="elapsed with a start"
        ),
        pytest.param({"cron": "@daily", "startTime": "2027-02-01T00:00:00Z"}, "2027-01-01", id="wall timing"),
    ],
)  # fmt: skip
def test_the_floor_is_the_beginning_of_the_activation(spec: dict[str, Any], floor: str) -> None:
    assert compiled("2027-01-01", **spec).floor == at(floor)


def test_the_beginning_of_the_activation_is_cut_to_the_second() -> None:
    assert ticks("2027-01-01T00:00:00.700000", 1, hourly={"every": 1}) == [at("2027-01-01T00:00:00")]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"cron": "*/5 * * * *"}, True, id="cron"),
        pytest.param({"daily": {"at": "02:30"}}, True, id="a time of day without seconds"),
        pytest.param({"daily": {"at": "02:30:01"}}, False, id="a time of day with seconds"),
        pytest.param({"secondly": {"every": 30}}, False, id="half minutes"),
        pytest.param({"secondly": {"every": 120}}, True, id="seconds that are whole minutes"),
        pytest.param({"minutely": {"every": 1}, "startTime": "2027-01-01T00:00:30Z"}, False, id="from a half one"),
        pytest.param({"minutely": {"every": 1}, "startTime": "2027-01-01T00:00:00.5Z"}, False, id="from a fraction"),
        pytest.param({"minutely": {"every": 1}, "startTime": "2027-01-01T00:00:00Z"}, True, id="from a whole one"),
    ],
)  # fmt: skip
def test_whole_minutes(spec: dict[str, Any], *, expected: bool) -> None:
    assert compiled("2027-01-01", **spec).whole_minutes is expected


def test_a_zone_with_odd_seconds_has_no_whole_minutes() -> None:
    assert not compiled("1971-01-01", cron="@hourly", timeZone="Africa/Monrovia").whole_minutes


def test_instants_in_other_zones_are_understood() -> None:
    madrid_noon = datetime.fromisoformat("2027-01-01T12:00:00+01:00")

    assert compiled("2027-01-01", hourly={"every": 1}).next_after(madrid_noon) == at("2027-01-01T12:00")


def test_a_century_of_seconds_is_counted_without_listing() -> None:
    recurrence = compiled("2027-01-01", secondly={"every": 1})

    assert recurrence.count(at("2027-01-01"), at("2127-01-01")) == 36524 * 86400


def test_nothing_is_left_at_the_end_of_2199() -> None:
    assert compiled("2027-01-01", secondly={"every": 1}).next_after(FAR + timedelta(days=1)) is None
    assert compiled("2027-01-01", cron="@daily").next_after(FAR) is None


# ---- Rejected


@dataclass(frozen=True)
class Rejected:
    """A schedule, and the error about it."""

    id: str
    spec: dict[str, Any]
    reason: str
    field: str
    message: str


REJECTED: Final = [
    Rejected(
        "31 February",
        spec={"cron": "0 0 31 2 *"},
        reason="NeverFires",
        field="cron",
        message="no such time in the 41 years after 2027-01-01",
    ),
    Rejected(
        "the 31st of short months",
        spec={"cron": "0 0 31 4,6,9,11 *"},
        reason="NeverFires",
        field="cron",
        message="no such time",
    ),
    Rejected(
        "no tick between start and finish",
        spec={"daily": {"at": "02:30"}, "startTime": "2027-01-01T03:00:00Z", "finishTime": "2027-01-01T04:00:00Z"},
        reason="NeverFires",
        field="finishTime",
        message="between its start and finishTime",
    ),
    Rejected(
        "a finish in the past",
        spec={"cron": "@daily", "finishTime": "2026-12-31T00:00:00Z"},
        reason="NeverFires",
        field="finishTime",
        message="finishTime",
    ),
    Rejected(
        "30 February by the month",
        spec={"monthly": {"at": "00:00", "day": 30, "every": 12}, "startTime": "2027-02-01T00:00:00Z"},
        reason="NeverFires",
        field="",
        message="no such time",
    ),
    Rejected(
        "a start at the end of time",
        spec={"cron": "@daily", "startTime": "2199-12-31T12:00:00Z"},
        reason="NeverFires",
        field="cron",
        message="no such time",
    ),
    Rejected(
        "a zone misspelt",
        spec={"cron": "@daily", "timeZone": "Europe/Madird"},
        reason="InvalidTimeZone",
        field="timeZone",
        message="did you mean Europe/Madrid?",
    ),
    Rejected(
        "a zone that is not there, also where it is not needed",
        spec={"secondly": {"every": 1}, "timeZone": "Mars"},
        reason="InvalidTimeZone",
        field="timeZone",
        message="such as",
    ),
    Rejected("no timing", spec={}, reason="InvalidSchedule", field="", message="exactly one of secondly"),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.id)
def test_rejected(case: Rejected) -> None:
    with pytest.raises(ScheduleError) as caught:
        check_schedule(parse(**case.spec), now=at("2027-01-01"))

    assert (caught.value.reason, caught.value.field) == (case.reason, f"spec.timing.schedule.{case.field}".rstrip("."))
    assert case.message in caught.value.message
    assert str(caught.value) == f"{caught.value.field}: {caught.value.message}"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"cron": "0 0 29 2 *"}, id="every fourth year"),
        pytest.param({"cron": "0 0 29 2 *", "startTime": "2096-03-01T00:00:00Z"}, id="eight years from a late start"),
        pytest.param(
            {"monthly": {"at": "00:00", "day": 29, "every": 120}, "startTime": "2028-02-01T00:00:00Z"},
            id="every ten years",
        ),
        pytest.param({"cron": "@daily", "finishTime": "2027-01-02T00:00:00Z"}, id="one tick, at the finish"),
    ],
)  # fmt: skip
def test_accepted(spec: dict[str, Any]) -> None:
    check_schedule(parse(**spec), now=at("2027-01-01"))


def test_what_comes_after_41_years_is_never() -> None:
    # Every ninth February, and of those the leap year is 2100, which is none.
    late = {"monthly": {"at": "00:00", "day": 29, "every": 9 * 12}, "startTime": "2073-02-01T00:00:00Z"}
    assert ticks("2027-01-01", 1, **late) == [at("2136-02-29")]

    with pytest.raises(ScheduleError, match="no such time"):
        check_schedule(parse(**late), now=at("2027-01-01"))
