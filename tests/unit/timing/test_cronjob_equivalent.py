"""CronJobs that fire at the instants of a schedule, and the CronJob controller's treatment of clock changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.builders.instants import at

from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.robfig import robfig_next
from process_operator.timing.cron.standard import parse_cron
from process_operator.timing.cronjob_equivalent import CronSchedule, WhyNot, cronjob_equivalent
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule
from process_operator.timing.zone import wall_clock

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def equivalent(since: datetime = NOW, now: datetime = NOW, **spec: object) -> CronSchedule | WhyNot:
    return cronjob_equivalent(Schedule.model_validate(spec), since=since, now=now)


@pytest.mark.parametrize(
    ("since", "spec", "expected"),
    [
        pytest.param("2027-01-01T10:07", {"minutely": {"every": 1}}, "* * * * *", id="every minute"),
        pytest.param("2027-01-01T10:07", {"minutely": {"every": 15}}, "7-59/15 * * * *", id="quarters from minute 7"),
        pytest.param("2027-01-01T10:30", {"minutely": {"every": 15}}, "*/15 * * * *", id="quarters of the hour"),
        pytest.param("2027-01-01T10:07", {"minutely": {"every": 60}}, "7 * * * *", id="sixty minutes"),
        pytest.param("2027-01-01T10:07", {"minutely": {"every": 120}}, "7 */2 * * *", id="two hours in minutes"),
        pytest.param("2027-01-01T10:07", {"hourly": {"every": 1}}, "7 * * * *", id="every hour"),
        pytest.param("2027-01-01T10:07", {"hourly": {"every": 6}}, "7 4-23/6 * * *", id="every six hours from four"),
        pytest.param("2027-01-01T10:07", {"hourly": {"every": 24}}, "7 10 * * *", id="every 24 hours"),
        pytest.param(
            "2027-01-01T10:07:09", {"hourly": {"every": 24}, "startTime": "2020-05-05T05:05:00+02:00"}, "5 3 * * *",
            id="a start is counted from, in UTC",
        ),
        pytest.param(
            "2027-01-01T10:07", {"hourly": {"every": 24}, "timeZone": "Europe/Madrid"}, "7 10 * * *",
            id="the zone has no part in elapsed time",
        ),
    ],
)  # fmt: skip
def test_elapsed_timings_that_come_out_even(since: str, spec: dict[str, Any], expected: str) -> None:
    found = equivalent(at(since), **spec)

    assert found == CronSchedule(expected, "Etc/UTC")
    recurrence = compile_schedule(Schedule.model_validate(spec), since=at(since))
    cronjob = compile_schedule(Schedule.model_validate({"cron": expected}), since=at("2026-12-31"))
    ticks = recurrence.between(recurrence.floor, at("2028-01-01"), limit=200)
    assert ticks == cronjob.between(recurrence.floor, ticks[-1], limit=201)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param({"daily": {"at": "09:05"}}, "5 9 * * *", id="daily"),
        pytest.param({"daily": {"at": "09:05:00", "every": 1}}, "5 9 * * *", id="every day"),
        pytest.param({"daily": {"at": "09:05", "days": "Weekdays"}}, "5 9 * * 1-5", id="weekdays"),
        pytest.param({"daily": {"at": "09:05", "days": "Weekends"}}, "5 9 * * 0,6", id="weekends"),
        pytest.param({"weekly": {"at": "09:05", "days": ["Sunday", "Friday"]}}, "5 9 * * 0,5", id="weekly"),
        pytest.param({"monthly": {"at": "09:05", "day": 31}}, "5 9 31 * *", id="a day of the month"),
        pytest.param({"cron": " 5  9 * *  MON"}, "5 9 * * MON", id="cron keeps its spelling"),
        pytest.param({"cron": "@hourly"}, "@hourly", id="a macro"),
        pytest.param({"cron": "*/7 * * * *"}, "*/7 * * * *", id="every hour is covered"),
    ],
)
@pytest.mark.parametrize("zone", ["Etc/UTC", "Asia/Tokyo", "Europe/Madrid"])
def test_wall_timings_that_a_cronjob_can_do(spec: dict[str, Any], expected: str, zone: str) -> None:
    found = equivalent(**spec, timeZone=zone)

    assert found == CronSchedule(expected, zone)
    # The same instants, also where clocks change.
    wanted = compile_schedule(Schedule.model_validate({**spec, "timeZone": zone}), since=NOW)
    cron, clock = parse_cron(expected), wall_clock(zone)
    tick = NOW
    for _ in range(400):
        theirs = robfig_next(cron, clock, int(tick.timestamp()))
        following = wanted.next_after(tick)
        assert following is not None
        assert theirs == following.timestamp()
        tick = following


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        pytest.param({"secondly": {"every": 30}}, "secondly", "minutes, not seconds", id="seconds"),
        pytest.param({"minutely": {"every": 7}}, "minutely", "every 7 minutes does not come out even", id="7 minutes"),
        pytest.param({"minutely": {"every": 90}}, "minutely", "every 90 minutes", id="90 minutes"),
        pytest.param({"hourly": {"every": 5}}, "hourly", "every 300 minutes", id="5 hours"),
        pytest.param({"hourly": {"every": 48}}, "hourly", "every 2880 minutes", id="48 hours"),
        pytest.param(
            {"minutely": {"every": 5}, "startTime": "2027-01-01T00:00:30Z"}, "minutely", "counts from 00:00:30",
            id="minutes from half a minute",
        ),
        pytest.param({"daily": {"at": "09:00:01"}}, "daily.at", "whole minutes", id="a time of day with seconds"),
        pytest.param({"daily": {"at": "09:00", "every": 2}}, "daily.every", "cannot count", id="every 2 days"),
        pytest.param(
            {"weekly": {"at": "09:00", "days": ["Monday"], "every": 2}}, "weekly.every", "cannot count",
            id="every 2 weeks",
        ),
        pytest.param(
            {"monthly": {"at": "09:00", "day": 1, "every": 3}}, "monthly.every", "cannot count", id="every 3 months"
        ),
        pytest.param(
            {"monthly": {"at": "09:00", "weekday": {"week": "Last", "day": "Friday"}}}, "monthly.weekday",
            "cannot count the weekdays of a month", id="the last Friday",
        ),
        pytest.param({"monthly": {"at": "09:00", "day": "Last"}}, "monthly.day", "no last day", id="the last day"),
        pytest.param(
            {"cron": "30 2 * * *", "timeZone": "Europe/Madrid"}, "cron",
            "around the clock change of 2027-03-28T01:00:00Z in Europe/Madrid a CronJob would fire at "
            "2027-03-29T00:30:00Z, and by the schedule it is 2027-03-28T01:00:00Z", id="a time in a gap",
        ),
        pytest.param(
            {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}, "daily", "2027-03-28", id="daily in a gap"
        ),
        pytest.param(
            {"cron": "0 0 * * *", "timeZone": "Asia/Beirut"}, "cron", "around the clock change",
            id="a midnight in a gap",
        ),
        pytest.param(
            {"cron": "0 * * * 0", "timeZone": "Asia/Beirut"}, "cron", "around the clock change",
            id="every hour of a day whose midnight is in a gap",
        ),
        pytest.param(
            {"cron": "0 9 * * *", "timeZone": "Australia/Lord_Howe"}, "cron", "around the clock change",
            id="an hour that the controller's steps of one hour pass by",
        ),
    ],
)  # fmt: skip
def test_what_a_cronjob_cannot_do(spec: dict[str, Any], field: str, message: str) -> None:
    found = equivalent(**spec)

    assert isinstance(found, WhyNot)
    assert found.field == f"spec.timing.schedule.{field}"
    assert message in found.message


def test_a_tick_that_the_controller_does_not_find_within_five_years_is_not_for_it() -> None:
    found = equivalent(now=at("2096-03-01"), cron="0 0 29 2 *")

    assert isinstance(found, WhyNot)
    assert "find no time to fire, and by the schedule it is 2104-02-29T00:00:00Z" in found.message


def test_only_clock_changes_to_come_count() -> None:
    # Caracas moved its clocks by half an hour for the last time in May 2016.
    schedule = Schedule.model_validate({"cron": "45 2 1 5 *", "timeZone": "America/Caracas"})
    before, after = at("2016-04-01"), at("2016-06-01")

    assert isinstance(cronjob_equivalent(schedule, since=before, now=before), WhyNot)
    assert cronjob_equivalent(schedule, since=after, now=after) == CronSchedule("45 2 1 5 *", "America/Caracas")


def test_an_expression_that_is_wrong_is_rejected_here_too() -> None:
    with pytest.raises(ScheduleError, match="hour"):
        equivalent(cron="0 25 * * *")


# ---- The controller's search. The instants are robfig/cron 3.0.1's own, in Go 1.26


@pytest.mark.parametrize(
    ("zone", "text", "start", "expected"),
    [
        pytest.param(
            "Europe/Madrid", "30 2 * * *", "2027-03-27T12:00", ["2027-03-29T00:30"], id="a time in a gap is lost"
        ),
        pytest.param(
            "America/Nuuk", "30 23 * * *", "2027-03-26T12:00", ["2027-03-27T01:30", "2027-03-29T00:30"],
            id="a time in a gap before midnight is lost",
        ),
        pytest.param(
            "Asia/Beirut", "0 0 * * *", "2027-03-26T12:00", ["2027-03-26T22:00", "2027-03-28T21:00"],
            id="a midnight in a gap is lost",
        ),
        pytest.param(
            "America/Havana", "0 */6 * * 0", "2024-03-09T12:00", ["2024-03-10T10:00", "2024-03-10T16:00"],
            id="with a midnight in a gap the first hour is lost",
        ),
        pytest.param(
            "Europe/Madrid", "30 2 * * *", "2027-10-30T12:00", ["2027-10-31T00:30", "2027-10-31T01:30"],
            id="a time in a fold comes twice",
        ),
        pytest.param(
            "America/Havana", "0 0 * * *", "2027-11-06T12:00", ["2027-11-07T04:00", "2027-11-07T05:00"],
            id="a midnight in a fold comes twice",
        ),
        pytest.param(
            "Australia/Lord_Howe", "*/15 * * * *", "2027-04-03T14:35",
            ["2027-04-03T14:45", "2027-04-03T15:00", "2027-04-03T15:15", "2027-04-03T15:30"],
            id="a pattern of every hour keeps to the clock",
        ),
        pytest.param("Etc/UTC", "0 0 29 2 *", "2096-03-01T00:00", [None], id="it gives up after five years"),
        pytest.param("Pacific/Apia", "0 9 30 * *", "2011-12-29T20:00", [None], id="a zone that never returns to it"),
    ],
)  # fmt: skip
def test_what_the_controller_does(zone: str, text: str, start: str, expected: list[str | None]) -> None:
    instant: int | None = int(at(start).timestamp())
    for wanted in expected:
        assert instant is not None
        instant = robfig_next(parse_cron(text), wall_clock(zone), instant)
        assert instant == (int(at(wanted).timestamp()) if wanted else None)
