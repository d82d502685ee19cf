"""Memory of calendars in a request's status: what each excludes in the coming year, so that a restart does not lose it.

A calendar that cannot be read any more stays in force as it was. The operator holds that in memory; after a restart
this record says it, for as long as it reaches. It is written with what is written anyway, and anew when half of its
time has passed. Neighbour: `exclude_from.py` decides when it counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.observations import CalendarInForce
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.process_request_status import ProcessRequestStatus, RememberedCalendar
from process_operator.resources.schedule import ConfigMapKey, Schedule
from process_operator.timing.closed_spans import spans_between
from process_operator.timing.days import date_of_day, day_number
from process_operator.timing.exclusions import Exclusions, Span, day_range, read_exclude
from process_operator.timing.zone import EPOCH, SECOND, wall_clock

_REACH: Final = timedelta(days=400)
_MAX_ENTRIES: Final = 200
"""Of dates, and of times; where there are more, the record ends before the first that has no place."""
_DAY: Final = timedelta(days=1)


def remembered(status: ProcessRequestStatus, calendar: ConfigMapKey) -> RememberedCalendar | None:
    """Find the record of a calendar."""
    return next((r for r in status.calendars if (r.config_map, r.key) == (calendar.name, calendar.key)), None)


def recalled(record: RememberedCalendar) -> Exclusions:
    """What a record excludes."""
    days = read_exclude(record.dates).days
    times = (text.split("/") for text in record.times)
    spans = tuple(Span(_second(parse_instant(start)), _second(parse_instant(end))) for start, end in times)
    return Exclusions(days, spans)


def with_recalled(found: CalendarInForce, status: ProcessRequestStatus, calendar: ConfigMapKey) -> CalendarInForce:
    """A calendar that was first read after the operator began to watch it, with what its record says of the time
    before."""
    if found.before is not None or found.changed_at is None:
        return found
    record = remembered(status, calendar)
    if record is None or record.digest == found.digest:
        return replace(found, changed_at=None)
    return replace(found, before=recalled(record))


def _is_still_needed(record: RememberedCalendar, found: CalendarInForce, cursor: datetime | None) -> bool:
    """Whether only the record says what the calendar excluded at ticks that are not settled yet."""
    if found.before is not None or found.changed_at is None or record.digest == found.digest:
        return False
    return cursor is None or cursor < found.changed_at


def memory_of_calendars(snapshot: Snapshot, schedule: Schedule, now: datetime) -> tuple[RememberedCalendar, ...]:
    """The records of all calendars of a schedule as they have to be written: of those that are in force."""
    records = []
    for source in schedule.exclude_from:
        known = remembered(snapshot.status, source.config_map)
        file = snapshot.calendars.get((source.config_map.name, source.config_map.key))
        found = file.in_force(skips=source.skips) if file is not None else CalendarInForce()
        is_refused = file is None or (known is None and bool(file.objection(skips=source.skips)))
        if found.now is None or is_refused:
            records += [known] if known is not None else []
        elif known is not None and (
            (known.digest == found.digest and _reaches(known, now))
            or _is_still_needed(known, found, snapshot.status.last_schedule_time)
        ):
            records.append(known)
        else:
            cursor = snapshot.status.last_schedule_time
            since = (min(cursor, now) if cursor is not None else now) - _DAY
            records.append(_record(source.config_map, schedule, found, since, now + _REACH))
    return tuple(records)


def _reaches(record: RememberedCalendar, now: datetime) -> bool:
    return record.until - now > (record.until - record.since) / 2


def _record(
    calendar: ConfigMapKey, schedule: Schedule, found: CalendarInForce, since: datetime, until: datetime
) -> RememberedCalendar:
    since, until = (moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in (since, until))
    first, last = day_number(since.date()), day_number(until.date())
    dates: list[str] = []
    for begin, end in _ranges(found.latest.days & day_range(first, last)):
        if len(dates) == _MAX_ENTRIES:
            until = min(until, EPOCH + (begin - 1) * _DAY)
            break
        dates.append(f"{date_of_day(begin)}" if begin == end else f"{date_of_day(begin)}/{date_of_day(end)}")
    times: list[str] = []
    for span in spans_between(found.latest, wall_clock(schedule.time_zone), _second(since), _second(until)):
        if len(times) == _MAX_ENTRIES:
            until = min(until, EPOCH + span.start * SECOND)
            break
        times.append(f"{format_instant(EPOCH + span.start * SECOND)}/{format_instant(EPOCH + span.end * SECOND)}")
    return RememberedCalendar(
        config_map=calendar.name,
        key=calendar.key,
        digest=found.digest,
        since=since,
        until=until,
        dates=tuple(dates),
        times=tuple(times),
    )


def _ranges(days: int) -> Iterator[tuple[int, int]]:
    """Give the first and last number of each run of days, in order."""
    day = 0
    while days:
        skip = (days & -days).bit_length() - 1
        days >>= skip
        length = (~days & (days + 1)).bit_length() - 1
        yield day + skip, day + skip + length - 1
        day += skip + length
        days >>= length


def _second(instant: datetime) -> int:
    return (instant - EPOCH) // SECOND
