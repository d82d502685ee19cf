"""Time zones: the database, and the changes of offset between wall time and instants, with their gaps and folds.

Inside this package an instant is whole seconds since 1970 in UTC. A wall time is its reading (date and time of day) as
if that were UTC: `wall = instant + offset`. Both are plain integers, and their difference is the offset. A change of the
offset forwards leaves a *gap* of wall times that never occur. A change backwards leaves a *fold* of wall times that
occur twice. A change can have any size, and need not be daylight saving.

`zone_hints.py` has suggestions for unknown names. `ticks.py` combines zones with the wall times of `wall_grid.py`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from process_operator.resources.conditions import Reason
from process_operator.timing.errors import SCHEDULE_FIELD, ScheduleError
from process_operator.timing.zone_hints import zone_hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY: Final = 86_400
SECOND: Final = timedelta(seconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

WINDOW_BITS: Final = 25  # offsets are explored in windows of 2**25 s, a little over a year
_ZONE_CACHE: Final = 1024  # more than there are zones


@lru_cache(maxsize=1)
def tzdata_version() -> str:
    """Name the version of the time zone database in use, such as `2026.6`."""
    return importlib.metadata.version("tzdata")


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """List the names that `zone` knows."""
    return frozenset(importlib.resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@lru_cache(maxsize=_ZONE_CACHE)
def zone(name: str) -> ZoneInfo:
    """Find a zone by its IANA name, in the tzdata package only, so that `tzdata_version` is the version of its rules.

    Raises ScheduleError (InvalidTimeZone) for any other name.
    """
    if name not in zone_names():
        raise ScheduleError(Reason.INVALID_TIME_ZONE, f"{SCHEDULE_FIELD}.timeZone", _unknown_zone(name))
    with importlib.resources.files("tzdata.zoneinfo").joinpath(name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _unknown_zone(name: str) -> str:
    return f"{name!r} is not a time zone of the IANA database {tzdata_version()}; {zone_hint(name, zone_names())}"


class Segment(NamedTuple):
    """A span of instants [start, end) with one offset.

    `reached` is the wall time (exclusive) that clocks had reached at its start. It is later than `wall_start` if the
    segment starts with a fold, and earlier if it starts with a gap.
    """

    start: int
    end: int
    offset: int
    reached: int

    @property
    def wall_start(self) -> int:
        """The first wall time."""
        return self.start + self.offset

    @property
    def wall_end(self) -> int:
        """The wall time after the last one."""
        return self.end + self.offset


class WallClock:
    """The clock of one zone: offsets, and the map from wall times to instants and back. `wall_clock` returns it.

    `offset_at` gives the offset at an instant, in seconds. It has no list of changes. Therefore changes are found by
    probing the offset once a day and bisecting to the second, one window at a time, when a search reaches it. Two
    changes within one day would count as one; no zone has such changes.
    """

    def __init__(self, offset_at: Callable[[int], int]) -> None:
        self._probe = offset_at
        self._windows: dict[int, tuple[Segment, ...]] = {}
        self._newest = Segment(0, 0, 0, 0)

    def segment_at(self, instant: int) -> Segment:
        """Give the segment that holds an instant. It can be cut at the bounds of a window, where the offset stays."""
        newest = self._newest
        if newest.start <= instant < newest.end:
            return newest  # a search reads the same segment repeatedly
        window = instant >> WINDOW_BITS
        segments = self._windows.get(window)
        if segments is None:
            segments = self._windows[window] = self._explore(window)
        for segment in segments:
            if instant < segment.end:
                self._newest = segment
                return segment
        raise AssertionError("the segments of a window cover it")

    def segments(self, first: int, last: int) -> Iterator[Segment]:
        """Walk the segments that hold the instants from `first` to `last`, both included."""
        while first <= last:
            segment = self.segment_at(first)
            yield segment
            first = segment.end

    def changes(self, first: int, last: int) -> list[int]:
        """List the instants in [first, last] at which the offset changes."""
        return [s.start for s in self.segments(first, last) if s.start >= first and s.reached != s.wall_start]

    def offset(self, instant: int) -> int:
        """Give the offset in seconds east of UTC."""
        return self.segment_at(instant).offset

    def first_segment_of(self, wall: int) -> Segment:
        """Give the earliest segment that shows `wall`; if it is in a gap, the one after the gap."""
        segment = self.segment_at(wall - DAY)  # offsets are less than a day
        while segment.wall_end <= wall:
            segment = self.segment_at(segment.end)
        return segment

    def last_segment_of(self, wall: int) -> Segment:
        """Give the latest segment that shows `wall`; if it is in a gap, the one before the gap."""
        segment = self.segment_at(wall + DAY)
        while segment.wall_start > wall:
            segment = self.segment_at(segment.start - 1)
        return segment

    def instant(self, wall: int) -> int | None:
        """Resolve a wall time: the first of two occurrences; for one in a gap the first instant after the gap.

        None if the zone skips the whole date of `wall` (Apia had no 30 December 2011).
        """
        segment = self.first_segment_of(wall)
        if wall >= segment.wall_start:
            return wall - segment.offset
        midnight = wall - wall % DAY
        if segment.reached <= midnight and midnight + DAY <= segment.wall_start:
            return None
        return segment.start

    def resolved(self, wall: int) -> int:
        """Resolve a wall time as `instant` does; one on a date that is skipped whole, to the end of the gap."""
        instant = self.instant(wall)
        return self.first_segment_of(wall).start if instant is None else instant

    def passed(self, instant: int) -> int:
        """Give the latest wall time that `instant` resolves to no later than this instant.

        That is the reading of the clock, except in the second pass of a fold: there it is the end of the fold.
        """
        segment = self.segment_at(instant)
        return max(instant + segment.offset, segment.reached - 1)

    def _explore(self, window: int) -> tuple[Segment, ...]:
        begin, end = window << WINDOW_BITS, (window + 1) << WINDOW_BITS
        start = begin - 2 * DAY  # a fold shortly before the window is felt inside it
        offset = self._probe(start)
        reached = start + offset
        segments = []
        for change in [*self._find_changes(start, end), end]:
            if change > begin:
                cut = max(start, begin)
                felt = reached if start >= begin else max(reached, cut + offset)
                segments.append(Segment(cut, change, offset, felt))
            reached = max(reached, change + offset)
            start, offset = change, self._probe(change)
        return tuple(segments)

    def _find_changes(self, begin: int, end: int) -> Iterator[int]:
        low, low_offset = begin, self._probe(begin)
        while low < end - 1:
            high = min(low + DAY, end - 1)
            high_offset = self._probe(high)
            if high_offset != low_offset:
                yield self._bisect(low, high)
            low, low_offset = high, high_offset

    def _bisect(self, low: int, high: int) -> int:
        before = self._probe(low)
        while high - low > 1:
            middle = (low + high) // 2
            if self._probe(middle) == before:
                low = middle
            else:
                high = middle
        return high


def _offset_at(info: ZoneInfo) -> Callable[[int], int]:
    """Give the function from an instant to the offset of a zone, in seconds east of UTC."""

    def probe(instant: int) -> int:
        offset = datetime.fromtimestamp(instant, info).utcoffset()
        if offset is None:
            raise AssertionError("a ZoneInfo always has an offset")
        return offset // SECOND

    return probe


@lru_cache(maxsize=_ZONE_CACHE)
def wall_clock(name: str) -> WallClock:
    """Get the clock of a zone. There is one object for each name, which caches the changes that it found.

    Raises ScheduleError (InvalidTimeZone).
    """
    return WallClock(_offset_at(zone(name)))
