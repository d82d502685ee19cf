"""Status of a request whose plan fails as a whole, because the API server rejects an action that cannot be left out.

The result of this plan is unknown, so only the condition Ready changes. Neighbours: `inputs/rejections.py` chooses
the rejection to report, `request.py` makes the status of every other request.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.rejections import blocked_conditions, not_ready, reported, since_reported
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import Emit
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.conditions import EventReason, merge_conditions
from process_operator.resources.process_request_status import RequestPhase


def report_blocked(snapshot: Snapshot, now: datetime) -> Plan | None:
    """An Event and the status with the rejection to report; None if there is no rejection or no request."""
    blocked = since_reported(snapshot.blocked.values(), snapshot)
    request, found = snapshot.request, reported(blocked, now)
    if request is None or request.metadata.deletion_timestamp is not None or found is None:
        return None
    base = snapshot.status
    conditions = blocked_conditions(base.conditions, found, request.metadata.generation)
    status = base.model_copy(
        update={
            "phase": base.phase or RequestPhase.PENDING,
            "conditions": merge_conditions(base.conditions, conditions, now, written=request.status.conditions),
        }
    )
    return Plan(() if is_reported(snapshot, found.reason) else (blocked_event(found),), status)


def is_reported(snapshot: Snapshot, reason: str) -> bool:
    """Whether the condition Ready has this reason already, or is about to, so that another Event would repeat it."""
    return any(ready.reason == reason for ready in not_ready(snapshot))


def blocked_event(found: Blocked) -> Emit:
    """The Event about a rejection."""
    return Emit(EventReason.BLOCKED, f"{found.reason}: {found.sentence}", warning=True)
