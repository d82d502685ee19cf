"""Start and latest start of a Run Later request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from process_operator.resources.model import whole_second

if TYPE_CHECKING:
    from process_operator.resources.schedule import RunLater


class StartWindow(NamedTuple):
    """The instants from `start` to `end`, both included; `end` None means that it is never too late."""

    start: datetime
    end: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Whether it is too late to start. `now` is cut to the second, as for every deadline."""
        return self.end is not None and whole_second(now) > self.end


def start_window(run_later: RunLater, *, since: datetime, starting_deadline_seconds: int | None = None) -> StartWindow:
    """Compute the window of a Run Later timing.

    `since` is the beginning of the activation, from which `after` counts. The end is the earliest of endTime,
    start + within and start + the starting deadline.
    """
    start = run_later.start_time or since + (run_later.after or timedelta())
    ends = []
    if run_later.end_time is not None:
        ends.append(run_later.end_time)
    if run_later.within is not None:
        ends.append(start + run_later.within)
    if starting_deadline_seconds is not None:
        ends.append(start + timedelta(seconds=starting_deadline_seconds))
    return StartWindow(start, min(ends, default=None))
