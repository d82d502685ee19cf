"""Calendars of ConfigMaps as files: whatever a text holds, the answer is a calendar or a problem in words."""

from __future__ import annotations

import pytest

from process_operator.decisions.acceptance.exclude_from import calendar_file

EVENT = "BEGIN:VCALENDAR\r\n{0}BEGIN:VEVENT\r\nUID:one\r\n{1}END:VEVENT\r\nEND:VCALENDAR\r\n"


@pytest.mark.parametrize(
    ("of_calendar", "of_event"),
    [
        pytest.param(
            "X-WR-TIMEZONE:America/New_York\r\n",
            "DTSTART:00010101T000000Z\r\nRRULE:FREQ=YEARLY\r\n",
            id="the first instant of the year 1, which is in no year west of Greenwich",
        ),
        pytest.param(
            "X-WR-TIMEZONE:Asia/Tokyo\r\n",
            "DTSTART:99991231T235959Z\r\nRRULE:FREQ=YEARLY\r\n",
            id="the last instant of the year 9999, which is in no year east of it",
        ),
    ],
)
def test_a_date_beyond_all_years_is_a_problem(of_calendar: str, of_event: str) -> None:
    file = calendar_file({"data": {"days.ics": EVENT.format(of_calendar, of_event)}}, "holidays", "days.ics")
    assert file.problem.startswith('key "days.ics" of ConfigMap "holidays": ')


def test_a_billion_occurrences_cost_no_more_than_there_are_days() -> None:
    text = EVENT.format("", "DTSTART;VALUE=DATE:20270101\r\nRRULE:FREQ=DAILY;COUNT=999999999\r\n")
    file = calendar_file({"data": {"days.ics": text}}, "holidays", "days.ics")
    assert file.problem == ""
    assert file.whole.now is not None
    assert file.whole.now.days.bit_length() < 4_000_000
