"""Blockers: what keeps the due runs of a request from starting, for its condition Ready.

Either the API server rejects what they need (`inputs/rejections.py`), or another run is open. An open run is normal. A
run that has not started within two minutes needs attention, and then the request is not Ready.
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
    rejected_statuses,
    reported,
    reported_at,
    since_reported,
)
from process_operator.decisions.inputs.run_view import RunView
from process_operator.decisions.plan.part import Part, earliest, part
from process_operator.resources.conditions import Reason, cause
from process_operator.resources.model import format_instant, whole_second
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import RunPhase

STUCK_AFTER: Final = timedelta(minutes=2)
"""Time that a run may take to start before the request that waits for it is no longer Ready."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """The cause for which the due runs of a request wait."""

    message: str
    reason: str = ""
    """Empty if the wait is normal, so that the request stays Ready."""


def blocker_of(context: DecisionContext, wanted_lock: LockRequest | None, *, waiting: int) -> Part[Blocker | None]:
    """Find what keeps due runs from starting; None if nothing does. `waiting`: number of runs that are due and wait."""
    snapshot, now = context.snapshot, context.now
    needs = (Need.RUN, Need.CRON_JOB)
    held = [blocked for need in needs if (blocked := blocked_now(snapshot, need, now)) is not None]
    # Actions that this very plan retries count too, because the condition stays until one succeeds.
    rejected = [snapshot.blocked[need] for need in needs if need in snapshot.blocked]
    rejected += [*blocked_jobs(context.views), *rejected_statuses(context.views)]
    rejected = since_reported(rejected, snapshot)
    again = part(wake_at=earliest(*(blocked.again_at for blocked in held), reported_at(rejected, now)))
    if (worst := reported(rejected, now)) is not None:
        return again.with_value(Blocker(worst.sentence, worst.reason))
    return again + _blocker_among_runs(context, wanted_lock, waiting=waiting)


def _blocker_among_runs(
    context: DecisionContext, wanted_lock: LockRequest | None, *, waiting: int
) -> Part[Blocker | None]:
    """The run that due runs wait for, or that does not start itself."""
    started = [view for view in context.views if view.is_started and not view.is_paused]
    if not waiting:
        return _stuck_run(context, started)
    if started:
        return _blocker_of_run(_oldest(started), context.now)
    message = lock_wait_message(context, wanted_lock)
    return part().with_value(None if message is None else Blocker(message[0].upper() + message[1:]))


def _stuck_run(context: DecisionContext, started: list[RunView]) -> Part[Blocker | None]:
    """The oldest run that does not start.

    It is reported between two ticks as well. Otherwise the condition would change with each tick.
    """
    if context.policy == ConcurrencyPolicy.ALLOW:
        return part().without_value()
    pending = [view for view in started if view.run.status.phase == RunPhase.PENDING]
    stuck = [view for view in pending if context.now >= _started_at(view) + STUCK_AFTER]
    later = part(wake_at=earliest(*(_started_at(view) + STUCK_AFTER for view in pending if view not in stuck)))
    return later + _blocker_of_run(_oldest(stuck), context.now) if stuck else later.without_value()


def _oldest(views: list[RunView]) -> RunView:
    return min(views, key=lambda view: (view.due, view.name))


def _started_at(view: RunView) -> datetime:
    """When the operator started the run, as far as is known (UTC)."""
    return view.run.status.start_time or (view.job.start_time if view.job is not None else None) or view.created


def _blocker_of_run(view: RunView, now: datetime) -> Part[Blocker | None]:
    status, since = view.run.status, _started_at(view)
    words = cause(status.reason, status.message)
    state = f"{status.phase} since {format_instant(whole_second(since))}" + (f" ({words})" if words else "")
    waits = Blocker(f"Due runs wait for run {view.name}, which is {state}")
    if status.phase != RunPhase.PENDING:
        return part().with_value(waits)
    if now < since + STUCK_AFTER:
        return part(wake_at=since + STUCK_AFTER).with_value(waits)
    stuck = Blocker(
        f"Due runs wait for run {view.name}, which has not started. It is {state}. Correct the template, set "
        f"spec.cancel of the run, or limit this wait with spec.startTimeoutSeconds",
        Reason.RUN_NOT_STARTED,
    )
    return part().with_value(stuck)
