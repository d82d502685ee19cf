"""Wall timings at clock changes: gaps, folds, and dates that do not exist."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.builders.instants import at

from process_operator.resources.schedule import Schedule
from process_operator.timing.recurrence import Recurrence, compile_schedule


def compiled(zone: str, cron: str, since: str) -> Recurrence:
    return compile_schedule(Schedule.model_validate({"timeZone": zone, "cron": cron}), since=at(since))


MADRID = "Europe/Madrid"
LORD_HOWE = "Australia/Lord_Howe"
HAVANA = "America/Havana"  # in spring 2024: Cuba stays on summer time from 2026 to 2027
NUUK = "America/Nuuk"

TABLE = [
    pytest.param(
        MADRID, "30 2 * * *", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T00:30"],
        id="a time in a gap runs at the first instant after it",
    ),
    pytest.param(
        MADRID, "0 3 * * *", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T01:00"],
        id="the time at which a gap ends is an ordinary one",
    ),
    pytest.param(
        MADRID, "0,30 2,3 * * *", "2027-03-28T00:00",
        ["2027-03-28T01:00", "2027-03-28T01:30", "2027-03-29T00:00"],
        id="times that meet at the end of a gap are one tick",
    ),
    pytest.param(
        MADRID, "0 1-3 * * *", "2027-03-27T12:00",
        ["2027-03-28T00:00", "2027-03-28T01:00", "2027-03-28T23:00"],
        id="a range of hours across a gap loses the hour that meets the next",
    ),
    pytest.param(
        MADRID, "0 */2 * * *", "2027-03-27T22:00",
        ["2027-03-27T23:00", "2027-03-28T01:00", "2027-03-28T02:00", "2027-03-28T04:00"],
        id="every second hour is fixed, and is moved out of a gap",
    ),
    pytest.param(
        MADRID, "30 * * * *", "2027-03-28T00:00",
        ["2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"],
        id="an hourly pattern is not moved out of a gap",
    ),
    pytest.param(
        MADRID, "*/15 2 * * *", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T00:00"],
        id="a whole hour in a gap is one tick",
    ),
    pytest.param(
        MADRID, "30 1-4 * * *", "2027-03-28T00:00",
        ["2027-03-28T00:30", "2027-03-28T01:00", "2027-03-28T01:30", "2027-03-28T02:30"],
        id="a moved tick stands between its neighbours",
    ),
    pytest.param(
        MADRID, "30 2 * * *", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30"],
        id="a time in a fold runs once, the first time",
    ),
    pytest.param(
        MADRID, "0 1-3 * * *", "2027-10-30T12:00",
        ["2027-10-30T23:00", "2027-10-31T00:00", "2027-10-31T02:00"],
        id="a range of hours runs once in a fold",
    ),
    pytest.param(
        MADRID, "0 */2 * * *", "2027-10-30T21:00",
        ["2027-10-30T22:00", "2027-10-31T00:00", "2027-10-31T03:00", "2027-10-31T05:00"],
        id="every second hour runs once in a fold",
    ),
    pytest.param(
        MADRID, "*/15 2 * * *", "2027-10-30T12:00",
        ["2027-10-31T00:00", "2027-10-31T00:15", "2027-10-31T00:30", "2027-10-31T00:45", "2027-11-01T01:00"],
        id="minutes of a fixed hour run once in a fold",
    ),
    pytest.param(
        MADRID, "*/15 2 * * *", "2027-10-31T01:20",
        ["2027-11-01T01:00", "2027-11-01T01:15"],
        id="an activation that begins in the second pass of a fold has no tick in it",
    ),
    pytest.param(
        MADRID, "*/15 * * * *", "2027-10-31T00:20",
        ["2027-10-31T00:30", "2027-10-31T00:45", "2027-10-31T01:00", "2027-10-31T01:15", "2027-10-31T01:30",
         "2027-10-31T01:45", "2027-10-31T02:00"],
        id="a pattern of every hour runs in both passes of a fold",
    ),
    pytest.param(
        MADRID, "15 0-11,12-23 * * *", "2027-10-31T00:00",
        ["2027-10-31T00:15", "2027-10-31T01:15", "2027-10-31T02:15"],
        id="hours that are all there by value cover every hour",
    ),
    pytest.param(
        LORD_HOWE, "15 2 * * *", "2027-10-02T00:00",
        ["2027-10-02T15:30", "2027-10-03T15:15"],
        id="a gap of half an hour",
    ),
    pytest.param(
        LORD_HOWE, "0 * * * *", "2027-10-02T14:00",
        ["2027-10-02T14:30", "2027-10-02T16:00", "2027-10-02T17:00"],
        id="an hourly pattern across a gap of half an hour keeps its reading",
    ),
    pytest.param(
        LORD_HOWE, "10 * * * *", "2027-10-02T15:00",
        ["2027-10-02T16:10", "2027-10-02T17:10"],
        id="an hourly pattern has no tick at the end of a gap",
    ),
    pytest.param(
        LORD_HOWE, "45 1 * * *", "2027-04-03T00:00",
        ["2027-04-03T14:45", "2027-04-04T15:15"],
        id="a fold of half an hour",
    ),
    pytest.param(
        LORD_HOWE, "*/15 * * * *", "2027-04-03T14:15",
        ["2027-04-03T14:30", "2027-04-03T14:45", "2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30"],
        id="a fold of half an hour runs twice in a pattern of every hour",
    ),
    pytest.param(
        "Asia/Beirut", "0 0 * * *", "2027-03-26T12:00",
        ["2027-03-26T22:00", "2027-03-27T22:00", "2027-03-28T21:00"],
        id="a midnight in a gap runs at one o'clock",
    ),
    pytest.param(
        HAVANA, "0 0 * * *", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-11T04:00"],
        id="a midnight gap west of Greenwich",
    ),
    pytest.param(
        HAVANA, "30 0 * * *", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-11T04:30"],
        id="half past a midnight in a gap",
    ),
    pytest.param(
        HAVANA, "0 */6 * * 0", "2024-03-09T12:00",
        ["2024-03-10T05:00", "2024-03-10T10:00", "2024-03-10T16:00", "2024-03-10T22:00"],
        id="a Sunday whose midnight is in a gap is still that Sunday",
    ),
    pytest.param(
        HAVANA, "0 0 * * *", "2027-11-06T12:00",
        ["2027-11-07T04:00", "2027-11-08T05:00"],
        id="a midnight in a fold runs once",
    ),
    pytest.param(
        NUUK, "30 23 * * 6", "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-04-04T00:30"],
        id="a gap before midnight moves a Saturday's tick into Sunday",
    ),
    pytest.param(
        NUUK, "30 23 * * *", "2027-10-30T12:00",
        ["2027-10-31T00:30", "2027-11-01T01:30"],
        id="a fold before midnight runs once",
    ),
    pytest.param(
        NUUK, "30 * * * 6", "2027-10-31T00:00",
        ["2027-10-31T00:30", "2027-10-31T01:30", "2027-11-06T02:30"],
        id="a fold before midnight belongs to Saturday twice",
    ),
    pytest.param(
        "Pacific/Apia", "0 9 * * *", "2011-12-29T12:00",
        ["2011-12-29T19:00", "2011-12-30T19:00"],
        id="a date that the zone skips has no tick, and none is moved",
    ),
    pytest.param(
        "Pacific/Apia", "0 9 30 * *", "2011-12-01T00:00",
        ["2012-01-29T19:00"],
        id="a day of the month that the zone skips is skipped",
    ),
    pytest.param(
        "Pacific/Apia", "0 * * * *", "2011-12-30T08:30",
        ["2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"],
        id="an hourly pattern continues across a date that the zone skips",
    ),
    pytest.param(
        "Africa/Monrovia", "0 0 * * *", "1972-01-05T12:00",
        ["1972-01-06T00:44:30", "1972-01-07T00:44:30", "1972-01-08T00:00"],
        id="a change of standard time by odd seconds",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "cron", "since", "expected"), TABLE)
def test_ticks(zone: str, cron: str, since: str, expected: list[str]) -> None:
    recurrence = compiled(zone, cron, since)
    far = at("2030-01-01")

    assert recurrence.between(recurrence.floor, far, limit=len(expected)) == [at(text) for text in expected]


@pytest.mark.parametrize(("zone", "cron", "since", "expected"), TABLE)
def test_the_same_ticks_are_found_backwards_and_counted(zone: str, cron: str, since: str, expected: list[str]) -> None:
    recurrence = compiled(zone, cron, since)
    last = at(expected[-1])

    assert recurrence.newest(recurrence.floor, last, limit=100) == [at(text) for text in expected]
    assert recurrence.count(recurrence.floor, last) == len(expected)


@pytest.mark.parametrize(
    ("tick", "wall"),
    [
        pytest.param("2027-03-28T01:00", "2027-03-28T02:30", id="a moved tick stands for the time before the move"),
        pytest.param("2027-10-31T00:30", "2027-10-31T02:30", id="a tick in a fold stands for its reading"),
    ],
)
def test_a_fixed_tick_knows_its_wall_time(tick: str, wall: str) -> None:
    recurrence = compiled(MADRID, "30 2 * * *", "2027-01-01")

    assert recurrence.wall_time(at(tick)) == datetime.fromisoformat(wall)
    assert recurrence.settled_by(datetime.fromisoformat(wall)) == at(tick)


def test_a_wall_time_that_ran_does_not_run_again_when_the_zone_changed() -> None:
    # It ran at 00:30 UTC when the zone was two hours ahead; now the database says one hour.
    ran = compiled("Etc/GMT-2", "30 2 * * *", "2027-01-01")
    tick = ran.next_after(at("2027-06-01T00:00"))
    assert tick is not None
    wall = ran.wall_time(tick)
    assert wall is not None
    changed = compiled("Etc/GMT-1", "30 2 * * *", "2027-01-01")

    assert changed.next_after(tick) == at("2027-06-01T01:30")
    assert changed.next_after(max(tick, changed.settled_by(wall))) == at("2027-06-02T01:30")


def test_a_wall_time_on_a_skipped_date_is_settled_when_the_date_is_over() -> None:
    recurrence = compiled("Pacific/Apia", "0 9 * * *", "2011-12-01")

    assert recurrence.settled_by(datetime.fromisoformat("2011-12-30T09:00")) == at("2011-12-30T10:00")


def test_a_pattern_of_every_hour_has_no_wall_time_of_its_own() -> None:
    recurrence = compiled(MADRID, "30 * * * *", "2027-01-01")

    assert recurrence.wall_time(at("2027-10-31T00:30")) is None
    assert recurrence.settled_by(datetime.fromisoformat("2027-10-31T02:30")) == recurrence.floor
