"""Plan of one request: the actions of a decision, the status that follows, and when to decide again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from process_operator.decisions.inputs.process_lock import LockRequest
from process_operator.decisions.plan.action import Action
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions for one request, its status after them, and the time of the next decision.

    The actions are executed in order. The first that fails ends the plan, and the request is decided again later.
    `status` holds once all actions have been executed. It is None if there is no request to write it to. `wake_at` (UTC)
    is the next instant at which the clock alone changes the decision. It is None if only an event can.
    """

    actions: tuple[Action, ...] = ()
    status: ProcessRequestStatus | None = None
    wake_at: datetime | None = None
    backfills: Mapping[str, ProcessBackfillStatus] = field(default_factory=dict)
    """The status of its open backfills, by name, as `status` is that of the request."""
    lock_request: LockRequest | None = None
    """The next start of the request if it shares its Process under a policy."""
