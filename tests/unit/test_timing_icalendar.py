"""Calendars as iCalendar text: which dates and times their events exclude, and what is refused."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from process_operator.timing.days import day_number
from process_operator.timing.exclusions import Exclusions
from process_operator.timing.ical_lines import CalendarError
from process_operator.timing.icalendar import MAX_BYTES, read_calendar
from process_operator.timing.zone import wall_clock

EPOCH = date(1970, 1, 1)


def event(*lines: str, uid: str = "one") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*events: str) -> str:
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "".join(events) + "END:VCALENDAR\r\n"


def dates(found: Exclusions) -> list[str]:
    return [str(EPOCH + timedelta(days=day)) for day in range(found.days.bit_length()) if found.days >> day & 1]


def excluded(*lines: str) -> Exclusions:
    return read_calendar(calendar(event(*lines)))


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
    assert dates(read_calendar(calendar(yearly, moved, gone))) == ["2027-01-02", "2028-01-03"]


def test_what_is_no_event_excludes_nothing() -> None:
    text = calendar(
        "BEGIN:VTIMEZONE\nTZID:Europe/Madrid\nBEGIN:STANDARD\nDTSTART:19701025T030000\nEND:STANDARD\nEND:VTIMEZONE\n",
        "BEGIN:VJOURNAL\nUID:notes\nDTSTART:20270101\nRRULE:FREQ=DAILY\nEND:VJOURNAL\n",
        event("DTSTART:20270102", "BEGIN:VALARM", "TRIGGER:-PT15M", "DURATION:PT1M", "RRULE:none", "END:VALARM"),
    )
    assert dates(read_calendar(text)) == ["2027-01-02"]
    assert not read_calendar("\ufeff" + calendar())


RULES = [
    "FREQ=WEEKLY;BYDAY=MO",
    "FREQ=YEARLY;BYWEEKNO=20",
    "FREQ=YEARLY;BYYEARDAY=100",
    "FREQ=YEARLY;BYSETPOS=1;BYDAY=MO",
    "FREQ=YEARLY;BYHOUR=3",
    "FREQ=YEARLY;BYMONTH=13",
    "FREQ=YEARLY;BYMONTHDAY=0",
    "FREQ=YEARLY;BYDAY=54MO",
    "FREQ=YEARLY;INTERVAL=0",
    "FREQ=YEARLY;COUNT=3;UNTIL=20300101",
    "FREQ=YEARLY;BYMONTH=",
    "BYMONTH=3",
]


@pytest.mark.parametrize("rule", RULES)
def test_any_other_rule_is_refused_by_the_uid(rule: str) -> None:
    with pytest.raises(
        CalendarError, match=r"^event 'summer@example': RRULE .* is not supported; allowed is FREQ=YEARLY"
    ):
        read_calendar(calendar(event("DTSTART;VALUE=DATE:20270101", f"RRULE:{rule}", uid="summer@example")))


REFUSED = [
    (event("DTSTART:20270230"), "event 'one': DTSTART '20270230' is not a date or time that exists", "a bad date"),
    (event("DTSTART:20270101T250000Z"), "is not a date or time that exists", "a bad time"),
    (event("DTSTART;TZID=Mars/Base:20270101T250000"), "TZID 'Mars/Base' is not a time zone", "an unknown zone"),
    (event("SUMMARY:nothing"), "event 'one': it has no DTSTART", "no start"),
    (event("DTSTART:20270102", "DTEND:20270101"), "DTEND is before DTSTART", "an end before the start"),
    (event("DTSTART:20270102", "DTEND:20270103T000000Z"), "DTEND is a time with a zone, but DTSTART a date", "mixed"),
    (event("DTSTART:20270102T090000Z", "EXDATE:20270102"), "EXDATE is a date, but DTSTART a time", "EXDATE of a date"),
    (event("DTSTART:20270102", "RDATE;VALUE=PERIOD:20270102T000000Z/PT1H"), "VALUE=PERIOD is not supported", "a period"),
    (event("DTSTART:20270102", "DURATION:-P1D"), "DURATION '-P1D' is not a duration", "a negative duration"),
    (event("DTSTART:20270102", "EXRULE:FREQ=YEARLY"), "EXRULE and more than one RRULE are not supported", "EXRULE"),
    (event("DTSTART:20270102", "RECURRENCE-ID;RANGE=THISANDFUTURE:20270102"), "RANGE is not supported", "RANGE"),
    ("BEGIN:VEVENT\r\nSUMMARY:a\r\nEND:VEVENT\r\n", "the event in line 3: it has no DTSTART", "no UID"),
    ("what is this\r\n", "line 3: not of the form NAME:value", "no property"),
    ("BEGIN:VEVENT\r\n", "line 4: END:VCALENDAR ends nothing", "an event without its end"),
]  # fmt: skip


@pytest.mark.parametrize(("inside", "message"), [(inside, said) for inside, said, _ in REFUSED],
                         ids=[title for *_, title in REFUSED])  # fmt: skip
def test_what_cannot_be_followed_is_refused(inside: str, message: str) -> None:
    with pytest.raises(CalendarError) as caught:
        read_calendar(calendar(inside))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no BEGIN:VCALENDAR"), ("holidays: none", "outside of BEGIN:VCALENDAR"), ("BEGIN:VCALENDAR", "no END:VCALENDAR"),
     ("BEGIN:VCARD\nEND:VCARD\n", "no BEGIN:VCALENDAR"), (calendar("X:" + "ü" * (MAX_BYTES // 2)), "longer than")],
)  # fmt: skip
def test_what_is_no_calendar_is_refused(text: str, message: str) -> None:
    with pytest.raises(CalendarError, match=message):
        read_calendar(text)


HOSTILE = {
    "events that recur for ever": calendar(
        *(event("DTSTART:19000101", "RRULE:FREQ=YEARLY;BYDAY=MO", uid=str(number)) for number in range(5000))
    ),
    "rules that never match": calendar(
        *(event("DTSTART:20270101", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", uid=str(n)) for n in range(5000))
    ),
    "one line of parameters": "BEGIN:VCALENDAR\n" + "A" + ';b="c"' * 80_000 + "\n",
    "components in components": "BEGIN:X\n" * 60_000,
    "folds of nothing": "BEGIN:VCALENDAR\n" + " \n" * 250_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(CalendarError):
        read_calendar(text)
    assert time.process_time() - begun < 3


def test_days_are_numbered_from_1970() -> None:
    assert excluded("DTSTART:20270101").days == 1 << day_number(date(2027, 1, 1))
