"""Calendars as iCalendar text: which dates and times their events exclude, and what is rejected."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from process_operator.resources.schedule import Schedule
from process_operator.timing.closed_spans import spans_between
from process_operator.timing.days import day_number
from process_operator.timing.errors import ScheduleError
from process_operator.timing.exclusions import Exclusions
from process_operator.timing.ical.calendar import MAX_BYTES, read_calendar
from process_operator.timing.ical.lines import CalendarError
from process_operator.timing.recurrence import check_schedule
from process_operator.timing.zone import wall_clock, zone_names

EPOCH = date(1970, 1, 1)


def event(*lines: str, uid: str = "one") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(events) + "END:VCALENDAR\r\n"


def content(*events: str) -> Exclusions:
    """Exclusions of events, all of them readable."""
    found = read_calendar(calendar(*events))
    assert not found.unreadable
    return found.excluded


def dates(found: Exclusions) -> list[str]:
    return [str(EPOCH + timedelta(days=day)) for day in range(found.days.bit_length()) if found.days >> day & 1]


def excluded(*lines: str) -> Exclusions:
    return content(event(*lines))


def times(found: Exclusions, zone: str = "Etc/UTC") -> list[str]:
    def text(instant: int) -> str:
        return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M")

    return [f"{text(span.start)}/{text(span.end)}" for span in found.spans_in(wall_clock(zone))]


ALL_DAY = [
    (["DTSTART;VALUE=DATE:20271225"], ["2027-12-25"], "without an end it is one day"),
    (["DTSTART;VALUE=DATE:20271224", "DTEND;VALUE=DATE:20271227"], ["2027-12-24", "2027-12-25", "2027-12-26"],
     "the end is the day after the last"),
    (["DTSTART;VALUE=DATE:20271224", "DTEND;VALUE=DATE:20271224"], ["2027-12-24"], "an end on the same day"),
    (["DTSTART:20271224", "DURATION:P1W"], [f"2027-12-{day}" for day in range(24, 31)], "a duration of a week"),
    (["DTSTART;VALUE=DATE:20271225", "STATUS:CANCELLED"], [], "a cancelled one"),
    (["DTSTART;VALUE=DATE:20271225", "TRANSP:TRANSPARENT", "SUMMARY;LANGUAGE=en:Christmas: \\, the\r\n  day"],
     ["2027-12-25"], "with other properties, folded"),
    (["DTSTART;VALUE=DATE:20271225", "RRULE:FREQ=YEARLY;COUNT=3"], ["2027-12-25", "2028-12-25", "2029-12-25"],
     "every year, three times"),
    (["DTSTART;VALUE=DATE:20280229", "RRULE:FREQ=YEARLY;UNTIL=20361231"], ["2028-02-29", "2032-02-29", "2036-02-29"],
     "29 February, until a date"),
    (["DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2"], ["2027-01-01", "2029-01-01"],
     "every second year"),
    (["DTSTART;VALUE=DATE:20271125", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3"],
     ["2027-11-25", "2028-11-23", "2029-11-22"], "the fourth Thursday of November"),
    (["DTSTART;VALUE=DATE:20270531", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;COUNT=2"], ["2027-05-31", "2028-05-29"],
     "the last Monday of May"),
    (["DTSTART;VALUE=DATE:20270104", "RRULE:FREQ=YEARLY;BYDAY=1MO;COUNT=2"], ["2027-01-04", "2028-01-03"],
     "the first Monday of the year"),
    (["DTSTART;VALUE=DATE:20271227", "RRULE:FREQ=YEARLY;BYDAY=-1MO,-1TU;COUNT=3"],
     ["2027-12-27", "2027-12-28", "2028-12-25"], "the last Monday and Tuesday of the year"),
    (["DTSTART;VALUE=DATE:20270131", "RRULE:FREQ=YEARLY;BYMONTH=1,2;BYMONTHDAY=-1;COUNT=3"],
     ["2027-01-31", "2027-02-28", "2028-01-31"], "the last day of two months"),
    (["DTSTART;VALUE=DATE:20270813", "RRULE:FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR;COUNT=2"],
     ["2027-08-13", "2028-10-13"], "Friday the 13th"),
    (["DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=YEARLY;BYMONTH=5;COUNT=2"], ["2027-01-01", "2027-05-01"],
     "a start beside its rule counts as the first"),
    (["DTSTART;VALUE=DATE:16040101", "RRULE:FREQ=YEARLY;UNTIL=19720101"],
     ["1970-01-01", "1971-01-01", "1972-01-01"], "a start long ago"),
    (["DTSTART;VALUE=DATE:20270101", "RDATE;VALUE=DATE:20270501,20271225"], ["2027-01-01", "2027-05-01", "2027-12-25"],
     "further dates"),
    (["DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=YEARLY;COUNT=3", "EXDATE;VALUE=DATE:20280101"],
     ["2027-01-01", "2029-01-01"], "a date that is left out"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wanted"), [(lines, wanted) for lines, wanted, _ in ALL_DAY],
                         ids=[title for *_, title in ALL_DAY])  # fmt: skip
def test_an_all_day_event_excludes_its_dates(lines: list[str], wanted: list[str]) -> None:
    found = excluded(*lines)
    assert dates(found) == wanted
    assert not found.spans and not found.floating


TIMED = [
    (["DTSTART:20270503T090000Z", "DTEND:20270503T103000Z"], ["2027-05-03T09:00/2027-05-03T10:30"], "in UTC"),
    (["DTSTART;TZID=Europe/Madrid:20270503T090000", "DURATION:PT1H30M"], ["2027-05-03T07:00/2027-05-03T08:30"],
     "in a zone, with a duration"),
    (["DTSTART;TZID=/example.org/Europe/Madrid:20270503T090000", "DTEND:20270503T080000Z"],
     ["2027-05-03T07:00/2027-05-03T08:00"], "a vendor's prefix before the zone, and an end in another zone"),
    (["DTSTART:20270503T090000", "DTEND:20270503T100000"], ["2027-05-03T00:00/2027-05-03T01:00"],
     "floating, in the zone of the request"),
    (["DTSTART:20270503T090000Z"], [], "without an end"),
    (["DTSTART;TZID=Europe/Madrid:20270327T230000", "DTEND;TZID=Europe/Madrid:20270328T060000"],
     ["2027-03-27T22:00/2027-03-28T04:00"], "over a clock change"),
    (["DTSTART;TZID=Europe/Madrid:20270703T090000", "DTEND;TZID=Europe/Madrid:20270703T100000",
      "RRULE:FREQ=YEARLY;BYMONTH=1,7;COUNT=2"],
     ["2027-07-03T07:00/2027-07-03T08:00", "2028-01-03T08:00/2028-01-03T09:00"], "again at the same local time"),
    (["DTSTART:20270503T090000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;UNTIL=20280503T090000Z",
      "EXDATE;TZID=Europe/Madrid:20270503T110000"],
     ["2028-05-03T09:00/2028-05-03T10:00"], "until an instant, one left out by another zone's clock"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wanted"), [(lines, wanted) for lines, wanted, _ in TIMED],
                         ids=[title for *_, title in TIMED])  # fmt: skip
def test_a_timed_event_excludes_a_span(lines: list[str], wanted: list[str]) -> None:
    found = excluded(*lines)
    assert times(found, "Asia/Tokyo") == wanted
    assert not found.days


def test_an_occurrence_that_another_event_stands_for_is_moved() -> None:
    yearly = event("DTSTART;VALUE=DATE:20270102", "RRULE:FREQ=YEARLY;COUNT=3")
    moved = event("RECURRENCE-ID;VALUE=DATE:20280102", "DTSTART;VALUE=DATE:20280103")
    gone = event("RECURRENCE-ID;VALUE=DATE:20290102", "DTSTART;VALUE=DATE:20290102", "STATUS:CANCELLED")
    assert dates(content(yearly, moved, gone)) == ["2027-01-02", "2028-01-03"]


def test_what_is_no_event_excludes_nothing() -> None:
    text = calendar(
        "BEGIN:VTIMEZONE\nTZID:Europe/Madrid\nBEGIN:STANDARD\nDTSTART:19701025T030000\nEND:STANDARD\nEND:VTIMEZONE\n",
        "BEGIN:VJOURNAL\nUID:notes\nDTSTART:20270101\nRRULE:FREQ=DAILY\nEND:VJOURNAL\n",
        event("DTSTART:20270102", "BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT1M", "RRULE:none", "END:VALARM"),
    )
    assert dates(read_calendar(text).excluded) == ["2027-01-02"]
    assert not read_calendar("\ufeff" + calendar()).excluded


RECURRING_DAYS = [
    ("20270104", "FREQ=DAILY;COUNT=3", ["2027-01-04", "2027-01-05", "2027-01-06"], "a count of days"),
    ("20270104", "FREQ=DAILY;INTERVAL=10;UNTIL=20270131", ["2027-01-04", "2027-01-14", "2027-01-24"], "every tenth day"),
    ("20270101", "FREQ=DAILY;BYMONTH=1;BYMONTHDAY=1,-1;COUNT=3", ["2027-01-01", "2027-01-31", "2028-01-01"],
     "days of one month"),
    ("20270101", "FREQ=WEEKLY;BYDAY=FR;COUNT=2", ["2027-01-01", "2027-01-08"], "every Friday"),
    ("20270104", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO;COUNT=4",
     ["2027-01-04", "2027-01-10", "2027-01-18", "2027-01-24"], "every second week that begins on Monday"),
    ("20270104", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=4",
     ["2027-01-04", "2027-01-17", "2027-01-18", "2027-01-31"], "the same where weeks begin on Sunday"),
    ("20270105", "FREQ=WEEKLY;BYDAY=TU,1WE;COUNT=2", ["2027-01-05", "2027-01-06"], "a number that means nothing in a week"),
    ("20090112", "FREQ=MONTHLY;INTERVAL=12;BYDAY=2MO;UNTIL=20110201", ["2009-01-12", "2010-01-11", "2011-01-10"],
     "every twelfth month"),
    ("20270131", "FREQ=MONTHLY;COUNT=3", ["2027-01-31", "2027-03-31", "2027-05-31"], "months without the day are skipped"),
    ("20270129", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3", ["2027-01-29", "2027-02-26", "2027-03-31"],
     "the last working day of the month"),
    ("20270606", "FREQ=WEEKLY;BYDAY=SA,SU;BYSETPOS=2;COUNT=2", ["2027-06-06", "2027-06-13"], "the second of each week's days"),
    ("20270101", "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=2", ["2027-01-01", "2028-01-03"],
     "the first working day of the year"),
    ("20270409", "FREQ=YEARLY;BYYEARDAY=99,-1;COUNT=3", ["2027-04-09", "2027-12-31", "2028-04-08"], "days of the year"),
    ("20270101", "freq=yearly;byday=mo, fr;COUNT=2;X-OTHER=1;;", ["2027-01-01", "2027-01-04"], "slips in the writing"),
    ("20270101", "FREQ=DAILY;COUNT=9;UNTIL=20270102", ["2027-01-01", "2027-01-02"], "a count and an end"),
    ("19690601", "FREQ=MONTHLY;COUNT=9", ["1970-01-01", "1970-02-01"], "a count that began before 1970"),
    ("20270301", "FREQ=DAILY;UNTIL=20270101", ["2027-03-01"], "an end before the start leaves the start"),
]  # fmt: skip


@pytest.mark.parametrize(("start", "rule", "wanted"), [row[:3] for row in RECURRING_DAYS],
                         ids=[title for *_, title in RECURRING_DAYS])  # fmt: skip
def test_a_rule_names_its_days(start: str, rule: str, wanted: list[str]) -> None:
    assert dates(excluded(f"DTSTART;VALUE=DATE:{start}", f"RRULE:{rule}")) == wanted


def test_rules_without_end_reach_to_2199() -> None:
    assert dates(excluded("DTSTART:20270101", "RRULE:FREQ=WEEKLY;BYDAY=FR"))[-1] == "2199-12-27"


SLIPS = [
    (["DTSTART;VALUE=DATE:20270101", "DTEND:20270101T050001Z"], ["2027-01-01"], "DTEND is a time", "an end with a time"),
    (["DTSTART:20270102", "DTEND:20270104T000000Z"], ["2027-01-02", "2027-01-03"], "DTEND is a time", "whose date counts"),
    (["DTSTART:20270102", "DTEND:20270101"], ["2027-01-02"], "DTEND is before DTSTART; counted as one day", "an end before the start"),
    (["DTSTART:20270102", "DTEND:tomorrow"], ["2027-01-02"], "DTEND 'tomorrow' is not a date", "an end that is none"),
    (["DTSTART:20270102", "DURATION:-P1D"], ["2027-01-02"], "", "a negative duration"),
    (["DTSTART:20270102", "DURATION:PT36H"], ["2027-01-02", "2027-01-03"], "", "a duration of a day and a half"),
    (["DTSTART:20270105", "RRULE:FREQ=YEARLY;COUNT=2", "EXDATE;TZID=Europe/Madrid:20270105T000000"], ["2028-01-05"], "",
     "an exception with a time"),
    (["DTSTART:20270105", "RDATE:20270107T120000Z"], ["2027-01-05", "2027-01-07"], "", "a further date with a time"),
    (["DTSTART:20270105", "RDATE:20270107Z"], ["2027-01-05", "2027-01-07"], "", "a date in UTC, as Google writes birthdays"),
    (["DTSTART:20270105", "RRULE:", "EXRULE: "], ["2027-01-05"], "its RRULE is empty", "rules without any part"),
    (["DTSTART:20270105", "RDATE;VALUE=PERIOD:20270107T000000Z/P2D"], ["2027-01-05", "2027-01-07", "2027-01-08"], "",
     "a period"),
    (["DTSTART:20270105", "RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"], ["2027-01-06", "2027-01-08"], "",
     "EXRULE of RFC 2445"),
    (["DTSTART:20270105", "RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=YEARLY;COUNT=2"], ["2027-01-05", "2027-01-06", "2028-01-05"], "",
     "two rules"),
    (["DTSTART;TZID=Mars/Base:20270105"], ["2027-01-05"], "", "a date with an unknown zone"),
    (["DTSTART;VALUE=DATE:20270105", "DESCRIPTION:Public holiday.", "The office is closed.", 'ORGANIZER;CN=HR "Ops" team:mailto:x',
      "X_FOO:bar", "no: line; either"], ["2027-01-05"], "", "broken lines that mean nothing"),
    (['DTSTART;TZID="Mars";X-A="b:c":20270105T000000', "DTEND;TZID=Mars:20270107T000000",
      "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"], ["2027-01-05", "2027-01-06"], "", "an all-day event of Outlook in an unknown zone"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wanted", "remark"), [row[:3] for row in SLIPS], ids=[title for *_, title in SLIPS])
def test_a_slip_is_read_as_other_programs_read_it(lines: list[str], wanted: list[str], remark: str) -> None:
    found = read_calendar(calendar(event(*lines)))
    assert (found.unreadable, dates(found.excluded)) == ((), wanted)
    assert [text for text in found.remarks if remark not in text] == []
    assert bool(found.remarks) is bool(remark)


def recurring(*lines: str, zone: str = "Etc/UTC") -> list[str]:
    """The first three spans of an event in 2027."""
    clock = wall_clock(zone)
    begin, end = (day_number(date(year, 1, 1)) * 86400 for year in (2027, 2028))
    found = list(islice(spans_between(excluded(*lines), clock, begin, end), 5))
    return times(Exclusions(spans=tuple(found)))[:3]


RECURRING_TIMES = [
    (["DTSTART:20261229T090000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=TU"],
     ["2027-01-05T09:00/2027-01-05T10:00", "2027-01-12T09:00/2027-01-12T10:00", "2027-01-19T09:00/2027-01-19T10:00"],
     "every Tuesday in UTC"),
    (["DTSTART;TZID=Europe/Madrid:20270326T220000", "DURATION:PT4H", "RRULE:FREQ=DAILY"],
     ["2027-03-26T21:00/2027-03-27T01:00", "2027-03-27T21:00/2027-03-28T01:00", "2027-03-28T20:00/2027-03-29T00:00"],
     "every night, over a clock change"),
    (["DTSTART:20270105T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=30", "EXDATE:20270106", "EXDATE:20270107T090000",
      "EXDATE:20270108T100000"],
     ["2027-01-05T00:00/2027-01-05T01:00", "2027-01-08T00:00/2027-01-08T01:00", "2027-01-09T00:00/2027-01-09T01:00"],
     "floating, with exceptions by date and by time"),
    (["DTSTART:20270105T200000Z", "DURATION:PT8H", "RRULE:FREQ=DAILY;COUNT=20", "RDATE:20270131",
      "RDATE;VALUE=PERIOD:20270106T030000Z/20270106T060000Z"],
     ["2027-01-05T20:00/2027-01-06T06:00", "2027-01-06T20:00/2027-01-07T04:00", "2027-01-07T20:00/2027-01-08T04:00"],
     "with a period that meets the first"),
    (["DTSTART:20270101T000000Z", "DURATION:P45D", "RRULE:FREQ=DAILY;COUNT=100"], ["2027-01-01T00:00/2027-05-25T00:00"],
     "long enough to meet"),
    (["DTSTART:20270104T000000Z", "DTEND:20270105", "RRULE:FREQ=DAILY;COUNT=20;UNTIL=20270105T000000Z"],
     ["2027-01-04T00:00/2027-01-06T00:00"], "from midnight to a date"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wanted"), [row[:2] for row in RECURRING_TIMES],
                         ids=[title for *_, title in RECURRING_TIMES])  # fmt: skip
def test_a_timed_event_recurs(lines: list[str], wanted: list[str]) -> None:
    assert recurring(*lines, zone="Asia/Tokyo") == wanted


def test_a_series_that_is_changed_from_one_occurrence_on() -> None:
    series = event("DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=WEEKLY;COUNT=4")
    moved = event(
        "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20270115", "DTSTART;VALUE=DATE:20270118", "DURATION:P2D"
    )
    wanted = ["2027-01-01", "2027-01-08", "2027-01-18", "2027-01-19", "2027-01-25", "2027-01-26"]
    assert dates(content(series, moved)) == wanted


def test_an_occurrence_is_replaced_whatever_kind_its_id_is_of() -> None:
    series = event("DTSTART;TZID=Europe/Madrid:20270104T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    gone = event("RECURRENCE-ID;VALUE=DATE:20270105", "DTSTART:20270105T000000Z", "STATUS:CANCELLED")
    late = event("RECURRENCE-ID:20270106T080000Z", "DTSTART:20270106T100000Z", "DURATION:PT1H")
    assert times(content(series, gone, late)) == [
        "2027-01-04T08:00/2027-01-04T09:00",
        "2027-01-06T10:00/2027-01-06T11:00",
    ]


def test_what_replaces_an_occurrence_does_not_recur() -> None:
    series = event("DTSTART;VALUE=DATE:20270104", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = event(
        "RECURRENCE-ID;VALUE=DATE:20270111", "DTSTART;VALUE=DATE:20270112", "RRULE:FREQ=WEEKLY", "RDATE:20270201"
    )
    assert dates(content(series, moved)) == ["2027-01-04", "2027-01-12", "2027-01-18"]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (["SEQUENCE:1"], ["SEQUENCE:2"], ["2027-01-12"]),
        ([], ["SEQUENCE:1"], ["2027-01-12"]),
        (["SEQUENCE:1"], ["SEQUENCE:1"], ["2027-01-11", "2027-01-12"]),
        (["SEQUENCE:first"], [], ["2027-01-11", "2027-01-12"]),
        (["SEQUENCE:5"], ["SEQUENCE:1700000000"], ["2027-01-12"]),
    ],
    ids=[
        "a newer version counts",
        "a newer version counts, also beside one without a number",
        "two of one number are two events",
        "no number",
        "a number of ten digits",
    ],
)
def test_an_old_version_of_an_event_does_not_count(old: list[str], new: list[str], wanted: list[str]) -> None:
    assert dates(content(event("DTSTART:20270111", *old), event("DTSTART:20270112", *new))) == wanted
    replaced = "RECURRENCE-ID:20270110"
    assert (
        dates(content(event("DTSTART:20270111", replaced, *old), event("DTSTART:20270112", replaced, *new))) == wanted
    )


WEEKS = event("DTSTART;VALUE=DATE:20270104", "RRULE:FREQ=WEEKLY;COUNT=4")
MOVED = ("RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20270111", "DTSTART;VALUE=DATE:20270112")


def test_a_newer_change_of_one_occurrence_leaves_the_change_of_all_later_ones() -> None:
    moved = event(*MOVED, "SEQUENCE:1")
    once = event("RECURRENCE-ID;VALUE=DATE:20270111", "DTSTART;VALUE=DATE:20270113", "SEQUENCE:2")
    assert {"2027-01-19", "2027-01-26"} < set(dates(content(WEEKS, moved, once)))


def test_a_change_of_all_later_occurrences_keeps_its_own_rule() -> None:
    days = dates(content(WEEKS, event(*MOVED, "RRULE:FREQ=DAILY;COUNT=2")))
    assert days == ["2027-01-04", "2027-01-12", "2027-01-13", "2027-01-19", "2027-01-26"]


def test_a_changed_occurrence_without_its_event_keeps_its_rule() -> None:
    alone = event("RECURRENCE-ID:20270111", "DTSTART:20270112", "RRULE:FREQ=DAILY;COUNT=2")
    assert dates(content(alone)) == ["2027-01-12", "2027-01-13"]


@pytest.mark.parametrize("rule", ["RRULE;FREQ=WEEKLY:", "RRULE:;"])
def test_a_rule_that_is_only_nearly_empty_is_unreadable(rule: str) -> None:
    assert read_calendar(calendar(event("DTSTART:20270105", rule))).unreadable_count == 1


# ---- zones

MEETING = ("DTSTART;TZID={zone}:20270705T090000", "DURATION:PT1H")
OWN_ZONE = """BEGIN:VTIMEZONE
TZID:Our Own
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
FIXED_ZONE = """BEGIN:VTIMEZONE
TZID:Fixed
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
"""
LOCATED_ZONE = OWN_ZONE.replace("TZID:Our Own", "TZID:Mozilla\nX-LIC-LOCATION:America/New_York")


