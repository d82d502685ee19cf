"""Calendars against recurring-ical-events, the usual package of Python programs for them (decision 014).

The files are in the style of common programs, and random ones, one for each 200 of COUNT. Some cases are left out,
because the answers differ and the operator's is the one of docs/reference/timings.md. These are times inside the gap of a
clock change, EXDATE for an occurrence that another event replaces, and BYSETPOS in a weekly rule.
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from tests.oracles.questions import COUNT, SEED

from process_operator.timing.closed_spans import spans_between
from process_operator.timing.days import day_number, day_numbers
from process_operator.timing.exclusions import Span, disjoint
from process_operator.timing.ical.budget import Budget
from process_operator.timing.ical.calendar import read_calendar
from process_operator.timing.ical.rule import read_rule
from process_operator.timing.ical.rule_days import RuleDays
from process_operator.timing.zone import DAY, wall_clock

ZONE = "Europe/Madrid"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

Answer = tuple[list[int], list[Span]]
"""Excluded days, and excluded instants, of one year."""


def ours(text: str, year: int) -> Answer:
    found = read_calendar(text)
    assert not found.unreadable
    first, last = bounds(year)
    days = [day for day in range(first, last) if found.excluded.days >> day & 1]
    return days, cut(spans_between(found.excluded, wall_clock(ZONE), first * DAY, last * DAY), year)


def theirs(command: list[str], files: list[tuple[str, int]]) -> list[Answer]:
    questions = "".join(json.dumps({"text": text, "year": year, "zone": ZONE}) + "\n" for text, year in files)
    answered = subprocess.run(command, input=questions, text=True, check=True, stdout=subprocess.PIPE)
    found = []
    for (_, year), line in zip(files, answered.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        first, last = bounds(year)
        days = [day for day in answer["days"] if first <= day < last]
        found.append((days, cut((Span(*span) for span in answer["spans"]), year)))
    return found


def bounds(year: int) -> tuple[int, int]:
    return day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))


def cut(spans: Iterable[Span], year: int) -> list[Span]:
    begin, end = (day * DAY for day in bounds(year))
    return list(disjoint(Span(max(span.start, begin), min(span.end, end)) for span in spans))


def days_of(rule: list[str], start: datetime) -> int:
    """The days that a rule names, without a start beside it; a package that walks would never come back from some."""
    day = day_number(start.date())
    return RuleDays(Budget()).of(read_rule(";".join(rule), 0), day, day + 40 * 366, with_start=False)


# ---- random files


class Dice:
    """Random events that cover each form."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def file(self) -> str:
        events = [lines for number in range(self._random.randint(1, 3)) for lines in self._event(number)]
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Random//EN", *events, "END:VCALENDAR", ""]
        return "\r\n".join(lines)

    def year(self) -> int:
        return self._random.choice([2026, 2027, 2030, 2031])

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _some(self, values: range | list[int] | tuple[str, ...], most: int) -> str:
        return ",".join(map(str, self._random.sample(list(values), self._random.randint(1, most))))

    def _rule(self) -> list[str]:
        frequency = self._random.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
        parts = [f"FREQ={frequency}"]
        if self._chance(0.5):
            parts.append(f"INTERVAL={self._random.choice([1, 2, 3, 5, 12])}")
        by_month = frequency != "WEEKLY" and self._chance(0.35)
        if by_month:
            parts.append(f"BYMONTH={self._some(range(1, 13), 4)}")
        if frequency != "WEEKLY" and self._chance(0.35):
            parts.append(f"BYMONTHDAY={self._some([*range(1, 32), *range(-31, 0)], 4)}")
        if self._chance(0.5):
            parts.append(self._weekdays(frequency, by_month=by_month))
        elif frequency == "YEARLY" and not by_month and self._chance(0.4):
            parts.append(f"BYYEARDAY={self._some([*range(1, 367), *range(-366, 0)], 5)}")
        if len(parts) > 2 and frequency != "WEEKLY" and self._chance(0.3):
            parts.append(f"BYSETPOS={self._some([1, 2, 3, -1, -2, 5], 2)}")
        return [*parts, f"WKST={self._random.choice(WEEKDAYS)}"] if self._chance(0.3) else parts

    def _weekdays(self, frequency: str, *, by_month: bool) -> str:
        if frequency not in ("MONTHLY", "YEARLY") or self._chance(0.4):
            return f"BYDAY={self._some(WEEKDAYS, 4)}"
        most = 5 if by_month or frequency == "MONTHLY" else 53
        numbers = self._some([*range(1, most + 1), *range(-most, 0)], 2).split(",")
        return "BYDAY=" + ",".join(number + self._random.choice(WEEKDAYS) for number in numbers)

    def _event(self, number: int) -> list[str]:
        while True:
            kind = self._random.choice(["date", "utc", "zone", "floating"])
            hour = 0 if kind == "date" else self._random.choice([0, *range(4, 24)])
            start = datetime(self._random.choice([1990, 2020, 2024, 2026]), self._random.randint(1, 12), 1, hour)  # noqa: DTZ001
            rule = self._rule() if self._chance(0.8) else []
            if rule:
                # DTSTART has to be an occurrence: else what it means is left open.
                first = next(iter(day_numbers(days_of(rule, start))), None)
                if first is None:
                    continue
                start += timedelta(days=first - day_number(start.date()))
            return self._lines(number, kind, start, rule)

    def _lines(self, number: int, kind: str, start: datetime, rule: list[str]) -> list[str]:
        zone = {"date": ";VALUE=DATE", "utc": "", "zone": f";TZID={ZONE}", "floating": ""}[kind]

        def text(moment: datetime) -> str:
            return f"{moment:%Y%m%d}" if kind == "date" else f"{moment:%Y%m%dT%H%M%S}{'Z' * (kind == 'utc')}"

        length = (
            timedelta(days=self._random.randint(1, 3))
            if kind == "date"
            else timedelta(hours=self._random.choice([1, 9, 24, 33]))
        )
        head = ["BEGIN:VEVENT", f"UID:{number}@example.com", "DTSTAMP:20260101T000000Z"]
        lines = [*head, f"DTSTART{zone}:{text(start)}"]
        if self._chance(0.5):
            lines.append(f"DTEND{zone}:{text(start + length)}")
        elif self._chance(0.8):
            lines.append(
                f"DURATION:P{length.days}D" if kind == "date" else f"DURATION:PT{length // timedelta(minutes=1)}M"
            )
        if rule:
            lines.append("RRULE:" + ";".join([*rule, *self._end(kind, start)]))
        excepted = [start + timedelta(days=self._random.randint(1, 40)) for _ in range(3)]
        if rule and self._chance(0.4):
            lines.append(f"EXDATE{zone}:" + ",".join(map(text, excepted)))
        if self._chance(0.2):
            lines.append(f"RDATE{zone}:{text(start + timedelta(days=self._random.randint(41, 400)))}")
        lines.append("END:VEVENT")
        if rule and self._chance(0.2):
            moved = start + timedelta(days=self._random.randint(-2, 2), hours=0 if kind == "date" else 3)
            moved = moved.replace(hour=5) if 1 <= moved.hour <= 3 else moved
            lines += [*head, f"RECURRENCE-ID{zone}:{text(start)}", f"DTSTART{zone}:{text(moved)}"]
            lines += [f"DTEND{zone}:{text(moved + length)}", "END:VEVENT"]
        return lines

    def _end(self, kind: str, start: datetime) -> list[str]:
        until = start + timedelta(days=self._random.randint(0, 3000))
        ends = [
            f"UNTIL={until:%Y%m%d}" if kind == "date" else f"UNTIL={until:%Y%m%dT%H%M%S}{'Z' * (kind != 'floating')}"
        ]
        return self._random.choice([[], [f"COUNT={self._random.randint(1, 30)}"], ends])


