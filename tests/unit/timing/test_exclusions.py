"""Excluded dates and times, and jitter: what is left of a schedule, and when that is due."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders.instants import at

from process_operator.resources.schedule import Schedule
from process_operator.timing.days import day_number
from process_operator.timing.errors import ScheduleError
from process_operator.timing.exclusions import Exclusions, Span, day_range, read_exclude
from process_operator.timing.recurrence import Recurrence, check_schedule, compile_schedule

_MADRID = ZoneInfo("Europe/Madrid")
INSTANT = timedelta(microseconds=1)
KEY = "default/report"


def seconds(text: str) -> int:
    return int(at(text).timestamp())


def compiled(since: str, spec: dict[str, Any], **known: Any) -> Recurrence:
    return compile_schedule(Schedule.model_validate(spec), since=at(since), key=KEY, **known)


MADRID = {"timeZone": "Europe/Madrid"}
ROWS = [
    pytest.param(
        "2027-12-22", {"daily": {"at": "09:00"}, "exclude": ["2027-12-24/2027-12-26", "2027-12-28"]},
        ["2027-12-22T09:00", "2027-12-23T09:00", "2027-12-27T09:00", "2027-12-29T09:00"],
        id="a range includes both ends",
    ),
    pytest.param(
        "2027-03-01", {"daily": {"at": "00:30"}, **MADRID, "exclude": ["2027-03-03"]},
        ["2027-03-01T23:30", "2027-03-03T23:30"],
        id="the date is the local one",
    ),
    pytest.param(
        "2027-03-27", {"cron": "30 23 * * 6", "timeZone": "America/Nuuk", "exclude": ["2027-03-27"]},
        ["2027-04-04T00:30"],
        id="a tick that a gap moves past midnight is excluded by the date it was named on",
    ),
    pytest.param(
        "2027-03-27", {"cron": "30 23 * * 6", "timeZone": "America/Nuuk", "exclude": ["2027-03-28"]},
        ["2027-03-28T01:00"],
        id="a tick that a gap moves past midnight is not excluded by the date it is moved to",
    ),
    pytest.param(
        "2027-10-30T20:00", {"cron": "0 * * * *", **MADRID, "exclude": ["2027-10-31"]},
        ["2027-10-30T21:00", "2027-10-31T23:00"],
        id="a date of 25 hours is excluded whole",
    ),
    pytest.param(
        "2027-03-27T21:30", {"hourly": {"every": 1}, **MADRID, "startTime": "2027-03-27T22:00:00Z",
                              "exclude": ["2027-03-28"]},
        ["2027-03-27T22:00", "2027-03-28T22:00"],
        id="an elapsed timing is excluded by the local date of its instants, here one of 23 hours",
    ),
    pytest.param(
        "2027-01-01", {"secondly": {"every": 7}, "startTime": "2027-01-01T23:59:55Z", "exclude": ["2027-01-02"]},
        ["2027-01-01T23:59:55", "2027-01-03T00:00:03"],
        id="an excluded date does not shift the grid",
    ),
    pytest.param(
        "2026-12-31T12:00", {"monthly": {"at": "06:00", "day": 1}, "exclude": ["2027-01-01", "2027-03-01"]},
        ["2027-02-01T06:00", "2027-04-01T06:00"],
        id="a month whose day is excluded has none",
    ),
    pytest.param(
        "2026-12-31T12:00", {"daily": {"at": "06:00", "every": 2}, "startTime": "2027-01-01T00:00:00Z",
                             "exclude": ["2027-01-03"]},
        ["2027-01-01T06:00", "2027-01-05T06:00"],
        id="every second day continues counting over an excluded one",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("since", "spec", "wanted"), ROWS)
def test_excluded_dates(since: str, spec: dict[str, Any], wanted: list[str]) -> None:
    recurrence = compiled(since, spec)
    expected = [at(text) for text in wanted]
    assert recurrence.between(at(since), expected[-1], limit=100) == expected
    assert recurrence.newest(at(since), expected[-1], limit=100) == expected
    assert recurrence.count(at(since), expected[-1]) == len(expected)


@pytest.mark.parametrize(
    ("timing", "wanted"),
    [
        ({"cron": "*/30 * * * *"}, ["08:30", "10:30"]),
        ({"minutely": {"every": 30}, "startTime": "2027-05-03T08:00:00Z"}, ["08:30", "10:30"]),
        ({"cron": "30 9 * * *"}, []),
        ({"cron": "0 9,11 * * *"}, ["11:00"]),
    ],
    ids=["by the clock", "by elapsed time", "one time of day that is taken", "one of two that is taken"],
)
def test_a_timed_event_excludes_from_its_start_to_before_its_end(timing: dict[str, Any], wanted: list[str]) -> None:
    event = Exclusions(spans=(Span(seconds("2027-05-03T09:00"), seconds("2027-05-03T10:30")),))
    expected = [at(f"2027-05-03T{clock}") for clock in wanted]
    until = at("2027-05-03T11:00") if "11:00" in wanted else at("2027-05-03T10:59")
    recurrence = compiled("2027-05-03T08:00", timing, excluded=event)
    low = at("2027-05-03T08:00")
    assert recurrence.between(low, until, limit=9) == expected
    assert recurrence.newest(low, until, limit=9) == expected
    assert recurrence.count(low, until) == len(expected)


def test_a_floating_event_is_in_the_zone_of_the_schedule() -> None:
    nine = day_number(at("2027-05-03").date()) * 86400 + 9 * 3600
    event = Exclusions(floating=(Span(nine, nine + 3600),))
    spec = {"cron": "0 * * * *", **MADRID}
    assert compiled("2027-05-03T06:30", spec, excluded=event).next_after(at("2027-05-03T06:30")) == at(
        "2027-05-03T08:00"
    )


def test_what_was_excluded_before_a_change_holds_up_to_it() -> None:
    changed = at("2027-05-04T12:00")
    before = Exclusions(days=day_range(*[day_number(at("2027-05-04").date())] * 2))
    then = Exclusions(days=day_range(*[day_number(at("2027-05-05").date())] * 2))
    recurrence = compiled("2027-05-03", {"hourly": {"every": 8}, "startTime": "2027-05-03T06:00:00Z"},
                          excluded=then, earlier=[(changed, before)])  # fmt: skip
    wanted = [at(f"2027-05-{text}:00") for text in ("03T06", "03T14", "03T22", "04T14", "04T22", "06T06")]
    assert recurrence.between(at("2027-05-03"), at("2027-05-06T06:00"), limit=20) == wanted
    assert recurrence.newest(at("2027-05-03"), at("2027-05-06T06:00"), limit=20) == wanted
    assert recurrence.count(at("2027-05-03"), at("2027-05-06T06:00")) == 6


@pytest.mark.parametrize(
    ("exclude", "index", "message"),
    [
        (["2027-12-25", "2027-02-30"], 1, "2027-02-30 is not a date"),
        (["2027-02-28/2027-02-29"], 0, "2027-02-29 is not a date"),
        (["2028-01-06/2027-12-24"], 0, "ends before it starts"),
        (["2300-01-01"], 0, "from 1970-01-01 to 2199-12-31"),
        (["0000-01-01"], 0, "from 1970-01-01 to 2199-12-31"),
    ],
)
def test_a_date_that_cannot_be_is_rejected_by_its_index(exclude: list[str], index: int, message: str) -> None:
    with pytest.raises(ScheduleError, match=message) as caught:
        read_exclude(tuple(exclude))
    assert (caught.value.reason, caught.value.field) == ("InvalidSchedule", f"spec.timing.schedule.exclude[{index}]")


def test_a_schedule_of_which_everything_is_excluded_never_fires() -> None:
    spec = {"cron": "0 9 25 12 *", "exclude": [f"{year}-12-25" for year in range(2026, 2070)]}
    with pytest.raises(ScheduleError, match="every time of the schedule is excluded") as caught:
        check_schedule(Schedule.model_validate(spec), now=at("2027-01-01"))
    assert (caught.value.reason, caught.value.field) == ("NeverFires", "spec.timing.schedule.exclude")


@pytest.mark.parametrize(
    "timing",
    [{"secondly": {"every": 1}}, {"cron": "* * * * * ?"}, {"cron": "* * * * *"}, {"minutely": {"every": 1}}],
    ids=["every second", "every second by the clock", "every minute", "every minute, elapsed"],
)
def test_a_year_without_ticks_is_one_jump(timing: dict[str, Any]) -> None:
    spec = {**timing, **MADRID, "exclude": ["2027-01-02/2027-12-31"]}
    recurrence = compiled("2027-01-01", spec)
    recurrence.next_after(at("2027-01-02"))  # the zone is looked up once
    fastest = min(_timed(recurrence) for _ in range(20))
    # To go through the year takes seconds, and its minutes alone a tenth of one.
    assert fastest < 0.02


def _timed(recurrence: Recurrence) -> float:
    begun = time.process_time()
    assert recurrence.next_after(at("2027-01-02T06:00")) == at("2027-12-31T23:00")
    assert recurrence.previous(at("2027-12-31T22:59")) < at("2027-01-01T23:00")  # type: ignore[operator]
    assert recurrence.count(at("2027-01-02"), at("2027-12-31T22:59")) == 0
    return time.process_time() - begun


TIMINGS = st.sampled_from(
    [
        {"daily": {"at": "02:30"}},
        {"cron": "*/20 * * * *"},
        {"cron": "15 1-3 * * *"},
        {"hourly": {"every": 5}, "startTime": "2027-03-20T00:10:00Z"},
        {"minutely": {"every": 45}, "startTime": "2027-10-20T00:10:00Z"},
    ]
)
SPANS = st.lists(st.tuples(st.integers(0, 60 * 86400), st.integers(1, 3 * 86400)), max_size=6)
DAYS = st.lists(st.integers(0, 60), max_size=12)


@settings(max_examples=60, deadline=None)
@given(timing=TIMINGS, spans=SPANS, days=DAYS, autumn=st.booleans())
def test_searches_agree_with_leaving_out_one_by_one(
    timing: dict[str, Any], spans: list[tuple[int, int]], days: list[int], *, autumn: bool
) -> None:
    begin = at("2027-10-05" if autumn else "2027-03-05")
    low, first_day = int(begin.timestamp()), day_number(begin.date())
    bits = sum(1 << (first_day + day) for day in set(days))
    excluded = Exclusions(bits, tuple(Span(low + start, low + start + length) for start, length in spans))
    spec = {**timing, "timeZone": "Europe/Madrid"}
    plain, recurrence = compiled("2027-01-01", spec), compiled("2027-01-01", spec, excluded=excluded)
    until = begin + timedelta(days=60)

    def is_left(tick: datetime) -> bool:
        wall = plain.wall_time(tick)
        if wall is None:
            wall = tick.astimezone(_MADRID).replace(tzinfo=None)
        inside = any(span.start <= tick.timestamp() < span.end for span in excluded.spans)
        return not inside and not bits >> day_number(wall.date()) & 1

    wanted = [tick for tick in plain.between(begin, until, limit=10_000) if is_left(tick)]
    assert recurrence.between(begin, until, limit=10_000) == wanted
    assert recurrence.newest(begin, until, limit=10_000) == wanted
    assert recurrence.count(begin, until) == len(wanted)
    middle = begin + timedelta(days=31, hours=5)
    assert recurrence.count(begin, middle) + recurrence.count(middle, until) == len(wanted)


# ---- jitter


def test_jitter_is_drawn_from_the_name_and_the_nominal_instant() -> None:
    recurrence = compiled("2027-01-01", {"daily": {"at": "09:00"}, "jitter": "600s"})
    assert recurrence.due_at(at("2027-03-01T09:00")) == at("2027-03-01T09:00:20")
    assert recurrence.due_at(at("2027-03-02T09:00")) == at("2027-03-02T09:09:27")
    assert recurrence.next_after(at("2027-03-01T09:00")) == at("2027-03-02T09:00")


@pytest.mark.parametrize("every", [1, 7, 60])
@pytest.mark.parametrize("jitter", ["1s", "5s", "24h"])
def test_a_tick_is_due_before_its_successor(every: int, jitter: str) -> None:
    recurrence = compiled("2027-01-01", {"secondly": {"every": every}, "jitter": jitter})
    ticks = recurrence.between(recurrence.floor, at("2027-02-01"), limit=200)
    due = [recurrence.due_at(tick) for tick in ticks]
    assert all(tick <= when < tick + timedelta(seconds=every) for tick, when in zip(ticks, due, strict=True))
    assert due == sorted(due)


def test_the_last_tick_has_its_jitter_too() -> None:
    spec = {"daily": {"at": "09:00"}, "jitter": "600s", "finishTime": "2027-03-02T09:00:00Z"}
    assert compiled("2027-01-01", spec).due_at(at("2027-03-02T09:00")) == at("2027-03-02T09:09:27")


@pytest.mark.parametrize(
    ("now", "through"),
    [
        ("2027-03-02T08:59:59", "2027-03-02T08:59:59"),
        ("2027-03-02T09:00:00", None),
        ("2027-03-02T09:09:26", None),
        ("2027-03-02T09:09:27", "2027-03-02T09:09:27"),
        ("2027-03-03T08:00:00", "2027-03-03T08:00:00"),
    ],
)
def test_a_tick_that_has_come_is_not_due_before_its_jitter_is_over(now: str, through: str | None) -> None:
    recurrence = compiled("2027-01-01", {"daily": {"at": "09:00"}, "jitter": "600s"})
    wanted = at("2027-03-02T09:00") - INSTANT if through is None else at(through)
    assert recurrence.due_through(at(now)) == wanted
    assert recurrence.due_before(at(now) + INSTANT) == wanted + INSTANT
