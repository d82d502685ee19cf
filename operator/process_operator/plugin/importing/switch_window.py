"""Window of a switch-over: the time between two ticks in which a CronJob hands over to a ProcessRequest. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from process_operator.timing.recurrence import Recurrence

_MARGIN: Final = timedelta(seconds=60)
_PARTS_OF_SHORT_DISTANCE: Final = 3
"""Parts of a distance shorter than three margins: before the window, the window, and after it."""


@dataclass(frozen=True, slots=True)
class SwitchWindow:
    """Time between two ticks (UTC). A switch-over starts from `opens` to `closes`.

    The CronJob is without an active Job until `idle_by`, and the operator has seen the resumed request until `done_by`.
    Otherwise everything is undone before the tick `following`. `latest` is None if no tick has passed yet.
    """

    latest: datetime | None
    following: datetime
    opens: datetime
    closes: datetime
    idle_by: datetime
    done_by: datetime

    def why_closed(self, now: datetime) -> str:
        """Say why a switch-over cannot start at `now` (UTC); empty if it can."""
        if self.opens <= now <= self.closes:
            return ""
        near, margin = self.following, self.following - self.closes
        if now < self.opens and self.latest is not None:
            near = self.latest
        seconds = int(margin.total_seconds())
        opens = self.opens if now < self.opens else self.following + margin
        return (
            f"{format_instant(near)} is a time of the schedule, and less than {seconds} s away. "
            f"Try again after {format_instant(opens)}"
        )


def switch_window(recurrence: Recurrence, now: datetime) -> SwitchWindow | None:
    """Find the window around `now` (UTC); None if no tick is left.

    It keeps 60 s from each tick. Ticks that are less than three minutes apart leave a third of their distance.
    """
    latest, following = recurrence.previous(now), recurrence.next_after(now)
    if following is None:
        return None
    margin = _MARGIN if latest is None else min(_MARGIN, (following - latest) / _PARTS_OF_SHORT_DISTANCE)
    opens = now if latest is None else latest + margin
    return SwitchWindow(
        latest=latest,
        following=following,
        opens=opens,
        closes=following - margin,
        idle_by=following - margin / 2,
        done_by=following - margin / 4,
    )
