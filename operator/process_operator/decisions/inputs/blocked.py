"""Blocked actions: what the API server keeps rejecting of what a request needs, and how its status reports it.

The reconciler records each action that fails (`actions/rejections.py`), and forgets it once this action works. Until
the next attempt, a decision leaves out what is blocked and continues with the rest. A rejection is reported only after
ten seconds, so a short failure changes no condition. The condition stays the same between two attempts. Neighbours:
`status/request.py` writes the conditions, and `retention.py` frees a place if a quota is full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from process_operator.resources.model import format_instant, whole_second


class Need(StrEnum):
    """The object that an action creates. Decisions can leave out the first two. Others are retried as a whole plan."""

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
    """The answer of the API server."""
    since: datetime
    """Time of the first failure (UTC)."""
    again_at: datetime | None
    """Time of the next attempt (UTC). None if the rejection is final."""
    tries: int = 1
    certain: bool = False
    """The API server rejected it, so it had no effect. After any other failure it may have had one."""
    was_quota_full: bool = False
    """A quota was full at an earlier attempt, and no attempt since has had a certain answer."""
    room_made_at: datetime | None = None
    """Time at which a finished run was last deleted to make room under a full quota (UTC)."""

    def carried_over(self, by: timedelta) -> Blocked:
        """The same after the clock was set by this amount."""
        again_at = None if self.again_at is None else self.again_at + by
        room_made_at = None if self.room_made_at is None else self.room_made_at + by
        return replace(self, since=self.since + by, again_at=again_at, room_made_at=room_made_at)

    @property
    def sentence(self) -> str:
        """Text for users: the action that fails, since when, and why."""
        return f"{self.what} since {format_instant(whole_second(self.since))}: {self.message}"
