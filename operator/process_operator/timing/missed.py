"""Starting deadline: whether a due tick is too late to start. `decisions/ticks/` handles missed ticks."""

from __future__ import annotations

from datetime import datetime, timedelta

from process_operator.resources.model import whole_second


def is_too_old(due: datetime, now: datetime, deadline_seconds: int | None) -> bool:
    """Whether a tick that was due at `due` must not start at `now`.

    A tick can start up to its deadline, included. `now` is cut to the second, so that a tick with a deadline of 0 s can
    start. Without a deadline a tick is never too old.
    """
    if deadline_seconds is None:
        return False
    return whole_second(now) > due + timedelta(seconds=deadline_seconds)


def too_old_at(due: datetime, deadline_seconds: int | None) -> datetime | None:
    """The instant (UTC) by which a start is too old, because `now` is cut to the second; None without a deadline."""
    return None if deadline_seconds is None else due + timedelta(seconds=deadline_seconds + 1)
