"""Blocked actions: what the API server keeps rejecting of what a request needs, and what its status says of that.

The reconciler notes each action that fails (`process_operator/rejections.py`), and drops the note once such an action
works. Until the next try a decision leaves out what is blocked and goes on with the rest. A rejection is reported only
after ten seconds, so that a blip changes no condition, and the condition does not change between two tries.
Neighbours: `request_status.py` writes the conditions, `retention.py` frees a place where a quota is full.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason
from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from process_operator.decisions.run_view import RunView
    from process_operator.decisions.snapshot import Snapshot

REPORTED_AFTER: Final = timedelta(seconds=10)
"""How long an action must have been failing before the status reports it."""
ROOM_INTERVAL: Final = timedelta(seconds=10)
"""Time between two removals for a full quota: the API server counts what was deleted a few seconds later."""
_CAUSES: Final = frozenset({Reason.QUOTA_EXCEEDED, Reason.REJECTED, Reason.WEBHOOK_FAILED, Reason.API_ERROR})


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


def blocked_now(snapshot: Snapshot, need: Need, now: datetime) -> Blocked | None:
    """Whether a decision has to leave out actions of that kind now.

    The first failure of a request that may have been carried out is retried at once, with everything else as it was.
    """
    found = snapshot.blocked.get(need)
    if found is None or found.again_at is None or now >= found.again_at or not (found.certain or found.tries > 1):
        return None
    return found


def is_quota_full(snapshot: Snapshot) -> bool:
    """Whether a quota lately had no room for a run."""
    found = snapshot.blocked.get(Need.RUN)
    return found is not None and found.reason == Reason.QUOTA_EXCEEDED


def reported(blocked: Iterable[Blocked], now: datetime) -> Blocked | None:
    """The oldest rejection that the status has to report."""
    due = [found for found in blocked if now >= found.since + REPORTED_AFTER]
    return min(due, key=lambda found: (found.since, found.what), default=None)


def since_reported(blocked: Iterable[Blocked], conditions: tuple[Condition, ...]) -> list[Blocked]:
    """The same, each known for as long as the condition Ready says: a restarted operator has just met it."""
    ready = next((c for c in conditions if c.type == ConditionType.READY and c.status == ConditionStatus.FALSE), None)
    known = ready.last_transition_time if ready is not None else None
    if ready is None or known is None:
        return list(blocked)
    since = known - REPORTED_AFTER
    return [
        replace(found, since=since) if found.reason == ready.reason and found.since > since else found
        for found in blocked
    ]


def reported_at(blocked: Iterable[Blocked], now: datetime) -> datetime | None:
    """The next instant at which a rejection becomes one to report (UTC)."""
    instants = (found.since + REPORTED_AFTER for found in blocked)
    return min((instant for instant in instants if instant > now), default=None)


def blocked_jobs(views: Iterable[RunView]) -> list[Blocked]:
    """The Jobs of open runs that the API server rejects for now."""
    return [
        said
        for view in views
        if view.job is None and (said := view.notes.create_refused) is not None
        if said.again_at is not None
    ]


def cause_of_misses(snapshot: Snapshot) -> tuple[datetime, str] | None:
    """Since when no run could be created, and why; None where runs can be created.

    After a restart of the operator the condition in the status is all that is known of it.
    """
    found = snapshot.blocked.get(Need.RUN)
    if found is not None:
        return found.since, f"{_generic(found.what)}: {found.message}"
    ready = next((c for c in snapshot.status.conditions if c.type == ConditionType.READY), None)
    if ready is None or ready.status != ConditionStatus.FALSE or ready.reason not in _CAUSES:
        return None
    since = ready.last_transition_time
    return None if since is None else (since - REPORTED_AFTER, ready.message)


def _generic(what: str) -> str:
    """The same about all runs: the record of a tick must not name the run of another one."""
    return "no ProcessRun could be created" if what.startswith("ProcessRun ") else what


def blocked_conditions(old: tuple[Condition, ...], blocked: Blocked, generation: int | None) -> tuple[Condition, ...]:
    """The conditions of a request whose plan fails: only Ready differs from those that it has."""
    ready = Condition(
        type=ConditionType.READY,
        status=ConditionStatus.FALSE,
        observed_generation=generation,
        reason=blocked.reason,
        message=blocked.sentence,
    )
    if not any(condition.type == ConditionType.READY for condition in old):
        return (*old, ready)
    return tuple(ready if condition.type == ConditionType.READY else condition for condition in old)