@pytest.mark.parametrize(
    ("zone", "start"),
    [('"W. Europe Standard Time"', "07:00"), ("Tokyo Standard Time", "00:00"), ("europe/madrid", "07:00"),
     ("/freeassociation.sourceforge.net/Europe/Madrid", "07:00"), ("/softwarestudio.org/Olson_20011030_5/America/Lima", "14:00"),
     ("Our Own", "07:00"), ("Fixed", "03:30"), ("Mozilla", "13:00"), ("UTC", "09:00")],
)  # fmt: skip
def test_a_zone_is_found_by_its_name_or_its_definition(zone: str, start: str) -> None:
    meeting = event(*(line.format(zone=zone) for line in MEETING))
    found = times(content(OWN_ZONE, FIXED_ZONE, LOCATED_ZONE, meeting))
    assert found[0].startswith(f"2027-07-05T{start}/")


def test_a_zone_of_its_own_changes_its_clocks() -> None:
    lines = [line.format(zone="Our Own") for line in MEETING]
    winter = [line.replace("0705", "1101") for line in lines]
    assert times(content(OWN_ZONE, event(*winter))) == ["2027-11-01T08:00/2027-11-01T09:00"]


def test_a_definition_means_nothing_in_another_calendar() -> None:
    lines = [line.format(zone="Our Own") for line in MEETING]
    assert read_calendar(calendar(OWN_ZONE, event(*lines))).unreadable_count == 0
    assert "TZID 'Our Own' is not a time zone" in read_calendar(calendar(event(*lines))).unreadable[0]


