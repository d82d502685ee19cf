"""Memory of calendars in the status of a request: the exclusions of the coming 400 days, for a restart of the operator.

A calendar that cannot be read any more stays in force as it was. The operator keeps it in memory. After a restart this
record replaces the memory until its end. It is written with any other change of the status, and again when half of its
time has passed. Neighbour: `exclude_from.py` decides when it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
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
"""Maximum number of dates, and of times. A record covers the days between the entries that have no place."""
_DAY: Final = timedelta(days=1)

_Spans = Callable[[int, int], Iterator[Span]]
"""Excluded spans that overlap the seconds [begin, end) since 1970, sorted."""


def remembered(status: ProcessRequestStatus, calendar: ConfigMapKey) -> RememberedCalendar | None:
    """Find the record of a calendar."""
    return next((r for r in status.calendars if (r.config_map, r.key) == (calendar.name, calendar.key)), None)


def recalled(record: RememberedCalendar) -> Exclusions:
    """The exclusions of a record."""
    days = read_exclude(record.dates).days
    times = (text.split("/") for text in record.times)
    spans = tuple(Span(_second(parse_instant(start)), _second(parse_instant(end))) for start, end in times)
    return Exclusions(days, spans)


def with_recalled(found: CalendarInForce, status: ProcessRequestStatus, calendar: ConfigMapKey) -> CalendarInForce:
    """A calendar that was first read after the operator began to watch it, with its record for the time before."""
    if found.before is not None or found.changed_at is None:
        return found
    record = remembered(status, calendar)
    if record is None or record.digest == found.digest:
        return replace(found, changed_at=None)
    return replace(found, before=recalled(record))


def _is_still_needed(record: RememberedCalendar, found: CalendarInForce, cursor: datetime | None) -> bool:
    """Whether only the record has the exclusions at ticks that are not settled yet."""
    if found.before is not None or found.changed_at is None or record.digest == found.digest:
        return False
    return cursor is None or cursor < found.changed_at


def memory_of_calendars(
    snapshot: Snapshot, schedule: Schedule, now: datetime, *, no_tick_left: bool = False
) -> tuple[RememberedCalendar, ...]:
    """The records to write for the calendars of a schedule that are in force.

    With `no_tick_left` the schedule is over, so no tick needs the exclusions from before a change.
    """
    records = []
    for source in schedule.exclude_from:
        known = remembered(snapshot.status, source.config_map)
        file = snapshot.calendars.get((source.config_map.name, source.config_map.key))
        found = file.in_force(skips=source.skips) if file is not None else CalendarInForce()
        is_unreadable = file is None or (known is None and bool(file.objection(skips=source.skips)))
        if found.now is None or is_unreadable:
            records += [known] if known is not None else []
        elif known is not None and (
            (known.digest == found.digest and _reaches(known, now))
            or (not no_tick_left and _is_still_needed(known, found, snapshot.status.last_schedule_time))
        ):
            records.append(known)
        else:
            cursor = snapshot.status.last_schedule_time
            records.append(_record(source.config_map, schedule, found, min(cursor or now, now) - _DAY, now))
    return tuple(records)


def _reaches(record: RememberedCalendar, now: datetime) -> bool:
    return record.until - now > (record.until - record.since) / 2


def _record(
    calendar: ConfigMapKey, schedule: Schedule, found: CalendarInForce, since: datetime, now: datetime
) -> RememberedCalendar:
    """The record of a calendar from `since` on. Entries from today on come first, then the newest of those before."""
    days, spans = found.latest.days, partial(spans_between, found.latest, wall_clock(schedule.time_zone))
    since, today, until = map(_midnight, (max(since, now - _REACH), now, now + _REACH))
    ahead, until = _spans_ahead(spans, today, until)
    behind, since = _spans_behind(spans, since, today, places=_MAX_ENTRIES - len(ahead))
    ranges, since, until = _date_ranges(days, since, today, until)
    return RememberedCalendar(
        config_map=calendar.name,
        key=calendar.key,
        digest=found.digest,
        since=since,
        until=until,
        dates=tuple(
            f"{date_of_day(begin)}" if begin == end else f"{date_of_day(begin)}/{date_of_day(end)}"
            for begin, end in ranges
        ),
        times=tuple(
            f"{format_instant(EPOCH + span.start * SECOND)}/{format_instant(EPOCH + span.end * SECOND)}"
            for span in (*behind, *ahead)
        ),
    )


def _date_ranges(
    days: int, since: datetime, today: datetime, until: datetime
) -> tuple[list[tuple[int, int]], datetime, datetime]:
    """The first ranges of days from today on, the last ones before, and the instants (UTC) between which they are all."""
    ranges = list(_ranges(days & day_range(day_number(since.date()), day_number(until.date()))))
    ahead = [found for found in ranges if found[1] >= day_number(today.date())]
    behind = ranges[: len(ranges) - len(ahead)]
    if len(ahead) > _MAX_ENTRIES:
        until = EPOCH + (ahead[_MAX_ENTRIES][0] - 1) * _DAY
    ahead = ahead[:_MAX_ENTRIES]
    dropped = len(behind) + len(ahead) - _MAX_ENTRIES
    if dropped > 0:
        since = EPOCH + (behind[dropped - 1][1] + 2) * _DAY
    return [*behind[max(0, dropped) :], *ahead], since, until


def _spans_ahead(spans: _Spans, today: datetime, until: datetime) -> tuple[list[Span], datetime]:
    """The first spans from today on, and the instant (UTC) up to which they are all."""
    found = list(islice(spans(_second(today), _second(until)), _MAX_ENTRIES + 1))
    if len(found) > _MAX_ENTRIES:
        until = min(until, EPOCH + found.pop().start * SECOND)
    return found, until


def _spans_behind(spans: _Spans, since: datetime, today: datetime, *, places: int) -> tuple[list[Span], datetime]:
    """The last spans that end before today, and the instant (UTC) from which on they are all."""
    length = _DAY
    while True:
        # A dense calendar fills the places within a few days. Only a sparse one is searched far back.
        begin = max(since, today - length)
        found = [span for span in spans(_second(begin), _second(today)) if span.end <= _second(today)]
        if len(found) > places:
            first = len(found) - places
            return found[first:], EPOCH + found[first - 1].end * SECOND
        if begin == since:
            return found, since
        length *= 2


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _ranges(days: int) -> Iterator[tuple[int, int]]:
    """Return the first and last number of each row of days, in order."""
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
