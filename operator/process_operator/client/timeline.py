"""Timeline of a request: its coming times in a range, or their density, and the times that are excluded. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final

from process_operator.client.bare_schedule import bare_recurrence
from process_operator.preview.preview import Period, judge, preview, runs_left
from process_operator.resources.model import whole_second

if TYPE_CHECKING:
    from process_operator.preview.manifest_set import GivenRequest
    from process_operator.resources.process_request import ProcessRequest
    from process_operator.timing.recurrence import Recurrence

MAX_TICKS: Final = 500
_SPANS: Final = 200
_MAX_SEARCHED: Final = 5000
"""Times without exclusions among which excluded ones are searched for."""


@dataclass(frozen=True, slots=True)
class Density:
    """The number of times in (start, end]."""

    start: datetime
    end: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Times of one request (UTC). Either `ticks` or `density` has the coming ones."""

    namespace: str
    name: str
    ticks: tuple[datetime, ...] = ()
    density: tuple[Density, ...] = ()
    excluded: tuple[datetime, ...] = ()


def timeline_of(given: GivenRequest, start: datetime, end: datetime, now: datetime) -> Timeline:
    """Compute the times after `start` and not after `end`. Coming times are after `now` too."""
    place = given.namespace, given.name
    request = given.request
    if request is None:
        return Timeline(*place)
    recurrence = judge(request, given.process, now, given.calendars, given.step_processes).recurrence
    excluded = tuple(islice(_excluded(given, recurrence, start, end, now), MAX_TICKS))
    period = Period(max(start, whole_second(now)), end)
    if request.spec.suspend or period.start >= end:
        return Timeline(*place, excluded=excluded)
    if recurrence is not None and recurrence.count(period.start, end) > MAX_TICKS:
        density = _density(request, recurrence, period.start, end)
        if sum(one.count for one in density) > MAX_TICKS:
            return Timeline(*place, density=density, excluded=excluded)
    shown = preview(request, given.process, period, given.calendars, given.step_processes)
    return Timeline(*place, ticks=tuple(tick.due for tick in islice(shown.ticks, MAX_TICKS)), excluded=excluded)


def _density(request: ProcessRequest, recurrence: Recurrence, start: datetime, end: datetime) -> tuple[Density, ...]:
    """Count the times in equal spans, as far as maxRuns allows them."""
    left = runs_left(request, recurrence, Period(start, end))
    width = (end - start) // timedelta(seconds=_SPANS) + 1
    edges = [min(end, start + number * timedelta(seconds=width)) for number in range(_SPANS + 1)]
    found: list[Density] = []
    for low, high in pairwise(edges):
        if low == high:
            break
        count = recurrence.count(low, high)
        if left is not None:
            count = min(count, left)
            left -= count
        found.append(Density(low, high, count))
    return tuple(found)


def _excluded(
    given: GivenRequest, recurrence: Recurrence | None, start: datetime, end: datetime, now: datetime
) -> Iterator[datetime]:
    bare = bare_recurrence(given, now)
    if bare is None or recurrence is None:
        return
    schedule = given.request.spec.timing.schedule if given.request is not None else None
    first = max(start, schedule.start_time or start) if schedule is not None else start
    bare, present = bare.reaching_back(first), recurrence.reaching_back(first)
    for tick in bare.between(first, end, limit=_MAX_SEARCHED):
        if not present.is_tick(tick):
            yield tick