def test_the_zone_of_the_calendar_counts_where_a_time_has_none() -> None:
    zone = "X-WR-TIMEZONE:America/New_York\r\n"
    floating = event("DTSTART:20270705T090000", "DURATION:PT1H")
    assert times(content(zone, floating)) == ["2027-07-05T13:00/2027-07-05T14:00"]
    # Google writes a series in UTC and means the clocks of this zone.
    series = event("DTSTART:20270301T140000Z", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;COUNT=2")
    assert times(content(zone, series)) == ["2027-03-01T14:00/2027-03-01T15:00", "2027-04-01T13:00/2027-04-01T14:00"]


@pytest.mark.parametrize("zone", ["X-WR-TIMEZONE:floating\r\n", "X-WR-TIMEZONE:\r\n"])
def test_a_calendar_can_name_no_zone(zone: str) -> None:
    found = read_calendar(calendar(zone, event("DTSTART:20270705T090000", "DURATION:PT1H")))
    assert (found.unreadable_count, found.excluded) == (0, content(event("DTSTART:20270705T090000", "DURATION:PT1H")))


# ---- what cannot be read

UNREADABLE_RULES = [
    "FREQ=SECONDLY", "FREQ=HOURLY;INTERVAL=2", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=DAILY;BYHOUR=3", "FREQ=YEARLY;BYMONTH=13",
    "FREQ=YEARLY;BYMONTHDAY=0", "FREQ=YEARLY;BYDAY=54MO", "FREQ=YEARLY;INTERVAL=0", "FREQ=YEARLY;BYMONTH=", "BYMONTH=3",
    "FREQ=WEEKLY;BYDAY", "FREQ=YEARLY;RSCALE=HEBREW", "FREQ=DAILY;FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;WKST=1MO",
]  # fmt: skip


@pytest.mark.parametrize("rule", UNREADABLE_RULES)
def test_any_other_rule_is_told_by_the_uid_and_line(rule: str) -> None:
    found = read_calendar(calendar(event("DTSTART;VALUE=DATE:20270101", f"RRULE:{rule}", uid="summer@example")))
    assert found.unreadable_count == 1
    assert found.unreadable[0].startswith(
        f"event 'summer@example' (line 3): RRULE {rule} is not supported; allowed is FREQ=DAILY"
    )


UNREADABLE = [
    (event("DTSTART:20270230"), "event 'one' (line 3): DTSTART '20270230' is not a date or time that exists", "a bad date"),
    (event("DTSTART:20270101T250000Z"), "is not a date or time that exists", "a bad time"),
    (event("DTSTART;TZID=Mars/Base:20270101T100000"), "TZID 'Mars/Base' is not a time zone", "an unknown zone"),
    (event("SUMMARY:nothing"), "event 'one' (line 3): it has no DTSTART", "no start"),
    (event("DTSTART;VALUE:20270101"), "DTSTART in line 5 is not of the form", "a parameter without a value"),
    (event("DTSTART:20270101T090000Z", "DTEND:later"), "DTEND 'later' is not a date or time", "no end of a timed event"),
    (event("DTSTART:20270101T090000Z", "DURATION:1 hour"), "DURATION '1 hour' is not a duration", "no duration of a timed event"),
    (event("DTSTART:20270102", "RECURRENCE-ID;RANGE=THISANDPRIOR:20270102"), "RANGE=THISANDPRIOR is not supported", "RANGE"),
    (event("DTSTART:20270102", "EXDATE:yesterday"), "EXDATE 'yesterday' is not a date", "a bad exception"),
    (event("DTSTART:15990101", "RRULE:FREQ=YEARLY;COUNT=900"), "COUNT with a DTSTART before 1600", "a count from long ago"),
    ("BEGIN:VEVENT\r\nSUMMARY:a\r\nEND:VEVENT\r\n", "the event in line 3: it has no DTSTART", "no UID"),
    ("BEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+01\nTZOFFSETTO:+0100\nEND:STANDARD\n"
     "END:VTIMEZONE\n" + event("DTSTART;TZID=Z:20270101T000000"), "VTIMEZONE 'Z': TZOFFSETFROM '+01' is not an offset", "a bad zone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("inside", "message"), [row[:2] for row in UNREADABLE], ids=[title for *_, title in UNREADABLE]
)
def test_an_event_whose_days_are_unknown_is_told_and_the_others_are_read(inside: str, message: str) -> None:
    found = read_calendar(calendar(inside, event("DTSTART:20270405", uid="two")))
    assert found.unreadable_count == 1
    assert message in found.unreadable[0]
    assert dates(found.excluded) == ["2027-04-05"]


def test_of_many_only_some_are_told() -> None:
    found = read_calendar(calendar(*(event("SUMMARY:a", uid=str(number)) for number in range(50))))
    assert (len(found.unreadable), found.unreadable_count) == (5, 50)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no BEGIN:VCALENDAR"), ("holidays: none", "no BEGIN:VCALENDAR"), ("BEGIN:VCALENDAR", "no END:VCALENDAR"),
     ("BEGIN:VCARD\nEND:VCARD\n", "no BEGIN:VCALENDAR"), (calendar("X:" + "ü" * (MAX_BYTES // 2)), "longer than")],
)  # fmt: skip
def test_what_is_no_calendar_is_rejected(text: str, message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        read_calendar(text)


def many(*lines: str, count: int = 9000) -> str:
    """Events that differ in their time of day and interval."""
    texts = (
        event(
            *(
                line.format(n=n, time=f"{n // 3600:02}{n // 60 % 60:02}{n % 60:02}", every=n % 9000 + 2)
                for line in lines
            ),
            uid=str(n),
        )
        for n in range(count)
    )
    return calendar(*texts)


def wall_times(count: int) -> str:
    return ",".join(f"{2000 + n % 190}{n % 12 + 1:02}{n % 28 + 1:02}T{n % 24:02}{n % 60:02}00Z" for n in range(count))


ZONES = sorted(name for name in zone_names() if name.startswith("America/"))[:14]
EVERY_WEEKDAY = ",".join(
    f"{nth}{day}" for nth in range(-53, 54) if nth for day in ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
)
HOSTILE = {
    "every second": many("DTSTART:20270101T000000Z", "RRULE:FREQ=SECONDLY"),
    "every day": many("DTSTART:19000101", "RRULE:FREQ=DAILY"),
    "every day, each at another time": many("DTSTART:20270101T{time}Z", "DURATION:PT1M", "RRULE:FREQ=DAILY"),
    "every day, for years": many("DTSTART:20270101T{time}Z", "DURATION:P1000D", "RRULE:FREQ=DAILY"),
    "rules that never match": many("DTSTART:20270101", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"),
    "rules that never match, all different": many("DTSTART:20270101", "RRULE:FREQ=MONTHLY;INTERVAL={every};BYMONTHDAY=31;BYMONTH=2"),
    "counts since 1600": many("DTSTART:16010101", "RRULE:FREQ=MONTHLY;INTERVAL={every};COUNT=100000"),
    "positions": many("DTSTART:20270101", "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1"),
    "every weekday by its number": many("DTSTART:20270101", f"RRULE:FREQ=YEARLY;BYDAY={EVERY_WEEKDAY}", count=250),
    "until the year 9999": many("DTSTART;TZID=Europe/Madrid:00010101T000000", "DTEND;TZID=Asia/Tokyo:99991231T235959",
                                "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z", count=5000),
    "dates and exceptions": calendar(event("DTSTART:20270101T000000Z", "DURATION:PT1M", "RRULE:FREQ=DAILY",
                                           f"RDATE:{wall_times(29000)}", f"EXDATE:{wall_times(29000)}")),
    "replaced occurrences": calendar(event("DTSTART:20270101", "RRULE:FREQ=DAILY"),
                                     *(event(f"RECURRENCE-ID:{2027 + n // 336}{n // 28 % 12 + 1:02}{n % 28 + 1:02}", "DTSTART:20270102")
                                       for n in range(9000))),
    "many events of one UID, and many changes of all that follows": calendar(
        *(event("DTSTART:20270101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY") for _ in range(900)),
        *(event(f"RECURRENCE-ID;RANGE=THISANDFUTURE:{2027 + n // 12}{n % 12 + 1:02}01T090000Z",
                f"DTSTART:{2027 + n // 12}{n % 12 + 1:02}01T100000Z", "DURATION:PT1H") for n in range(990))),
    "all zones in all years": calendar(*(event(f"DTSTART;TZID={zone}:{year}0101T000000", "DURATION:PT1M")
                                         for zone in ZONES for year in range(1970, 2199))),
    "zones of its own": calendar(*(OWN_ZONE.replace("Our Own", str(n)) + event(f"DTSTART;TZID={n}:20270101T000000", "DURATION:PT1M")
                                   for n in range(2000))),
    "one line of parameters": calendar("BEGIN:VEVENT\nDTSTART" + ';b="c"' * 150_000 + ":20270101\nEND:VEVENT\n"),
    "quotes": calendar("BEGIN:VEVENT\nUID;b=" + '"' * 900_000 + ":x\nEND:VEVENT\n"),
    "components in components": "BEGIN:X\n" * 120_000,
    "one property again and again": "BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + "UID:\n" * 200_000,
    "folds of nothing": "BEGIN:VCALENDAR\n" + " \n" * 500_000,
    "one long number": calendar(event("DTSTART:" + "1" * 1_000_000)),
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    assert len(text) <= MAX_BYTES
    begun = time.process_time()
    with suppress(CalendarError):
        read_calendar(text)
    assert time.process_time() - begun < 10, "less than a second on a quiet machine"


def test_a_search_among_as_many_spans_as_there_may_be_does_not_take_long() -> None:
    """Every day at every minute, so that no tick is left in any year."""
    lines = ("DTSTART:20270101T{time}00Z", "DURATION:PT1M", "RRULE:FREQ=DAILY")
    closed = (
        event(*(line.format(time=f"{n // 60 * 3:02}{n % 60:02}") for line in lines), uid=str(n)) for n in range(8)
    )
    found = content(*closed, event("DTSTART:20270101T090000Z", "DURATION:PT12H", "RRULE:FREQ=DAILY", uid="ever"))
    schedule = Schedule.model_validate({"daily": {"at": "10:00"}})
    begun = time.process_time()
    with pytest.raises(ScheduleError, match="every time of the schedule is excluded"):
        check_schedule(schedule, now=datetime(2027, 1, 1, tzinfo=UTC), excluded=found)
    assert time.process_time() - begun < 10, "about half a second on a quiet machine"


@pytest.mark.parametrize(("count", "is_read"), [(150, True), (300, False)])
def test_a_calendar_that_would_take_long_to_search_is_rejected(count: int, *, is_read: bool) -> None:
    """A search for a tick beside the first event reads every event in every few weeks up to the year 2199."""
    yearly = (
        event(f"DTSTART:20270101T{n // 60:02}{n % 60:02}00Z", "DURATION:PT1S", "RRULE:FREQ=YEARLY", uid=str(n))
        for n in range(count)
    )
    text = calendar(event("DTSTART:20270101T000000Z", "DURATION:PT24H", "RRULE:FREQ=DAILY", uid="ever"), *yearly)
    expectation = nullcontext() if is_read else pytest.raises(CalendarError, match="recur too often; remove old events")
    with expectation:
        read_calendar(text)


def test_an_end_of_the_rules_makes_a_search_short() -> None:
    rule = "RRULE:FREQ=DAILY;UNTIL=20300101T000000Z"
    events = (
        event(f"DTSTART:20270101T{n // 60:02}{n % 60:02}00Z", "DURATION:PT1S", rule, uid=str(n)) for n in range(400)
    )
    assert len(read_calendar(calendar(*events)).excluded.recurring) == 400


def test_days_are_numbered_from_1970() -> None:
    assert excluded("DTSTART:20270101").days == 1 << day_number(date(2027, 1, 1))
