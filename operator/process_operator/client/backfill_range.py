"""Times of a backfill: those of a range for which the operator creates runs. Pure: `now` is an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from process_operator.decisions.backfill.plan import MAX_TICKS
from process_operator.preview.preview import judge

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.preview.manifest_set import GivenRequest

_MAX_LISTED: Final = 100


class RangeError(Exception):
    """A range for which no backfill can run. The message says why."""


class TooManyTicksError(RangeError):
    """A range with more times than one backfill runs."""


def backfill_ticks(
    given: GivenRequest, start: datetime, end: datetime, present: datetime
) -> tuple[list[datetime], int]:
    """Return what `ticks_of` returns, if a backfill can run it. Raises RangeError."""
    ticks, count = ticks_of(given, start, end, present)
    if count > MAX_TICKS:
        raise TooManyTicksError(
            f"the schedule has {count} times in that range, and at most {MAX_TICKS} are run by one backfill"
        )
    if not count:
        raise RangeError("the schedule has no time in that range; kubectl process next shows its times")
    return ticks, count


def ticks_of(given: GivenRequest, start: datetime, end: datetime, present: datetime) -> tuple[list[datetime], int]:
    """Return the first times of a request in [start, end], and how many there are. All are UTC.

    As for the operator (`decisions/backfill/plan.py`) startTime and the present limit the range. Raises RangeError.
    """
    name = given.name
    if given.request is None:
        raise RangeError(f"request {name} cannot be read: {given.error}")
    acceptance = judge(given.request, given.process, present, given.calendars, given.step_processes)
    if acceptance.recurrence is None:
        raise RangeError(f"request {name} has no schedule: {acceptance.message or 'its timing runs once'}")
    schedule = given.request.spec.timing.schedule
    first = max(start, schedule.start_time or start) if schedule is not None else start
    last = min(end, present)
    recurrence = acceptance.recurrence.reaching_back(first)
    after = recurrence.before(first) or recurrence.floor
    return recurrence.between(after, last, limit=_MAX_LISTED), recurrence.count(after, last)
