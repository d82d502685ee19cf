"""Executor of actions. Each action of a plan becomes an API call, and the answer goes into the store.

Every call can be repeated, because names are deterministic and patches describe the wanted state. AlreadyExists and
NotFound are answers that an action examines. A final rejection becomes an observation for the next decision. Any other
error is raised, and the reconciler retries later. Neighbours: `decisions/plan/actions.py` has the actions. Each module
beside this one carries out the actions on one kind of object.
"""

from __future__ import annotations

from typing import Final

from process_operator.actions import backfills, cronjobs, events, history, jobs, pods, requests, runs
from process_operator.actions.context import ActionContext, Handlers, Services
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.resources.model import Model
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.types import NamespacedName

HANDLERS: Final[Handlers] = {
    **requests.HANDLERS,
    **history.HANDLERS,
    **runs.HANDLERS,
    **jobs.HANDLERS,
    **pods.HANDLERS,
    **cronjobs.HANDLERS,
    **events.HANDLERS,
}


class ActionExecutor:
    """Carries out actions over one set of services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def execute(self, key: NamespacedName, snapshot: Snapshot, action: Action) -> None:
        """Carry out one action. Raises ApiError if a retry may succeed."""
        await HANDLERS[type(action)](ActionContext(self._services, key, snapshot), action)

    async def write_status(self, key: NamespacedName, snapshot: Snapshot, status: Model) -> None:
        """PATCH the status of a request so that it is exactly `status` (`requests.py`)."""
        await requests.write_status(ActionContext(self._services, key, snapshot), status)

    async def write_backfill_status(
        self, key: NamespacedName, backfill: ProcessBackfill, status: ProcessBackfillStatus
    ) -> None:
        """PATCH the status of a backfill (`backfills.py`)."""
        await backfills.write_backfill_status(self._services, key, backfill, status)
