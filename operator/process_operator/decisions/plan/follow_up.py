"""Follow-up of a plan: whether another decision is needed after its actions.

`controller/request_reconciler.py` asks. `actions.py` has the actions.
"""

from __future__ import annotations

from typing import Final

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateJob, CreateRun, DeleteRuns, Emit, ReadLog
from process_operator.decisions.plan.plan import Plan

_UNSEEN: Final = (ReadLog, Emit)
"""Actions without an effect that the next decision sees. Their results come later, or never."""


def is_settled(snapshot: Snapshot, plan: Plan, *, carried_out: int) -> bool:
    """Whether the next decision would be the same: nothing was done, or nothing that it would see.

    `carried_out`: of so many actions at most.
    """
    if snapshot.process_lock is not None:
        return not plan.actions  # other requests wait until this one has nothing left to do
    return len(plan.actions) <= carried_out and all(isinstance(action, _UNSEEN) for action in plan.actions)


def only_start(snapshot: Snapshot, plan: Plan) -> str | None:
    """The run of a schedule that a plan starts, if it does nothing else and no waiting run depends on what follows."""
    request = snapshot.request
    if request is None or request.spec.timing.schedule is None:
        return None  # a user may be waiting for the status of a request that runs once
    if snapshot.process_lock is not None or plan.status is None or plan.status.waiting_count:
        return None
    others = [action for action in plan.actions if not isinstance(action, Emit | DeleteRuns)]
    is_start = len(others) == 1 and isinstance(others[0], CreateJob | CreateRun) and others[0].starts
    return others[0].subject if is_start else None


def starts_something(plan: Plan) -> bool:
    """Whether a plan starts a run."""
    return any(action.starts for action in plan.actions)
