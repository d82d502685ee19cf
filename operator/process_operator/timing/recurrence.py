"""Recurrence: the ticks of a schedule within its bounds. It is the interface of this package.

`compile_schedule` compiles a Schedule to ticks (`ticks.py`, `wall_timing.py`) without excluded ones (`exclusions.py`,
`excluded_ticks.py`). Parts that depend on the text only are shared between requests. A Recurrence itself holds little
more than the bounds and the jitter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from process_operator.resources.conditions import Reason
from process_operator.resources.model import whole_second
from process_operator.resources.schedule import Schedule
from process_operator.timing.cron.field import CRON_FIELD
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError
from process_operator.timing.excluded_ticks import TicksChanged, without
from process_operator.timing.exclusions import NOTHING, Exclusions, read_exclude
from process_operator.timing.jitter import jitter_seconds
from process_operator.timing.ticks import ElapsedTicks, FixedTicks, Ticks
from process_operator.timing.wall_timing import wall_ticks
from process_operator.timing.zone import EPOCH, SECOND, wall_clock, zone

_MICROSECOND: Final = timedelta(microseconds=1)
_END: Final = datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)  # the last instant of every schedule
# 29 February on a given weekday is up to 40 years apart (across 2100). A longer gap counts as never.
_NEVER: Final = timedelta(days=41 * 365.25)

_UNITS: Final = {"secondly": 1, "minutely": 60, "hourly": 3600}


@dataclass(frozen=True, slots=True)
class TickSpan:
    """Consecutive ticks: the first and the last instant (UTC, both included), and their number."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The nominal instants (ticks) of one activation of a schedule.

    All arguments and results are aware datetimes in UTC. Every tick is strictly after `floor`, which is the start of
    the activation. If an elapsed timing has its first tick at that start, `floor` is just before it. `whole_minutes` is
    true if every tick is on a whole minute.

    The nominal instant of a tick is its identity, and all bounds refer to it. With jitter a tick is *due* a little
    later, but before the next tick. Therefore at most one past tick is not due yet.
    """

    floor: datetime
    whole_minutes: bool
    _ticks: Ticks
    _named: FixedTicks | None  # the same without exclusions; None if ticks have no wall times
    _jitter: int  # seconds
    _key: str
    _low: int  # exclusive, and ...
    _high: int  # ... inclusive bound in whole seconds, both less the fraction
    _fraction: timedelta  # the fraction of a second of startTime, for elapsed timings

    def reaching_back(self, first: datetime) -> Recurrence:
        """Give the same calendar without the start of its activation: its ticks from `first` on.

        Intervals (every n seconds, days, weeks) are counted back from the start. startTime has no effect any more, so a
        caller must not pass instants before it.
        """
        after = first - _MICROSECOND
        seconds = self._seconds(after)
        ticks = self._ticks.reaching_back(seconds)
        return replace(self, floor=min(self.floor, after), _ticks=ticks, _low=min(self._low, seconds))

    def next_after(self, instant: datetime) -> datetime | None:
        """Give the first tick strictly after an instant; None if none is left."""
        tick = self._ticks.after(max(self._seconds(instant), self._low))
        return None if tick is None or tick > self._high else self._instant(tick)

    def previous(self, instant: datetime) -> datetime | None:
        """Give the last tick at or before an instant, or None."""
        tick = self._ticks.until(min(self._seconds(instant), self._high))
        return None if tick is None or tick <= self._low else self._instant(tick)

    def before(self, instant: datetime) -> datetime | None:
        """Give the last tick strictly before an instant, or None."""
        return self.previous(instant - _MICROSECOND)

    def is_tick(self, instant: datetime) -> bool:
        """Whether an instant is a tick."""
        return self.previous(instant) == instant

    def due_at(self, tick: datetime) -> datetime:
        """Give the instant at which a tick is due: the tick itself plus its jitter."""
        if not self._jitter:
            return tick
        following = self.next_after(tick)
        bound = self._jitter if following is None else min(self._jitter, (following - tick) // SECOND)
        return tick + timedelta(seconds=jitter_seconds(self._key, (tick - EPOCH) // SECOND, bound))

    def due_through(self, now: datetime) -> datetime:
        """Give the last instant whose ticks are due: `now`, or just before the one tick whose jitter is not over."""
        tick = self.previous(now) if self._jitter else None
        return now if tick is None or self.due_at(tick) <= now else tick - _MICROSECOND

    def due_before(self, instant: datetime) -> datetime:
        """Give the instant that separates the ticks that are due before `instant` from the later ones."""
        return self.due_through(instant - _MICROSECOND) + _MICROSECOND

    def between(self, after: datetime, until: datetime, *, limit: int) -> list[datetime]:
        """List the first `limit` ticks in (after, until], oldest first."""
        found: list[datetime] = []
        tick = self.next_after(after)
        while tick is not None and tick <= until and len(found) < limit:
            found.append(tick)
            tick = self.next_after(tick)
        return found

    def newest(self, after: datetime, until: datetime, *, limit: int) -> list[datetime]:
        """List the last `limit` ticks in (after, until], oldest first."""
        found: list[datetime] = []
        tick = self.previous(until)
        while tick is not None and tick > after and len(found) < limit:
            found.append(tick)
            tick = self.before(tick)
        return found[::-1]

    def count(self, after: datetime, until: datetime) -> int:
        """Count the ticks in (after, until] without listing them."""
        low, high = max(self._seconds(after), self._low), min(self._seconds(until), self._high)
        return self._ticks.count(low, high) if low < high else 0

    def span(self, after: datetime, until: datetime) -> TickSpan | None:
        """Sum up the ticks in (after, until] without listing them; None if there are none."""
        first = self.next_after(after)
        if first is None or first > until:
            return None
        last = self.previous(until)
        assert last is not None
        return TickSpan(first, last, self.count(after, until))

    def wall_time(self, tick: datetime) -> datetime | None:
        """Give the wall time (naive) of a tick, so that it can be compared with a later version of the zone.

        It is the time that the timing names, before a gap moves it. None for elapsed and hour-covering timings, which
        name no wall time.
        """
        wall = self._named.named(self._seconds(tick)) if self._named is not None else None
        return None if wall is None else (EPOCH + timedelta(seconds=wall)).replace(tzinfo=None)

    def settled_by(self, wall_time: datetime) -> datetime:
        """Give the last instant whose ticks belong to wall times up to `wall_time`, by the present rules of the zone.

        A caller that continues after the later of this and the last tick runs no wall time twice, even if the rules of
        the zone changed. For timings without wall times the result is before every tick.
        """
        if self._named is None:
            return self.floor
        return self._instant(self._named.resolved((wall_time.replace(tzinfo=UTC) - EPOCH) // SECOND))

    def _seconds(self, instant: datetime) -> int:
        return (instant - EPOCH - self._fraction) // SECOND

    def _instant(self, seconds: int) -> datetime:
        return EPOCH + timedelta(seconds=seconds) + self._fraction


def compile_schedule(
    schedule: Schedule,
    *,
    since: datetime,
    key: str = "",
    excluded: Exclusions = NOTHING,
    earlier: Sequence[tuple[datetime, Exclusions]] = (),
) -> Recurrence:
    """Compile a schedule for the activation that started at `since` (aware, UTC; cut to the second).

    Ticks are after `since`, and from startTime to finishTime, both included. An elapsed timing without startTime counts
    from `since`, which is its first tick. `key` is the request's `<namespace>/<name>`, from which jitter and H in a
    cron expression are drawn. `excluded` has the exclusions of the calendars of excludeFrom. `earlier` has their earlier
    exclusions, each with the last instant for which it was in force, oldest first.

    Raises ScheduleError: InvalidSchedule, InvalidTimeZone or Unsupported. `check_schedule` also checks that there is a
    tick.
    """
    zone(schedule.time_zone)
    since = whole_second(since.astimezone(UTC))
    start, finish = schedule.start_time, schedule.finish_time
    if start is not None and finish is not None and finish < start:
        raise ScheduleError(Reason.INVALID_SCHEDULE, f"{SCHEDULE_FIELD}.finishTime", "must not be before startTime")
    anchor = start or since
    elapsed = elapsed_seconds(schedule)
    fraction = timedelta(microseconds=anchor.microsecond) if elapsed else timedelta()
    floor = since - _MICROSECOND if elapsed and start is None else since
    ticks: Ticks
    named = None
    if elapsed:
        ticks = ElapsedTicks(anchor=(anchor - EPOCH) // SECOND, every=elapsed)
        whole_minutes = elapsed % 60 == 0 and anchor.second == 0 and not fraction
    else:
        ticks, on_minute = wall_ticks(schedule, anchor, key)
        named = ticks if isinstance(ticks, FixedTicks) else None
        # Only past offsets have seconds (Monrovia until 1972), but an activation in a preview can start there.
        whole_minutes = on_minute and wall_clock(schedule.time_zone).offset((since - EPOCH) // SECOND) % 60 == 0
    low = (floor - EPOCH - fraction) // SECOND
    if start is not None:
        low = max(low, -((EPOCH - start + fraction) // SECOND) - 1)
    high = ((finish or _END) - EPOCH - fraction) // SECOND
    ticks = _less_excluded(ticks, schedule, excluded, earlier)
    jitter = 0 if schedule.jitter is None else schedule.jitter // SECOND
    return Recurrence(floor, whole_minutes, ticks, named, jitter, key, low, high, fraction)


def _less_excluded(
    ticks: Ticks, schedule: Schedule, excluded: Exclusions, earlier: Sequence[tuple[datetime, Exclusions]]
) -> Ticks:
    clock, always = wall_clock(schedule.time_zone), read_exclude(schedule.exclude)
    found = without(ticks, always | excluded, clock)
    for until, before in reversed(earlier):
        found = TicksChanged(without(ticks, always | before, clock), (until - EPOCH) // SECOND, found)
    return found


def check_schedule(schedule: Schedule, *, now: datetime, key: str = "", excluded: Exclusions = NOTHING) -> Recurrence:
    """Compile a schedule for an activation that starts at `now`, and check that it has a tick.

    A tick must be within 41 years after `now`, or after startTime if that is later. With the start of the activation as
    `now` the result does not change when finishTime passes.

    Raises ScheduleError: also NeverFires.
    """
    recurrence = compile_schedule(schedule, since=now, key=key, excluded=excluded)
    first = recurrence.next_after(recurrence.floor)
    earliest = max(now, schedule.start_time or now)
    if first is not None and first - earliest <= _NEVER:
        return recurrence
    field = CRON_FIELD if schedule.cron is not None else SCHEDULE_FIELD
    if schedule.finish_time is not None:
        endless = schedule.model_copy(update={"finish_time": None})
        unbounded = compile_schedule(endless, since=now, key=key, excluded=excluded)
        if unbounded.next_after(unbounded.floor) is not None:
            finish = f"{SCHEDULE_FIELD}.finishTime"
            raise ScheduleError(Reason.NEVER_FIRES, finish, "the schedule has no time between its start and finishTime")
    if schedule.exclude or excluded:
        _reject_excluded(schedule, now=now, key=key)
    raise ScheduleError(Reason.NEVER_FIRES, field, f"there is no such time in the 41 years after {earliest:%Y-%m-%d}")


def _reject_excluded(schedule: Schedule, *, now: datetime, key: str) -> None:
    """Raise ScheduleError (NeverFires) if the exclusions are the cause that there is no tick."""
    plain = compile_schedule(schedule.model_copy(update={"exclude": ()}), since=now, key=key)
    if plain.next_after(plain.floor) is not None:
        name = "exclude" if schedule.exclude else "excludeFrom"
        raise ScheduleError(Reason.NEVER_FIRES, f"{SCHEDULE_FIELD}.{name}", "every time of the schedule is excluded")


def elapsed_seconds(schedule: Schedule) -> int | None:
    """Give the seconds between two ticks of an elapsed timing; None for wall timings."""
    for name, unit in _UNITS.items():
        interval = getattr(schedule, name)
        if interval is not None:
            return int(interval.every) * unit
    return None
