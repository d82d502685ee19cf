"""Memory of calendars: how far it reaches, and which entries have a place in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.builders.snapshots import request

from process_operator.decisions.acceptance.remembered_calendar import memory_of_calendars, recalled
from process_operator.decisions.inputs.observations import CalendarFile, CalendarInForce
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources.process_request_status import ProcessRequestStatus, RememberedCalendar
from process_operator.timing.days import day_number
from process_operator.timing.exclusions import Exclusions, Span

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
TODAY = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SCHEDULE = {"daily": {"at": "02:00"}, "excludeFrom": [{"configMap": {"name": "holidays", "key": "ics"}}]}


def remember(excluded: Exclusions, *, cursor: datetime | None) -> RememberedCalendar:
    of = request({"schedule": SCHEDULE})
    found = CalendarInForce(excluded, digest="digest")
    snapshot = Snapshot(
        "erp",
        "close",
        of,
        status=ProcessRequestStatus(last_schedule_time=cursor),
        calendars={("holidays", "ics"): CalendarFile(whole=found, readable=found)},
    )
    schedule = of.spec.timing.schedule
    assert schedule is not None
    (record,) = memory_of_calendars(snapshot, schedule, NOW)
    return record


def hourly(begin: datetime, end: datetime) -> Exclusions:
    """Ten minutes of every hour."""
    first, last = int(begin.timestamp()), int(end.timestamp())
    return Exclusions(0, tuple(Span(second, second + 600) for second in range(first, last, 3600)))


def every_second_day(begin: datetime, end: datetime) -> Exclusions:
    first, last = day_number(begin.date()), day_number(end.date())
    return Exclusions(sum(1 << day for day in range(first, last + 1, 2)), ())


def test_a_sparse_schedule_with_a_dense_calendar_remembers_the_days_to_come() -> None:
    record = remember(hourly(NOW - 300 * DAY, NOW + 300 * DAY), cursor=NOW - 250 * DAY)

    assert record.until == TODAY + timedelta(hours=200)
    assert record.since == TODAY - timedelta(minutes=50)
    assert len(record.times) == 200


def test_places_that_are_left_go_to_the_newest_entries_before_today() -> None:
    record = remember(hourly(NOW - 300 * DAY, TODAY + 2 * DAY), cursor=NOW - 250 * DAY)

    assert record.until == TODAY + 400 * DAY
    assert record.since == TODAY - timedelta(hours=152, minutes=50)
    assert len(record.times) == 200


def test_all_entries_since_the_cursor_are_kept_if_they_have_places() -> None:
    excluded = hourly(TODAY - 3 * DAY, TODAY + 3 * DAY)
    record = remember(excluded, cursor=NOW - 250 * DAY)

    assert (record.since, record.until) == (TODAY - 251 * DAY, TODAY + 400 * DAY)
    assert recalled(record).spans == excluded.spans


def test_a_far_cursor_reaches_back_as_far_as_the_memory_reaches_ahead() -> None:
    assert remember(Exclusions(0, ()), cursor=NOW - 900 * DAY).since == TODAY - 400 * DAY
    assert remember(Exclusions(0, ()), cursor=None).since == TODAY - DAY


def test_dates_from_today_on_come_before_dates_of_the_past() -> None:
    record = remember(every_second_day(TODAY - 300 * DAY, TODAY + 398 * DAY), cursor=NOW - 250 * DAY)

    assert len(record.dates) == 200
    assert (record.dates[0], record.dates[-1]) == ("2027-03-01", "2028-04-02")
    assert (record.since, record.until) == (TODAY, TODAY + 400 * DAY)


def test_dates_that_have_no_place_end_the_memory_before_them() -> None:
    record = remember(every_second_day(TODAY, TODAY + 400 * DAY), cursor=NOW - 2 * DAY)

    assert len(record.dates) == 200
    assert record.dates[0] == "2027-03-01"
    assert record.until == TODAY + 399 * DAY


@pytest.mark.parametrize(("no_tick_left", "digest"), [(False, "before"), (True, "after")])
def test_the_version_before_a_change_is_kept_for_ticks_that_are_not_settled(digest: str, *, no_tick_left: bool) -> None:
    known = remember(hourly(NOW, NOW + DAY), cursor=NOW).model_copy(update={"digest": "before"})
    of = request({"schedule": SCHEDULE})
    assert of.spec.timing.schedule is not None
    changed = CalendarInForce(Exclusions(0, ()), digest="after", changed_at=NOW)
    snapshot = Snapshot(
        "erp",
        "close",
        of,
        status=ProcessRequestStatus(last_schedule_time=NOW - DAY, calendars=(known,)),
        calendars={("holidays", "ics"): CalendarFile(whole=changed, readable=changed)},
    )
    (record,) = memory_of_calendars(snapshot, of.spec.timing.schedule, NOW, no_tick_left=no_tick_left)
    assert record.digest == digest
