"""Follow-up of a plan: when the next decision about its request is due, once the plan was executed.

`controller/request_reconciler.py` calls it. `actions.py` has the actions.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from process_operator.decisions.inputs.significance import BATCH_SECONDS
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import DeleteRuns, Emit, FinishRun, ReadLog
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.process import ConcurrencyPolicy

_WITHOUT_RESULT: Final = (ReadLog, Emit)
"""Actions without a result that the next decision could read. A log arrives later and triggers a decision then."""


class FollowUp(StrEnum):
    """When the next decision is due."""

    NONE = "None"
    """At the plan's `wake_at` or at the next event. Nothing is left to do."""
    BATCHED = "Batched"
    """With the events of the next second (`inputs/significance.py`), which report what the plan has started."""
    NOW = "Now"


_ENDS: Final = (FinishRun, ReadLog, DeleteRuns)
"""Actions at and after the end of a run."""
_BATCH: Final = timedelta(seconds=BATCH_SECONDS)


def follow_up(
    snapshot: Snapshot, plan: Plan, now: datetime, *, max_actions: int, has_job: Callable[[str], bool]
) -> FollowUp:
    """Decide when to decide again after at most `max_actions` actions of a plan of `now` (UTC).

    `has_job` says whether the Job of a run is known by now.
    """

    def has_started(action: Action) -> bool:
        return action.starts and has_job(action.subject)

    if len(plan.actions) > max_actions:
        return FollowUp.NOW
    if snapshot.process_lock is not None:
        # Requests that share a Process wait until nothing is left to do for the one that has the lock.
        return FollowUp.NOW if plan.actions else FollowUp.NONE
    if all(isinstance(action, _WITHOUT_RESULT) for action in plan.actions):
        return FollowUp.NONE
    if ends_wait_until(snapshot, plan, now) is not None:
        rest = [action for action in plan.actions if not isinstance(action, (*_ENDS, Emit))]
        return FollowUp.BATCHED if all(map(has_started, rest)) else FollowUp.NOW
    others = [action for action in plan.actions if not isinstance(action, DeleteRuns | Emit)]
    return FollowUp.BATCHED if others and all(map(has_started, others)) and _can_wait(snapshot, plan) else FollowUp.NOW


def ends_wait_until(snapshot: Snapshot, plan: Plan, now: datetime) -> datetime | None:
    """Until when (UTC) the ends of runs are batched, after a plan of `now`; None: they are decided at once.

    A schedule that is due again within the second would otherwise need a decision for the start, the end, the log and
    the record of each run. The ends wait only if no run, step or backfill waits for them.
    """
    request = snapshot.request
    if request is None or plan.wake_at is None or plan.wake_at - now > _BATCH or not _can_wait(snapshot, plan):
        return None
    is_free = request.spec.concurrency_policy == ConcurrencyPolicy.ALLOW and snapshot.process_lock is None
    has_steps = snapshot.process is not None and snapshot.process.spec.steps is not None
    is_backfilled = any(not status.phase.is_finished for status in plan.backfills.values())
    return plan.wake_at if is_free and not has_steps and not snapshot.step_runs and not is_backfilled else None


def _can_wait(snapshot: Snapshot, plan: Plan) -> bool:
    """Whether neither a user nor a run waits for the next decision. A user may wait for a request that runs once."""
    request, status = snapshot.request, plan.status
    is_by_schedule = request is not None and request.spec.timing.schedule is not None
    return is_by_schedule and status is not None and not status.waiting_count


def starts_something(plan: Plan) -> bool:
    """Whether a plan starts a run."""
    return any(action.starts for action in plan.actions)
