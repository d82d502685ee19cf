"""Follow-up of a plan: when the next decision about its request is due, once the plan was executed.

`controller/request_reconciler.py` asks. `actions.py` has the actions.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import DeleteRuns, Emit, ReadLog
from process_operator.decisions.plan.plan import Plan

_WITHOUT_RESULT: Final = (ReadLog, Emit)
"""Actions without a result that the next decision could read. A log arrives later and triggers a decision then."""


class FollowUp(StrEnum):
    """When the next decision is due."""

    NONE = "None"
    """At the plan's `wake_at` or at the next event. Nothing is left to do."""
    BATCHED = "Batched"
    """With the events of the next second (`inputs/significance.py`), which report what the plan has started."""
    NOW = "Now"


def follow_up(snapshot: Snapshot, plan: Plan, *, max_actions: int, has_job: Callable[[str], bool]) -> FollowUp:
    """Decide when to decide again after at most `max_actions` actions of a plan.

    `has_job` says whether the Job of a run is known by now.
    """
    if len(plan.actions) > max_actions:
        return FollowUp.NOW
    if snapshot.process_lock is not None:
        # Requests that share a Process wait until nothing is left to do for the one that has the lock.
        return FollowUp.NOW if plan.actions else FollowUp.NONE
    if all(isinstance(action, _WITHOUT_RESULT) for action in plan.actions):
        return FollowUp.NONE
    others = [action for action in plan.actions if not isinstance(action, DeleteRuns | Emit)]
    has_started = all(action.starts and has_job(action.subject) for action in others)
    return FollowUp.BATCHED if others and has_started and _can_wait(snapshot, plan) else FollowUp.NOW


def _can_wait(snapshot: Snapshot, plan: Plan) -> bool:
    """Whether neither a user nor a run waits for the next decision. A user may wait for a request that runs once."""
    request, status = snapshot.request, plan.status
    is_by_schedule = request is not None and request.spec.timing.schedule is not None
    return is_by_schedule and status is not None and not status.waiting_count


def starts_something(plan: Plan) -> bool:
    """Whether a plan starts a run."""
    return any(action.starts for action in plan.actions)
