"""Suggestions in messages are accepted when typed: every kind of suggestion about an expression or a zone.

Each test puts a slip into a correct expression, so that the slip is its only fault.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from process_operator.resources.model import parse_instant
from process_operator.resources.schedule import Timing
from process_operator.timing.cron.expression import MACROS
from process_operator.timing.cron.ticks import parse_expression
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import compile_schedule
from process_operator.timing.windows_zones import WINDOWS_ZONES
from process_operator.timing.zone import zone, zone_names
from process_operator.timing.zone_hints import _OF_MINUTES, ABBREVIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

SINCE: Final = parse_instant("2026-11-30T00:00:00Z")


def complaint(text: str) -> str:
    with pytest.raises(ScheduleError) as caught:
        parse_expression(text, "erp/nightly")
    return caught.value.message


def is_taken(timing: dict[str, Any]) -> None:
    """Neither the model nor the calendar rejects a timing."""
    read = Timing.model_validate(timing)
    if read.schedule is not None:
        compile_schedule(read.schedule, since=SINCE, key="erp/nightly")


def suggested(text: str, message: str) -> Iterator[dict[str, Any]]:
    """The timings that result where each suggestion of a message is followed."""
    offer = message.rpartition("; ")[2]
    if offer.startswith("use "):
        (name, body) = yaml.safe_load(f"{{{offer.removeprefix('use ')}}}").popitem()
        yield {name: body} if name == "runLater" else {"schedule": {name: body}}
        return
    assert offer.startswith("write "), message
    whole = re.findall("'([^']+)'", offer)
    item = re.search(r"[a-z] '([^']+)': ", message)
    if not whole and offer.startswith("write @"):
        whole = [offer.removeprefix("write ")]
    if not whole:
        assert item is not None
        before, _, after = text.rpartition(item[1])
        whole = [f"{before}{offer.removeprefix('write ')}{after}"]
    yield from ({"schedule": {"cron": expression}} for expression in whole)


EXPRESSIONS = [
    # Amazon EventBridge
    pytest.param("0 10 * * ? *", "write '0 10 * * *' or '0 0 10 * * ?'", id="EventBridge, every day"),
    pytest.param("0 10 ? * MON-FRI *", "write '0 10 * * MON-FRI' or '0 0 10 ? * MON-FRI'", id="EventBridge, weekdays"),
    pytest.param("0/15 * * * ? *", "write '0/15 * * * *' or '0 0/15 * * * ?'", id="EventBridge, a step"),
    pytest.param("cron(0 10 * * ? *)", "write '0 10 * * *' or '0 0 10 * * ?'", id="EventBridge, in parentheses"),
    pytest.param("cron(0 12 * * ? *)", "write '0 12 * * *' or '0 0 12 * * ?'", id="EventBridge, at noon"),
    pytest.param("0 10 ? * 2-6 *", "write '0 10 * * MON-FRI' or '0 0 10 ? * 2-6'", id="EventBridge, weekdays as numbers"),
    pytest.param("0 10 ? * 6L *", "write '0 0 10 ? * 6L'", id="EventBridge, the last Friday"),
    pytest.param("0 10 ? * 2#1 2027-2030", "write '0 0 10 ? * 2#1 2027-2030'", id="EventBridge, years"),
    pytest.param("0 10 L * ? *", "write '0 0 10 L * ?'", id="EventBridge, the last day"),
    pytest.param("cron(0 10 * * *)", "write '0 10 * * *'", id="5 fields in parentheses"),
    pytest.param("rate(5 minutes)", "use minutely: {every: 5}", id="a rate of minutes"),
    pytest.param("rate(1 hour)", "use hourly: {every: 1}", id="a rate of an hour"),
    pytest.param("rate(7 days)", "use hourly: {every: 168}", id="a rate of days"),
    pytest.param("at(2027-11-20T13:00:00)", "use runLater: {startTime: 2027-11-20T13:00:00Z}", id="an instant"),
    pytest.param("every 10 minutes", "use minutely: {every: 10}", id="plain words"),
    # Macros
    pytest.param("@every 1h30m", "use minutely: {every: 90}", id="every, with a unit for each part"),
    pytest.param("@every 36h", "use hourly: {every: 36}", id="every, hours"),
    pytest.param("@every 90s", "use secondly: {every: 90}", id="every, seconds"),
    pytest.param("@Daily", "write @daily", id="a macro in capitals"),
    *[pytest.param(name[1:], f"write {name}", id=f"{name} without its @") for name in MACROS],
    # Five fields
    pytest.param("50-10 * * * *", "write 50-59,0-10", id="minutes backwards"),
    pytest.param("0 22-2 * * *", "write 22-23,0-2", id="hours backwards"),
    pytest.param("0 0 25-5 * *", "write 25-31,1-5", id="days backwards"),
    pytest.param("0 0 1 nov-feb *", "write 11-12,1-2", id="months backwards"),
    pytest.param("0 0 * * fri-mon", "write 5-6,0-1", id="weekdays backwards"),
    pytest.param("/5 * * * *", "write */5", id="a step of nothing"),
    pytest.param("0 0 * * 7", "write 0", id="7 for Sunday"),
    pytest.param("0 0 * * 1-7", "write 1-6,0", id="up to 7"),
    pytest.param("0 0 * * 0-7", "write *", id="from 0 to 7"),
    pytest.param("0 0 * * 7-2", "write 0-2", id="from 7"),
    pytest.param("0 0 * * 5-7/2", "write 5-6/2", id="up to 7 in steps"),
    pytest.param("0 0 * * 7/2", "write 0/2", id="from 7 in steps"),
    # Quartz
    pytest.param("0 0 2 * * *", "write '0 0 2 * * ?'", id="seconds, no ?"),
    pytest.param("0 0 2 ? * ?", "write '0 0 2 * * ?'", id="two question marks"),
    pytest.param("0 0 2 * * 2-6", "write '0 0 2 ? * 2-6'", id="weekdays, no ?"),
    pytest.param("0 0 2 * * * 2027", "write '0 0 2 * * ? 2027'", id="a year, no ?"),
    pytest.param("0 0 2 ? * 0", "write SUN", id="weekday 0"),
    pytest.param("0 0 2 ? * 0-5", "write SUN-FRI", id="weekdays from 0"),
    pytest.param("0 0 2 ? * 0#2", "write SUN#2", id="the second weekday 0"),
    pytest.param("0 0 2 ? * 0L", "write SUNL", id="the last weekday 0"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "offer"), EXPRESSIONS)
def test_what_is_suggested_for_an_expression_is_taken(text: str, offer: str) -> None:
    message = complaint(text)
    assert offer in message
    found = list(
        suggested(text, message.replace(" (weekdays count from SUN = 1), or 5 fields, which have no seconds", ""))
    )
    assert found
    for timing in found:
        is_taken(timing)


NOT_SUGGESTED = [
    pytest.param("61 10 * * ? *", "use 5 fields, or the Quartz form", id="EventBridge with a slip of its own"),
    pytest.param("0 99 * * * *", "besides, minute '99': 99 is out of range", id="no ?, and a slip beside it"),
    pytest.param("50-10/5 * * * *", "the range goes backwards", id="backwards in steps"),
    pytest.param("rate(0 minutes)", "use secondly, minutely or hourly", id="a rate of nothing"),
    pytest.param("rate(often)", "use secondly, minutely or hourly", id="a rate in words"),
    pytest.param("at(noon)", "use runLater: with its startTime", id="an instant in words"),
    pytest.param("@every 0s", "use secondly, minutely or hourly", id="every nothing"),
    pytest.param("@every 1.5h", "use secondly, minutely or hourly", id="every, with a fraction"),
    pytest.param("-1 * * * *", "minute '-1': values cannot be negative, and a range needs a start; allowed are 0 to 59", id="-1"),
    pytest.param("0 0 -1 * ?", "day of month '-1': values cannot be negative", id="-1 for the last day"),
    pytest.param("0 -1 0 * * ?", "minute '-1': values cannot be negative", id="-1 in the Quartz form"),
    pytest.param("5- * * * *", "minute '5-': a value is missing; allowed are 0 to 59", id="a range without an end"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), NOT_SUGGESTED)
def test_no_expression_is_suggested_that_would_be_rejected(text: str, words: str) -> None:
    message = complaint(text)
    assert words in message
    assert "write " not in message


# ---- Zones

ZONES = [
    pytest.param("UTC+2", "Etc/GMT-2 for UTC+2 all year (its sign is the other way round)", id="an offset from UTC"),
    pytest.param("GMT+5", "Etc/GMT-5 for UTC+5", id="an offset from GMT"),
    pytest.param("-8", "Etc/GMT+8 for UTC-8", id="an offset alone"),
    pytest.param("+05:30", "write a place, such as Asia/Kolkata", id="an offset of minutes"),
    pytest.param("UTC+13:37", "write a place, such as Europe/Madrid", id="an offset of no zone"),
    pytest.param("UTC-13", "write a place, such as Europe/Madrid", id="an offset beyond the database"),
    pytest.param("UTC+0", "write Etc/UTC", id="no offset"),
    pytest.param("Z", "write Etc/UTC", id="Z"),
    pytest.param("PST", "such as America/Los_Angeles", id="an abbreviation"),
    pytest.param("cest", "such as Europe/Berlin", id="an abbreviation in small letters"),
    pytest.param("Romance Standard Time", "it is a name of Windows; write Europe/Paris", id="a name of Windows"),
    pytest.param("pacific daylight time", "write America/Los_Angeles", id="the daylight name of Windows"),
    pytest.param("America/New York", "did you mean America/New_York?", id="a blank"),
    pytest.param("europe/madrid", "did you mean Europe/Madrid?", id="small letters"),
    pytest.param("Europe/Madird", "did you mean Europe/Madrid?", id="a slip"),
    pytest.param("Europe/New_York", "did you mean America/New_York?", id="the wrong continent"),
    pytest.param("Buenos Aires", "did you mean America/Buenos_Aires?", id="a city alone"),
    pytest.param("Europe/Barcelona", "allowed are names such as Europe/Madrid or Etc/UTC", id="a city without a zone of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "hint"), ZONES)
def test_what_is_suggested_for_a_zone_is_one(name: str, hint: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        zone(name)
    message = caught.value.message
    assert hint in message
    found = re.findall(r"[A-Z][A-Za-z]+/[A-Za-z_/]+(?:[+-][0-9]+)?", message.partition("; ")[2])
    assert found
    for suggestion in found:
        zone(suggestion)


@pytest.mark.parametrize("hours", range(-14, 16))
def test_every_offset_leads_to_zones_that_exist_and_to_itself(hours: int) -> None:
    with pytest.raises(ScheduleError) as caught:
        zone(f"UTC{hours:+}")
    message = caught.value.message.partition("; ")[2]
    for name in re.findall(r"Etc/[A-Z]+(?:[+-][0-9]+)?", message):
        assert datetime(2027, 1, 1, tzinfo=zone(name)).strftime("%z") == f"{hours:+03}00"


@pytest.mark.parametrize(("abbreviation", "place"), ABBREVIATIONS.items())
def test_an_abbreviation_leads_to_a_place_that_shows_it(abbreviation: str, place: str) -> None:
    shown = {datetime(2027, month, 1, tzinfo=zone(place)).tzname() for month in (1, 7)}
    assert abbreviation in shown
    assert abbreviation not in zone_names()


@pytest.mark.parametrize(("offset", "place"), _OF_MINUTES.items())
def test_an_offset_of_minutes_leads_to_a_place_that_has_it(offset: str, place: str) -> None:
    shown = {datetime(2027, month, 1, tzinfo=zone(place)).strftime("%z") for month in (1, 7)}
    assert offset.replace(":", "") in shown


@pytest.mark.parametrize("name", sorted(WINDOWS_ZONES))
def test_every_name_of_windows_is_known(name: str) -> None:
    if name not in zone_names():
        with pytest.raises(ScheduleError) as caught:
            zone(name)
        assert WINDOWS_ZONES[name] in caught.value.message
