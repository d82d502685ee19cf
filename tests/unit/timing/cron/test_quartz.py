"""Cron expressions of 6 and 7 fields: what they select, and what is rejected with which words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.builders.instants import at

from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.cron.quartz import parse_quartz
from process_operator.timing.cronjob_equivalent import WhyNot, cronjob_equivalent
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import Recurrence, check_schedule, compile_schedule

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
FAR = datetime(2200, 1, 1, tzinfo=UTC)


def compiled(cron: str, since: str = "2027-01-01", zone: str = "Etc/UTC") -> Recurrence:
    return compile_schedule(Schedule.model_validate({"cron": cron, "timeZone": zone}), since=at(since))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("*", set(range(60)), id="a star"),
        pytest.param("5", {5}, id="a number"),
        pytest.param("05", {5}, id="a leading zero"),
        pytest.param("5-5", {5}, id="a range of one value"),
        pytest.param("1,3,50-52", {1, 3, 50, 51, 52}, id="a list"),
        pytest.param("55-3", {55, 56, 57, 58, 59, 0, 1, 2, 3}, id="a range goes around the end"),
        pytest.param("50-10/5", {50, 55, 0, 5, 10}, id="a range with a step goes around the end"),
        pytest.param("*/25", {0, 25, 50}, id="a step over all"),
        pytest.param("/25", {0, 25, 50}, id="a step over all, without the star"),
        pytest.param("7/20", {7, 27, 47}, id="a step from a number runs to the end"),
        pytest.param("10-30/10", {10, 20, 30}, id="a step over a range"),
        pytest.param("*/59", {0, 59}, id="the largest step"),
    ],
)
def test_values(text: str, seconds: set[int]) -> None:
    assert parse_quartz(f"{text} 0 0 * * ?").seconds == seconds


def test_every_field_goes_around_its_end() -> None:
    found = parse_quartz("0 58-1 22-2 ? NOV-FEB *")

    assert found.minutes == {58, 59, 0, 1}
    assert found.hours == {22, 23, 0, 1, 2}
    assert found.months == {11, 12, 1, 2}


@pytest.mark.parametrize(
    ("text", "years"),
    [
        pytest.param("", None, id="none"),
        pytest.param("*", None, id="a star"),
        pytest.param("2027", {2027}, id="one"),
        pytest.param("2027,2030-2032", {2027, 2030, 2031, 2032}, id="a list"),
        pytest.param("2190/4", {2190, 2194, 2198}, id="a step to the end"),
        pytest.param("*/100", {1970, 2070, 2170}, id="a step from the beginning"),
    ],
)
def test_years(text: str, years: set[int] | None) -> None:
    assert parse_quartz(f"0 0 0 * * ? {text}").years == years


DAYS = [
    pytest.param("L * ?", ["01-31", "02-28", "03-31", "04-30"], id="L"),
    pytest.param("l * ?", ["01-31", "02-28"], id="a small l"),
    pytest.param("L-3 * ?", ["01-28", "02-25", "03-28", "04-27"], id="three days before the last"),
    pytest.param("L-0 * ?", ["01-31", "02-28"], id="no day before the last"),
    pytest.param("L-30 * ?", ["01-01", "03-01", "05-01", "07-01"], id="short months have no 30 days before the last"),
    pytest.param("L-28 * ?", ["01-03", "03-03", "04-02"], id="February 2027 has no 28 days before the last"),
    pytest.param("LW * ?", ["01-29", "02-26", "03-31", "04-30"], id="the last working day"),
    pytest.param("L-1W * ?", ["01-29", "02-26", "03-30", "04-29", "05-31"],
                 id="the working day nearest to the last but one"),
    pytest.param("1W * ?", ["02-01", "03-01", "04-01", "05-03"], id="the 1st moves on only, within its month"),
    pytest.param("15W 8 ?", ["08-16"], id="a Sunday moves to Monday"),
    pytest.param("15W 5 ?", ["05-14"], id="a Saturday moves to Friday"),
    pytest.param("31W * ?", ["01-29", "03-31", "05-31", "07-30"], id="a month without the day is skipped"),
    pytest.param("28W 2 ?", ["02-26"], id="a Sunday that is the last day moves back to Friday"),
    pytest.param("1,LW * ?", ["01-29", "02-01", "02-26", "03-01"], id="LW in a list"),
    pytest.param("15W,L,3-4 * ?", ["01-03", "01-04", "01-15", "01-31"], id="several forms in a list"),
    pytest.param("28-3 * ?", ["01-02", "01-03", "01-28", "01-29", "01-30", "01-31", "02-01"], id="days go around"),
    pytest.param("? * FRI-MON", ["01-02", "01-03", "01-04", "01-08"], id="weekdays go around"),
    pytest.param("? * 1", ["01-03", "01-10"], id="1 is Sunday"),
    pytest.param("? * sat", ["01-02", "01-09"], id="names in any case"),
    pytest.param("? * L", ["01-02", "01-09"], id="L as a weekday is Saturday"),
    pytest.param("? * MON/2", ["01-04", "01-06", "01-08"], id="a step after a named weekday"),
    pytest.param("? * MON-FRI/2", ["01-04", "01-06", "01-08"], id="a step over named weekdays"),
    pytest.param("? * 6L", ["01-29", "02-26", "03-26"], id="the last Friday"),
    pytest.param("? * FRIL", ["01-29", "02-26", "03-26"], id="the last Friday by its name"),
    pytest.param("? * 6#3", ["01-15", "02-19", "03-19"], id="the third Friday"),
    pytest.param("? * fri#3", ["01-15", "02-19", "03-19"], id="the third Friday by its name"),
    pytest.param("? * 1#5", ["01-31", "05-30", "08-29"], id="a fifth Sunday is not in every month"),
    pytest.param("? JAN/6 2", ["01-04", "01-11", "01-18", "01-25", "07-05"], id="a step after a named month"),
    pytest.param("? * *", ["01-02", "01-03"], id="a star as the weekday"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dates"), DAYS)
def test_days(text: str, dates: list[str]) -> None:
    recurrence = compiled(f"0 0 0 {text}", since="2027-01-01T00:00:00")
    # The activation begins with the year, so its first midnight is no tick; a list that begins on the 1st says so.
    wanted = [at(f"2027-{date}") for date in dates if date != "01-01"]

    assert recurrence.between(recurrence.floor, FAR, limit=len(wanted)) == wanted
    assert recurrence.newest(recurrence.floor, wanted[-1], limit=99) == wanted
    assert recurrence.count(recurrence.floor, wanted[-1]) == len(wanted)


@pytest.mark.parametrize(
    ("cron", "since", "zone", "expected"),
    [
        pytest.param(
            "0 0 0 ? 2 1#5", "2027-01-01", "Etc/UTC", ["2032-02-29", "2060-02-29", "2088-02-29", "2128-02-29"],
            id="a fifth Sunday in February",
        ),
        pytest.param(
            "0 0 0 29 2 ? 2096-2199", "2027-01-01", "Etc/UTC", ["2096-02-29", "2104-02-29"], id="years far ahead",
        ),
        pytest.param(
            "59 59 23 L 12 ? 2199", "2027-01-01", "Etc/UTC", ["2199-12-31T23:59:59"], id="the last second of all",
        ),
        pytest.param(
            "*/20 30 12 ? * MON", "2027-01-04T12:30:10", "Etc/UTC",
            ["2027-01-04T12:30:20", "2027-01-04T12:30:40", "2027-01-11T12:30:00"],
            id="seconds",
        ),
        pytest.param(
            "0,30 * 2 * * ?", "2027-10-31T00:59:10", "Europe/Madrid",
            ["2027-10-31T00:59:30", "2027-11-01T01:00:00", "2027-11-01T01:00:30"],
            id="an hour in a fold runs once",
        ),
        pytest.param(
            "0 */15 * * * ?", "2027-10-31T00:20:00", "Europe/Madrid",
            ["2027-10-31T00:30", "2027-10-31T00:45", "2027-10-31T01:00", "2027-10-31T01:15", "2027-10-31T01:30"],
            id="every hour runs in both passes of a fold",
        ),
        pytest.param(
            "30 59 * * * ?", "2027-03-28T00:00:00", "Europe/Madrid",
            ["2027-03-28T00:59:30", "2027-03-28T01:59:30"],
            id="every hour with seconds keeps its reading through a gap",
        ),
        pytest.param(
            "5,10 30 2 * * ?", "2027-03-27T12:00", "Europe/Madrid",
            ["2027-03-28T01:00", "2027-03-29T00:30:05", "2027-03-29T00:30:10"],
            id="seconds in a gap meet at its end",
        ),
        pytest.param(
            "0 30 23 ? * SAT", "2027-03-27T12:00", "America/Nuuk", ["2027-03-28T01:00", "2027-04-04T00:30"],
            id="a gap before midnight moves a Saturday's tick into Sunday",
        ),
        pytest.param(
            "0 0 9 30W * ?", "2011-12-01", "Pacific/Apia", ["2012-01-29T19:00"],
            id="a date that the zone skips is no date",
        ),
    ],
)  # fmt: skip
def test_ticks(cron: str, since: str, zone: str, expected: list[str]) -> None:
    recurrence = compiled(cron, since, zone)
    wanted = [at(text) for text in expected]

    assert recurrence.between(recurrence.floor, FAR, limit=len(wanted)) == wanted
    assert recurrence.newest(recurrence.floor, wanted[-1], limit=99) == wanted
    assert recurrence.count(recurrence.floor, wanted[-1]) == len(wanted)


def test_nothing_is_left_after_the_last_year() -> None:
    recurrence = compiled("0 0 0 1 1 ? 2027-2029")

    assert recurrence.between(NEW_YEAR, FAR, limit=9) == [at("2028-01-01"), at("2029-01-01")]
    assert recurrence.next_after(at("2029-01-01")) is None
    assert recurrence.previous(FAR) == at("2029-01-01")


def test_a_century_of_seconds_on_working_days_is_counted_without_listing() -> None:
    recurrence = compiled("* * * ? * MON-FRI")
    first, days, second = at("2027-01-04"), 36525, timedelta(seconds=1)
    working = sum((first + timedelta(days=day)).weekday() < 5 for day in range(days))

    assert recurrence.count(first - second, first + timedelta(days=days) - second) == working * 86400


def test_whole_minutes() -> None:
    assert compiled("0 * * * * ?").whole_minutes
    assert not compiled("0,30 * * * * ?").whole_minutes


def test_h_draws_as_with_five_fields_and_weekdays_from_sunday_zero() -> None:
    drawn = parse_quartz("H H H ? * H", "default/report")
    other = parse_quartz("H/20 0 0 H * ?", "default/report")

    assert drawn.seconds == {11}
    assert drawn.minutes == {2}
    assert drawn.hours == {14}
    assert other.seconds == {11, 31, 51}
    key = "default/report"
    weekday = compile_schedule(Schedule.model_validate({"cron": "0 0 0 ? * H"}), since=NEW_YEAR, key=key)
    assert weekday.next_after(NEW_YEAR) == at("2027-01-08")  # 5: Friday
    day = compile_schedule(Schedule.model_validate({"cron": "0 0 0 H * ?"}), since=NEW_YEAR, key=key)
    assert day.next_after(NEW_YEAR) == at("2027-01-25")
    from_monday = compile_schedule(Schedule.model_validate({"cron": "0 0 0 ? * H(1-1)"}), since=NEW_YEAR, key=key)
    assert from_monday.next_after(NEW_YEAR) == at("2027-01-04")


def test_no_cronjob_can_do_it() -> None:
    schedule = Schedule.model_validate({"cron": "0 0 12 * * ?"})

    found = cronjob_equivalent(schedule, since=NEW_YEAR, now=NEW_YEAR)
    assert found == WhyNot(CRON_FIELD, "a CronJob reads 5 fields, not the Quartz form")


# ---- Rejected

_MARK = "seconds first: exactly one of day of month and weekday must be ?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("* * * * * *", f"6 fields are the Quartz form, {_MARK}; write '* * * * * ?'", id="six stars"),
        pytest.param("0 0 2 * * *", "write '0 0 2 * * ?', or 5 fields, which have no seconds", id="seconds, no ?"),
        pytest.param("0 0 2 ? * ?", "write '0 0 2 * * ?'", id="two question marks"),
        pytest.param("0 0 2 * * 1-5", "write '0 0 2 ? * 1-5' (weekdays count from SUN = 1)", id="weekdays, no ?"),
        pytest.param("0 0 2 13 * 6", "for days that match either, use two requests", id="both day fields"),
        pytest.param("0 2 * * 1 2027", "is 2027 a year? It is the seventh field", id="a year after five fields"),
        pytest.param("0 0 2 * * * 2027", "write '0 0 2 * * ? 2027'", id="a year, no ?"),
        pytest.param("0 2 * * * root", _MARK, id="a line of /etc/crontab"),
        pytest.param("? 0 0 * * ?", "second '?': ? must be the whole field, for day of month or weekday", id="? as the second"),
        pytest.param("0 0 0 1,? * 2", _MARK, id="? in a list"),
        pytest.param("0 0 0 1,? * ?", "day of month '1,?': ? must be the whole field", id="? in a list beside the other"),
        pytest.param("0 0 0 ? * ?/2", "weekday '?/2': ? must be the whole field", id="? with a step"),
        pytest.param("0 0 0 * * ? ?", "year '?': ? must be the whole field", id="? as the year"),
        pytest.param("60 0 0 * * ?", "second '60': 60 is out of range; allowed are 0 to 59", id="second 60"),
        pytest.param("0 0 24 * * ?", "hour '24': 24 is out of range; allowed are 0 to 23", id="hour 24"),
        pytest.param("0 0 0 0 * ?", "day of month '0': 0 is out of range; allowed are 1 to 31", id="day zero"),
        pytest.param("0 0 0 ? * 0", "count from SUN = 1 to SAT = 7; write SUN", id="weekday zero"),
        pytest.param("0 0 0 ? * 8", "weekday '8': 8 is out of range; allowed are 1 to 7 or sun, mon", id="weekday 8"),
        pytest.param("0 0 0 ? * FRIDAY", "weekday 'FRIDAY': 'FRIDAY' is not a value", id="a long weekday"),
        pytest.param("0 0 0 1 JANUARY ?", "month 'JANUARY': 'JANUARY' is not a value", id="a long month"),
        pytest.param("0 0 0 * * ? 1969", "year '1969': 1969 is out of range; allowed are 1970 to 2199", id="1969"),
        pytest.param("0 0 0 * * ? 2200", "year '2200': 2200 is out of range", id="2200"),
        pytest.param("0 0 0 * * ? 2030-2027", "year '2030-2027': the range goes backwards", id="years backwards"),
        pytest.param("*/60 0 0 * * ?", "second '*/60': the step after / must be a whole number from 1 to 59", id="60"),
        pytest.param("0 0 */24 * * ?", "a whole number from 1 to 23", id="a step of a whole day"),
        pytest.param("0 0 0 */32 * ?", "a whole number from 1 to 31", id="a step of 32 days"),
        pytest.param("0 0 0 1 */13 ?", "a whole number from 1 to 12", id="a step of 13 months"),
        pytest.param("0 0 0 ? * */8", "a whole number from 1 to 7", id="a step of 8 weekdays"),
        pytest.param("0 5-9/61 0 * * ?", "a whole number from 1 to 59", id="a step over a range that is too long"),
        pytest.param("H/60 0 0 * * ?", "a whole number from 1 to 59", id="a step of H that is too long"),
        pytest.param("*/0 0 0 * * ?", "a whole number from 1 to 59", id="a step of zero"),
        pytest.param("0 0 0 H(0-3) * ?", "day of month 'H(0-3)': 0 is out of range; allowed are 1 to 31", id="H of 0"),
        pytest.param("0 0 0 * * ? H", "year 'H': H is not allowed here", id="H as the year"),
        pytest.param("0 0 0 L-31 * ?", "allowed are L-0 to L-30", id="L-31"),
        pytest.param("0 0 0 32W * ?", "day of month '32W': 32 is out of range", id="32W"),
        pytest.param("0 0 0 1-15W * ?", "L, W and # cannot have a range or a step; allowed are 1 to 31, *, L, L-3, LW",
                     id="W in a range"),
        pytest.param("0 0 0 1-L * ?", "L, W and # cannot have a range or a step", id="L in a range"),
        pytest.param("0 0 0 L/2 * ?", "L, W and # cannot have a range or a step", id="L with a step"),
        pytest.param("0 0 0 W * ?", "L, W and # cannot have a range or a step", id="W alone"),
        pytest.param("0 0 L * * ?", "hour 'L': 'L' is not a value; allowed are 0 to 23, *, ranges", id="L as the hour"),
        pytest.param("0 0 0 ? * 6#6", "the number after # is out of range; allowed are 1 to 5", id="#6"),
        pytest.param("0 0 0 ? * 6#0", "allowed are 1 to 5", id="#0"),
        pytest.param("0 0 0 ? * 6#", "allowed are 1 to 5", id="# without a number"),
        pytest.param("0 0 0 ? * 8#1", "weekday '8#1': 8 is out of range", id="a weekday beside # out of range"),
        pytest.param("0 0 0 ? * 0L", "write SUNL", id="a weekday zero beside L"),
        pytest.param("0 0 0 ? * FRI,MON#1", "weekday 'FRI,MON#1': L and # cannot be part of a list; use two requests",
                     id="# in a list"),
        pytest.param("0 0 0 ? * 6L,2", "L and # cannot be part of a list; use two requests", id="nL in a list"),
        pytest.param("0 0 0 ? * 2,L", "L and # cannot be part of a list; use two requests", id="L in a list"),
        pytest.param("0 0 0 ? * MON-6L", "L, W and # cannot have a range or a step", id="nL in a range"),
        pytest.param("0 0 0 ? * #2", "weekday '#2': L, W and # cannot have a range", id="# without a weekday"),
        pytest.param("0,,1 0 0 * * ?", "second '0,,1': an item of the list is empty", id="two commas"),
        pytest.param("- 0 0 * * ?", "second '-': values cannot be negative", id="a dash"),
        pytest.param("+7 0 0 * * ?", "second '+7': '+7' is not a value", id="a sign"),
        pytest.param("TZ=UTC 0 0 0 * * ?", "set spec.timing.schedule.timeZone", id="TZ="),
        pytest.param("CRON_TZ=UTC 0 0 0 * * ? *", "set spec.timing.schedule.timeZone", id="CRON_TZ= in eight parts"),
    ],
)  # fmt: skip
def test_rejected(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        compiled(text)

    assert (caught.value.reason, caught.value.field) == ("InvalidSchedule", "spec.timing.schedule.cron")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "finish", "field"),
    [
        pytest.param("0 0 0 30 2 ?", None, "cron", id="30 February"),
        pytest.param("0 0 0 31W 4,6 ?", None, "cron", id="the working day nearest to a 31st of short months"),
        pytest.param("0 0 0 * * ? 2020-2026", None, "cron", id="years that are over"),
        pytest.param("0 0 0 29 2 ? 2096-2199", None, "cron", id="69 years ahead"),
        pytest.param("0 0 0 29 2 ? 2029-2031", None, "cron", id="no leap year among the years"),
        pytest.param("0 0 0 29 2 ?", "2028-02-28T00:00:00Z", "finishTime", id="not by finishTime"),
    ],
)
def test_what_never_fires_is_rejected(text: str, finish: str | None, field: str) -> None:
    schedule = Schedule.model_validate({"cron": text, "finishTime": finish})
    with pytest.raises(ScheduleError) as caught:
        check_schedule(schedule, now=NEW_YEAR)

    assert (caught.value.reason, caught.value.field) == ("NeverFires", f"spec.timing.schedule.{field}")


def test_what_fires_once_in_forty_years_is_accepted() -> None:
    check_schedule(Schedule.model_validate({"cron": "0 0 0 ? 2 1#5"}), now=datetime(2088, 3, 1, tzinfo=UTC))
