"""Builder of a plan: `decide` collects the parts of a decision in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import LoadHistory
from process_operator.decisions.plan.part import Part
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus

T = TypeVar("T")


class PlanBuilder:
    """Collects the parts of a decision, in order."""

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self._wakes: list[datetime] = []
        self._backfills: dict[str, ProcessBackfillStatus] = {}

    def add(self, *actions: Action) -> None:
        """Add actions, in order. Several parts may need the history, and it is listed once."""
        self.actions.extend(a for a in actions if not (isinstance(a, LoadHistory) and a in self.actions))

    def wake_at(self, at: datetime | None) -> None:
        """Decide again at `at` (UTC) at the latest."""
        if at is not None:
            self._wakes.append(at)

    def include(self, part: Part[T]) -> T:
        """Add the actions of a part and its instant. Returns its value."""
        self.add(*part.actions)
        self.wake_at(part.wake_at)
        return part.value

    def report_backfills(self, statuses: Mapping[str, ProcessBackfillStatus]) -> None:
        """Set the statuses of backfills, by name, that hold after all actions."""
        self._backfills.update(statuses)

    def plan(self, status: ProcessRequestStatus | None = None) -> Plan:
        """The plan."""
        return Plan(tuple(self.actions), status, min(self._wakes, default=None), self._backfills)


def plan_of(part: Part[T], status: ProcessRequestStatus | None = None) -> Plan:
    """A plan of one part, or of parts that were joined."""
    builder = PlanBuilder()
    builder.include(part)
    return builder.plan(status)