def test_random_files_mean_what_the_other_package_says(recurring_ical_events: list[str]) -> None:
    dice = Dice(SEED)
    files = [(dice.file(), dice.year()) for _ in range(min(COUNT // 200, 5000))]
    for (text, year), wanted in zip(files, theirs(recurring_ical_events, files), strict=True):
        assert ours(text, year) == wanted, text


# ---- files in the style of each program

OUTLOOK = """BEGIN:VCALENDAR
PRODID:-//Example Corporation//Mail 16.0//EN
VERSION:2.0
METHOD:PUBLISH
X-WR-RELCALID:{0000002E-AAAA}
BEGIN:VTIMEZONE
TZID:Romance Standard Time
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
BEGIN:VEVENT
CLASS:PUBLIC
UID:040000008200E00074C5B7101A82E008
SUMMARY;LANGUAGE=fr:Maintenance
DTSTART;TZID="Romance Standard Time":20270106T220000
DTEND;TZID="Romance Standard Time":20270107T040000
RRULE:FREQ=WEEKLY;UNTIL=20271231T210000Z;INTERVAL=2;BYDAY=WE;WKST=MO
EXDATE;TZID="Romance Standard Time":20270120T220000
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
BEGIN:VALARM
TRIGGER:-PT15M
ACTION:DISPLAY
END:VALARM
END:VEVENT
END:VCALENDAR
"""
GOOGLE = """BEGIN:VCALENDAR
PRODID:-//Example Inc//Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
X-WR-CALNAME:Closures
X-WR-TIMEZONE:America/New_York
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270704
DTEND;VALUE=DATE:20270706
RRULE:FREQ=YEARLY
DTSTAMP:20260101T000000Z
UID:july@example.com
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
DTSTART:20270104T140000Z
DTEND:20270104T150000Z
RRULE:FREQ=WEEKLY;BYDAY=MO
DTSTAMP:20260101T000000Z
UID:standup@example.com
END:VEVENT
END:VCALENDAR
"""
APPLE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example Inc.//macOS 15.0//EN
CALSCALE:GREGORIAN
BEGIN:VEVENT
CREATED:20260101T000000Z
UID:5C3F0E7A
DTSTART;TZID=Europe/Madrid:20270201T180000
DTEND;TZID=Europe/Madrid:20270201T193000
RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1
SUMMARY:Closing of
  the month
X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC
END:VEVENT
BEGIN:VEVENT
UID:5C3F0E7A
RECURRENCE-ID;TZID=Europe/Madrid:20270331T180000
DTSTART;TZID=Europe/Madrid:20270330T120000
DTEND;TZID=Europe/Madrid:20270330T130000
END:VEVENT
END:VCALENDAR
"""
THUNDERBIRD = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Holidays//EN
BEGIN:VEVENT
UID:coming-of-age
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20090112
DTEND;VALUE=DATE:20090113
RRULE:FREQ=MONTHLY;INTERVAL=12;BYDAY=2MO
END:VEVENT
BEGIN:VEVENT
UID:thanksgiving
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20211125
DTEND;VALUE=DATE:20211126
RRULE:FREQ=YEARLY;COUNT=20;BYDAY=4TH;BYMONTH=11
END:VEVENT
BEGIN:VEVENT
UID:bridge
DTSTAMP:20260101T000000Z
DTSTART;VALUE=DATE:20270505
DURATION:P2D
RDATE;VALUE=DATE:20271101,20271224
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    "text", [OUTLOOK, GOOGLE, APPLE, THUNDERBIRD], ids=["Outlook", "Google", "Apple", "Thunderbird"]
)
def test_files_of_the_programs_mean_what_the_other_package_says(text: str, recurring_ical_events: list[str]) -> None:
    found = ours(text, 2027)
    assert [found] == theirs(recurring_ical_events, [(text, 2027)])
    assert any(found), "it excludes something"
