"""When a due tick is too late to start. What follows from that is decided elsewhere."""

from __future__ import annotations

from datetime import datetime, timedelta


def is_too_old(due: datetime, now: datetime, deadline_seconds: int | None) -> bool:
    """Say whether a tick that was due at `due` may no longer start at `now`.

    `now` is cut to the second, so that a tick with a deadline of 0 s can start at all: exactly at the deadline it still
    starts. Without a deadline nothing is too old.
    """
    if deadline_seconds is None:
        return False
    return now.replace(microsecond=0) > due + timedelta(seconds=deadline_seconds)
