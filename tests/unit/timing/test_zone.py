"""Time zone database, and the clock changes of a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from process_operator.timing.errors import ScheduleError
from process_operator.timing.zone import EPOCH, tzdata_version, wall_clock, zone, zone_names


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_the_version_of_the_database_is_known() -> None:
    assert re.fullmatch(r"20[0-9]{2}\.[0-9]+", tzdata_version())


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires"])
def test_a_zone_is_found_by_its_name(name: str) -> None:
    assert zone(name).key == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("europe/madrid", "did you mean Europe/Madrid?"),
        ("Europe/Madird", "did you mean Europe/Madrid?"),
        ("../../etc/passwd", "such as Europe/Madrid"),
        ("Local", "such as"),
        ("", "such as"),
        ("Europe", "is not a time zone"),
    ],
)
def test_another_name_is_rejected_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        zone(name)

    assert (caught.value.reason, caught.value.field) == ("InvalidTimeZone", "spec.timing.schedule.timeZone")
    assert hint in caught.value.message


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("Europe/Madrid", ["2019-03-31T01:00:00", "2019-10-27T01:00:00"]),
        ("Australia/Lord_Howe", ["2019-04-06T15:00:00", "2019-10-05T15:30:00"]),
        ("Asia/Tokyo", []),
    ],
)
def test_changes_of_a_year(name: str, changes: list[str]) -> None:
    found = wall_clock(name).changes(seconds("2019-01-01"), seconds("2019-12-31"))

    assert found == [seconds(text) for text in changes]


@pytest.mark.parametrize("name", sorted(zone_names())[::7])
def test_offsets_are_those_of_zoneinfo(name: str) -> None:
    clock, info = wall_clock(name), zone(name)
    for hours in range(seconds("2005-01-01") // 3600, seconds("2030-01-01") // 3600, 251):
        instant = EPOCH + timedelta(hours=hours)
        assert clock.offset(hours * 3600) == (instant.astimezone(info).utcoffset() or timedelta()).total_seconds()
