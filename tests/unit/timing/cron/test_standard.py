"""Cron expressions of 5 fields: what they select, and what is rejected with which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.cron.standard import parse_cron
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("5", {5}, id="a number"),
        pytest.param("05", {5}, id="a leading zero"),
        pytest.param("5-5", {5}, id="a range of one value is that value"),
        pytest.param("1,3,3", {1, 3}, id="a list"),
        pytest.param("1-3,58-59", {1, 2, 3, 58, 59}, id="a list of ranges"),
        pytest.param("*/15", {0, 15, 30, 45}, id="a step over all"),
        pytest.param("?/30", {0, 30}, id="a question mark is a star"),
        pytest.param("10-30/10", {10, 20, 30}, id="a step over a range"),
        pytest.param("50/5", {50, 55}, id="a step from a number runs to the end"),
        pytest.param("*/100", {0}, id="a step longer than the range"),
        pytest.param("30-30/2", {30}, id="a step over one value"),
    ],
)
def test_values(text: str, minutes: set[int]) -> None:
    assert parse_cron(f"{text} 0 * * *").minutes == minutes


def test_names_may_be_in_any_case_and_in_ranges() -> None:
    cron = parse_cron("0 0 * jAn,Mar-may MON-fri")

    assert cron.months == {1, 3, 4, 5}
    assert cron.weekdays == {1, 2, 3, 4, 5}


def test_any_white_space_separates_fields() -> None:
    assert parse_cron("  0\t0  1 1   *\n") == parse_cron("0 0 1 1 *")


@pytest.mark.parametrize(
    ("macro", "fields"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)
def test_macros(macro: str, fields: str) -> None:
    assert parse_cron(macro) == parse_cron(fields)


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        pytest.param("0 0 13 * 5", ["01-08", "01-13", "01-15"], id="both day fields: either matches"),
        pytest.param("0 0 */2 * 1", ["01-03", "01-04", "01-05", "01-07"], id="a step above one is no star"),
        pytest.param("0 0 1-31 * 1", ["01-02", "01-03", "01-04"], id="a full range is no star"),
        pytest.param("0 0 * * 1", ["01-04", "01-11"], id="a star leaves the weekday alone"),
        pytest.param("0 0 ? * 1", ["01-04", "01-11"], id="a question mark is a star for the day rule"),
        pytest.param("0 0 1 * */2", ["01-02", "01-03", "01-05"], id="a step in the weekday is no star"),
        pytest.param("0 0 1 * */1", ["02-01", "03-01"], id="a step of one is a star"),
        pytest.param("0 0 1,*/10 * 1", ["01-04", "01-11", "01-18", "01-21"], id="a list without a star"),
        pytest.param("0 0 1,* * 1", ["01-04", "01-11", "01-18"], id="a star in a list is a star"),
        pytest.param("8 16,2 */7 2 2,4,0-6", ["02-01", "02-01", "02-02"], id="a list that is every day is no star"),
    ],
)
def test_day_rule(text: str, dates: list[str]) -> None:
    recurrence = compile_schedule(Schedule.model_validate({"cron": text}), since=NEW_YEAR)
    ticks = recurrence.between(NEW_YEAR, datetime(2028, 1, 1, tzinfo=UTC), limit=len(dates))

    assert [f"{tick:%m-%d}" for tick in ticks] == dates


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("61 * * * *", "minute '61': 61 is out of range; allowed are 0 to 59", id="a minute too large"),
        pytest.param("* 24 * * *", "hour '24': 24 is out of range; allowed are 0 to 23", id="an hour too large"),
        pytest.param("* * 0 * *", "day of month '0': 0 is out of range; allowed are 1 to 31", id="day zero"),
        pytest.param("* * * 13 *", "month '13': 13 is out of range; allowed are 1 to 12 or jan, feb", id="month 13"),
        pytest.param("0 0 * * 7", "7 is not a weekday here, Sunday is 0; write 0", id="weekday 7"),
        pytest.param("0 0 * * 8", "weekday '8': 8 is out of range; allowed are 0 to 6 or sun, mon", id="weekday 8"),
        pytest.param("0 0 * * fri-mon", "goes backwards; write 5-6,0-1", id="weekdays around the end"),
        pytest.param("0 22-2 * * *", "goes backwards; write 22-23,0-2", id="hours around the end"),
        pytest.param("*/0 * * * *", "the step after / must be a whole number from 1", id="a step of zero"),
        pytest.param("*/ * * * *", "the step after / must be", id="a step that is not there"),
        pytest.param("*/5/5 * * * *", "the step after / must be", id="two steps"),
        pytest.param("/5 * * * *", "a value is missing before the step; write */5", id="a step of nothing"),
        pytest.param("*-5 0 * * *", "* is the whole range already", id="a star with an end"),
        pytest.param(", 0 * * *", "an item of the list is empty", id="only a comma"),
        pytest.param("1,,2 0 * * *", "an item of the list is empty", id="two commas"),
        pytest.param("+7 0 * * *", "'+7' is not a value", id="a sign"),
        pytest.param("1-2-3 0 * * *", "'2-3' is not a value", id="two dashes"),
        pytest.param("-5 0 * * *", "minute '-5': values cannot be negative, and a range needs a start; allowed are 0 to 59", id="a range without a beginning"),
        pytest.param("٣ 0 * * *", "is not a value", id="digits of another script"),
        pytest.param("0 0 * january *", "'january' is not a value", id="a long name"),
        pytest.param("0 0 mon * *", "day of month 'mon': 'mon' is not a value", id="a weekday in the wrong field"),
        pytest.param("99999999999999999999 0 * * *", "is not a value", id="a number without end"),
        pytest.param("0 0 L * *", "L, W and # belong to the Quartz form", id="the last day"),
        pytest.param("0 0 15W * *", "L, W and # belong to the Quartz form", id="a nearest weekday"),
        pytest.param("0 0 * * 6#3", "L, W and # belong to the Quartz form", id="a third Saturday"),
        pytest.param("0 0 * * friL", "L, W and # belong to the Quartz form", id="a last Friday"),
        pytest.param("r r * * *", "'r' is not a value", id="a random value"),
        pytest.param("* * * *", "4 fields, but 5 are needed: minute, hour, day of month, month and weekday; is the "
                     "weekday missing?", id="four fields"),
        pytest.param("*", "1 fields, but 5 are needed", id="one field"),
        pytest.param("* * * * * * * *", "8 fields, but 5 are needed: minute, hour, day of month, month and weekday; the "
                     "Quartz form has 6 or 7, seconds first and a year at the end", id="eight fields"),
        pytest.param("0 0 12 * * ?", "6 fields are the Quartz form; 5 are read here", id="six fields"),
        pytest.param("   ", "0 fields, but 5 are needed", id="blanks"),
        pytest.param("@every 5m", "use minutely: {every: 5}", id="@every"),
        pytest.param("@reboot", "use runImmediately", id="@reboot"),
        pytest.param("@Daily", "is not in lower case; write @daily", id="a macro in capitals"),
        pytest.param("@fortnightly", "is not known; allowed are @yearly", id="an unknown macro"),
        pytest.param("TZ=Europe/Madrid 0 0 * * *", "set spec.timing.schedule.timeZone", id="TZ="),
        pytest.param("CRON_TZ=UTC 0 0 * * *", "CRON_TZ= is not allowed here", id="CRON_TZ="),
    ],
)  # fmt: skip
def test_rejected(text: str, message: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_cron(text)

    assert (caught.value.reason, caught.value.field) == ("InvalidSchedule", CRON_FIELD)
    assert message in caught.value.message
