"""Blocked actions: what the API server keeps rejecting of what a request needs, and what its status says of that.

The reconciler notes each action that fails (`actions/rejections.py`), and drops the note once such an action
works. Until the next try a decision leaves out what is blocked and goes on with the rest. A rejection is reported only
after ten seconds, so that a blip changes no condition, and the condition does not change between two tries.
Neighbours: `status/request.py` writes the conditions, `retention.py` frees a place where a quota is full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from process_operator.resources.model import format_instant


class Need(StrEnum):
    """What an action is for. Decisions can leave out the first two; any other action is retried as a whole plan."""

    RUN = "Run"
    CRON_JOB = "CronJob"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Blocked:
    """An action that fails again and again."""

    what: str
    """The action in words, such as `ProcessRun close-1 cannot be created`."""
    reason: str
    message: str
    """What the API server said."""
    since: datetime
    """When it failed first (UTC)."""
    again_at: datetime | None
    """When it is tried again (UTC); None: never, the rejection is final."""
    tries: int = 1
    certain: bool = False
    """The API server rejected it, so nothing was done. After any other failure it may have been done."""
    room_made_at: datetime | None = None
    """When a finished run was last removed to make room under a full quota (UTC)."""

    def carried_over(self, by: timedelta) -> Blocked:
        """The same after the clock was set by so much."""
        again_at = None if self.again_at is None else self.again_at + by
        room_made_at = None if self.room_made_at is None else self.room_made_at + by
        return replace(self, since=self.since + by, again_at=again_at, room_made_at=room_made_at)

    @property
    def sentence(self) -> str:
        """What people read: what fails, since when, and why."""
        return f"{self.what} since {format_instant(self.since.replace(microsecond=0))}: {self.message}"
