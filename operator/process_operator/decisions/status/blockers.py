"""Blockers: what keeps the due runs of a request from starting, for its condition Ready.

Either the API server rejects what they need (`inputs/blocked.py`), or another run is going on. A run that goes on is
nothing unusual; one that has not started for two minutes is, and then the request is not Ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.concurrency.lock_requests import lock_wait_message
from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.inputs.rejections import (
    blocked_jobs,
    blocked_now,
    reported,
    reported_at,
    since_reported,
)
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.resources.conditions import Reason
from process_operator.resources.model import format_instant
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import RunPhase

STUCK_AFTER: Final = timedelta(minutes=2)
"""How long a run may take to start before the request that waits for it is not Ready."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """What the due runs of a request wait for."""

    message: str
    reason: str = ""
    """Empty where it is nothing unusual, so that the request stays Ready."""


def blocker_of(
    context: DecisionContext, wanted_lock: LockRequest | None, builder: PlanBuilder, *, waiting: int
) -> Blocker | None:
    """What keeps due runs from starting; None where nothing does. `waiting`: how many runs are due and wait."""
    snapshot, now = context.snapshot, context.now
    needs = (Need.RUN, Need.CRON_JOB)
    for need in needs:
        found = blocked_now(snapshot, need, now)
        builder.wake_at(found.again_at if found is not None else None)
    # Also what this very plan tries again: the condition stands until it works.
    rejected = [snapshot.blocked[need] for need in needs if need in snapshot.blocked]
    rejected = since_reported([*rejected, *blocked_jobs(context.views)], snapshot.status.conditions)
    builder.wake_at(reported_at(rejected, now))
    if (worst := reported(rejected, now)) is not None:
        return Blocker(worst.sentence, worst.reason)
    going = [view for view in context.views if view.is_started and not view.is_paused]
    if not waiting:
        # A run that does not start is reported between two ticks as well: else the condition would come and go with them.
        stuck = [view for view in going if context.policy != ConcurrencyPolicy.ALLOW and _is_stuck(view, now, builder)]
        return _blocker_of_run(min(stuck, key=lambda view: (view.due, view.name)), now, builder) if stuck else None
    if going:
        return _blocker_of_run(min(going, key=lambda view: (view.due, view.name)), now, builder)
    other = lock_wait_message(context, wanted_lock)
    return None if other is None else Blocker(other[0].upper() + other[1:])


def _is_stuck(view: RunView, now: datetime, builder: PlanBuilder) -> bool:
    if view.run.status.phase != RunPhase.PENDING:
        return False
    due = _since(view) + STUCK_AFTER
    builder.wake_at(due if due > now else None)
    return now >= due


def _since(view: RunView) -> datetime:
    return view.run.status.start_time or (view.job.start_time if view.job is not None else None) or view.created


def _blocker_of_run(view: RunView, now: datetime, builder: PlanBuilder) -> Blocker:
    status, since = view.run.status, _since(view)
    words = ": ".join(part for part in (status.reason, status.message) if part)
    state = f"{status.phase} since {format_instant(since.replace(microsecond=0))}" + (f" ({words})" if words else "")
    if status.phase != RunPhase.PENDING:
        return Blocker(f"Due runs wait for run {view.name}, which is {state}")
    if now < since + STUCK_AFTER:
        builder.wake_at(since + STUCK_AFTER)
        return Blocker(f"Due runs wait for run {view.name}, which is {state}")
    return Blocker(
        f"Due runs wait for run {view.name}, which has not started. It is {state}. Correct the template, set "
        f"spec.cancel of the run, or limit such a wait with spec.startTimeoutSeconds",
        Reason.RUN_NOT_STARTED,
    )
