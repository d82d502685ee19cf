"""Rejections: what a decision leaves out for now, and what the status of a request reports of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.resources.conditions import Condition, ConditionStatus, ConditionType, Reason, find_condition

REPORTED_AFTER: Final = timedelta(seconds=10)
"""Minimum time of failures before the status reports an action."""
ROOM_INTERVAL: Final = timedelta(seconds=10)
"""Time between two removals for a full quota: the API server counts what was deleted a few seconds later."""
CAUSES: Final = frozenset(
    {Reason.QUOTA_EXCEEDED, Reason.REJECTED, Reason.WEBHOOK_FAILED, Reason.API_ERROR, Reason.NAME_TAKEN}
)
"""Reasons of rejections by the API server, in the status of a request or run."""


def blocked_now(snapshot: Snapshot, need: Need, now: datetime) -> Blocked | None:
    """The blocked action if a decision has to leave out actions of that kind now.

    The first failure of a request that may have been carried out is retried at once, with everything else unchanged.
    """
    found = snapshot.blocked.get(need)
    if found is None or found.again_at is None or now >= found.again_at or not (found.certain or found.tries > 1):
        return None
    return found


def is_quota_full(snapshot: Snapshot) -> bool:
    """Whether a quota had no room for a run, as far as is known. After a restart only the condition Ready shows it."""
    if (found := snapshot.blocked.get(Need.RUN)) is not None:
        return found.reason == Reason.QUOTA_EXCEEDED or found.was_quota_full
    ready = next(not_ready(snapshot), None)
    return ready is not None and ready.reason == Reason.QUOTA_EXCEEDED


def reported(blocked: Iterable[Blocked], now: datetime) -> Blocked | None:
    """The oldest rejection that the status has to report."""
    due = [found for found in blocked if now >= found.since + REPORTED_AFTER]
    return min(due, key=lambda found: (found.since, found.what), default=None)


def since_reported(blocked: Iterable[Blocked], snapshot: Snapshot) -> list[Blocked]:
    """The same, each since the transition of the condition Ready. A restarted operator has only just met it."""
    ready = next(not_ready(snapshot), None)
    known = ready.last_transition_time if ready is not None else None
    if ready is None or known is None:
        return list(blocked)
    since = known - REPORTED_AFTER
    return [
        replace(found, since=since) if found.reason == ready.reason and found.since > since else found
        for found in blocked
    ]


def not_ready(snapshot: Snapshot) -> Iterator[Condition]:
    """The conditions Ready that are False: as the API server holds it, then as the operator is going to write it.

    The first decision after a restart has not met a rejection yet, so the status that it keeps may lack this condition.
    """
    statuses = (snapshot.request.status, snapshot.status) if snapshot.request is not None else (snapshot.status,)
    found = (find_condition(status.conditions, ConditionType.READY) for status in statuses)
    return (ready for ready in found if ready is not None and ready.status == ConditionStatus.FALSE)


def reported_at(blocked: Iterable[Blocked], now: datetime) -> datetime | None:
    """The next instant at which a rejection becomes one to report (UTC)."""
    instants = (found.since + REPORTED_AFTER for found in blocked)
    return min((instant for instant in instants if instant > now), default=None)


def blocked_jobs(views: Iterable[RunView]) -> list[Blocked]:
    """The Jobs of open runs that the API server rejects for now."""
    return [
        said
        for view in views
        if view.job is None and (said := view.observations.create_rejected) is not None
        if said.again_at is not None
    ]


def rejected_statuses(views: Iterable[RunView]) -> list[Blocked]:
    """The statuses of open runs that the API server rejects."""
    found = (each.observations.status_rejected for view in views for each in (view, *view.steps.values()))
    return [rejected for rejected in found if rejected is not None]


def cause_of_misses(snapshot: Snapshot) -> tuple[datetime, str] | None:
    """The instant (UTC) since which no run could be created, and the cause. None if runs can be created.

    After a restart of the operator only the condition in the status shows it.
    """
    if (met := snapshot.blocked.get(Need.RUN)) is not None:
        (found,) = since_reported([met], snapshot)
        return found.since, f"{_generic(found.what)}: {found.message}"
    ready = next(not_ready(snapshot), None)
    if ready is None or ready.reason not in CAUSES:
        return None
    since = ready.last_transition_time
    return None if since is None else (since - REPORTED_AFTER, ready.message)


def _generic(what: str) -> str:
    """The same about all runs. The record of a tick must not name the run of another tick."""
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
