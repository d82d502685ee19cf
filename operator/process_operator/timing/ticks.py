"""Ticks of a timing as instants, without bounds: three kinds behind one interface.

- `ElapsedTicks`: a fixed number of seconds apart, independent of time zones.
- `FixedTicks`: named wall times. A time in a gap moves to the end of the gap, a time in a fold occurs once.
- `HourCoveringTicks`: wall times in every hour. Each instant with a matching reading is a tick, in both passes of a
  fold. Times in a gap do not occur.

Instants are whole seconds since 1970 in UTC. `recurrence.py` adds the bounds of a schedule, `zone.py` has gaps and
folds, `wall_grid.py` the wall times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from process_operator.timing.zone import DAY, Segment, WallClock

if TYPE_CHECKING:
    from process_operator.timing.wall_grid import WallGrid


class Ticks(Protocol):
    """Instants in order, none twice."""

    def after(self, instant: int) -> int | None:
        """Give the first tick after an instant."""

    def until(self, instant: int) -> int | None:
        """Give the last tick at or before an instant."""

    def count(self, after: int, until: int) -> int:
        """Count the ticks in (after, until]."""

    def reaching_back(self, instant: int) -> Ticks:
        """Give the same ticks, extended backwards to an instant (not included)."""


class ElapsedTicks:
    """`anchor + k * every` for k >= 0."""

    def __init__(self, *, anchor: int, every: int) -> None:
        self.anchor = anchor
        self.every = every

    def after(self, instant: int) -> int | None:
        """Give the first tick after an instant."""
        return self.anchor + self._up_to(instant) * self.every

    def until(self, instant: int) -> int | None:
        """Give the last tick at or before an instant."""
        ticks = self._up_to(instant)
        return self.anchor + (ticks - 1) * self.every if ticks else None

    def count(self, after: int, until: int) -> int:
        """Count the ticks in (after, until]."""
        return max(0, self._up_to(until) - self._up_to(after))

    def reaching_back(self, instant: int) -> ElapsedTicks:
        """Give the same ticks, extended backwards beyond the anchor to an instant (not included)."""
        steps = max(0, (self.anchor - instant - 1) // self.every)
        return ElapsedTicks(anchor=self.anchor - steps * self.every, every=self.every)

    def _up_to(self, instant: int) -> int:
        return max(0, (instant - self.anchor) // self.every + 1)


class FixedTicks:
    """Wall times of a grid, each resolved once.

    Resolving never turns the order round, so the search runs over wall times. Those that meet in one instant are one
    tick.
    """

    def __init__(self, grid: WallGrid, clock: WallClock) -> None:
        self._grid = grid
        self._clock = clock

    def without_days(self, days: int) -> FixedTicks:
        """Remove the ticks that are named on dates whose bits are set in `days`, bit 0 for 1970-01-01."""
        return FixedTicks(self._grid.without_days(days), self._clock)

    def reaching_back(self, instant: int) -> FixedTicks:  # noqa: ARG002 - the signature of the interface
        """Give the same ticks, because none of them is counted from a start."""
        return self

    def after(self, instant: int) -> int | None:
        """Give the first tick after an instant."""
        wall = self._clock.passed(instant) + 1
        while (named := self._grid.first(wall)) is not None:
            tick = self._clock.instant(named)
            if tick is not None:
                return tick
            wall = named - named % DAY + DAY
        return None

    def until(self, instant: int) -> int | None:
        """Give the last tick at or before an instant."""
        wall = self._clock.passed(instant)
        while (named := self._grid.last(wall)) is not None:
            tick = self._clock.instant(named)
            if tick is not None:
                return tick
            wall = named - named % DAY - 1
        return None

    def count(self, after: int, until: int) -> int:
        """Count the ticks in (after, until]."""
        if until <= after:
            return 0
        total = self._grid.count(self._clock.passed(after) + 1, self._clock.passed(until) + 1)
        begun = (segment for segment in self._clock.segments(after + 1, until) if segment.start > after)
        return total - sum(self._lost_in_gap(segment) for segment in begun)

    def named(self, instant: int) -> int | None:
        """Give the latest wall time of the grid that resolves to no later than an instant."""
        return self._grid.last(self._clock.passed(instant))

    def resolved(self, wall: int) -> int:
        """Give the instant of a wall time. A time on a date that the zone skips is at the end of the gap."""
        return self._clock.resolved(wall)

    def _lost_in_gap(self, segment: Segment) -> int:
        """Count the wall times of the gap before `segment` that make no tick of their own."""
        if segment.reached >= segment.wall_start:
            return 0
        meeting = self._grid.count(segment.reached, segment.wall_start + 1)
        first_midnight = -(-segment.reached // DAY) * DAY
        last_midnight = segment.wall_start // DAY * DAY
        skipped = self._grid.count(first_midnight, last_midnight)
        return skipped + max(0, meeting - skipped - 1)


class HourCoveringTicks:
    """Ticks at every instant whose reading is in a grid."""

    def __init__(self, grid: WallGrid, clock: WallClock) -> None:
        self._grid = grid
        self._clock = clock

    def without_days(self, days: int) -> HourCoveringTicks:
        """Remove the ticks on dates whose bits are set in `days`, bit 0 for 1970-01-01."""
        return HourCoveringTicks(self._grid.without_days(days), self._clock)

    def reaching_back(self, instant: int) -> HourCoveringTicks:  # noqa: ARG002 - the signature of the interface
        """Give the same ticks, because none of them is counted from a start."""
        return self

    def after(self, instant: int) -> int | None:
        """Give the first tick after an instant."""
        segment = self._clock.segment_at(instant + 1)
        wall = instant + 1 + segment.offset
        while True:
            named = self._grid.first(wall)
            if named is not None and named < segment.wall_end:
                return named - segment.offset
            following = self._clock.segment_at(segment.end)
            if following.wall_start < wall:  # a fold shows readings again that lie before ours
                segment, wall = following, following.wall_start
            elif named is None:
                return None
            else:
                segment = self._clock.first_segment_of(named)
                wall = max(named, segment.wall_start)

    def until(self, instant: int) -> int | None:
        """Give the last tick at or before an instant."""
        segment = self._clock.segment_at(instant)
        wall = instant + segment.offset
        while True:
            named = self._grid.last(wall)
            if named is not None and named >= segment.wall_start:
                return named - segment.offset
            preceding = self._clock.segment_at(segment.start - 1)
            if preceding.wall_end - 1 > wall:  # before a fold the clocks showed readings that lie after ours
                segment, wall = preceding, preceding.wall_end - 1
            elif named is None:
                return None
            else:
                segment = self._clock.last_segment_of(named)
                wall = min(named, segment.wall_end - 1)

    def count(self, after: int, until: int) -> int:
        """Count the ticks in (after, until]."""
        return sum(
            self._grid.count(max(s.start, after + 1) + s.offset, min(s.end, until + 1) + s.offset)
            for s in self._clock.segments(after + 1, until)
        )
