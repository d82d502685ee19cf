"""Prints what recurring-ical-events finds in calendars, one JSON object for each line of standard input.

A question is `{"text", "year", "zone"}`, the answer `{"days", "spans"}`: days as numbers since 1970-01-01, spans as
seconds.
"""

import json
import sys
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar  # type: ignore[import-untyped,import-not-found,unused-ignore] # in the oracle's own environment
import recurring_ical_events  # type: ignore[import-untyped,import-not-found,unused-ignore]

_EPOCH = date(1970, 1, 1)


def answer(text: str, year: int, zone: str) -> dict[str, object]:
    """Find the occurrences of a year, and those that reach into it from shortly before."""
    begin, end = datetime(year, 1, 1) - timedelta(days=5), datetime(year + 1, 1, 1) + timedelta(days=5)  # noqa: DTZ001
    days: set[int] = set()
    spans: list[list[int]] = []
    for found in recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(begin, end):
        start, stop = found["DTSTART"].dt, found["DTEND"].dt
        if isinstance(start, datetime):
            spans.append([_second(moment, zone) for moment in (start, stop)])
        else:
            first = (start - _EPOCH).days
            days |= set(range(first, max((stop - _EPOCH).days, first + 1)))
    return {"days": sorted(days), "spans": sorted(spans)}


def _second(moment: datetime, zone: str) -> int:
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))).timestamp())


for line in sys.stdin:
    print(json.dumps(answer(**json.loads(line))))
