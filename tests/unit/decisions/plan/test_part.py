"""Parts of a plan: joined in order, the earliest instant, and no value lost."""

from __future__ import annotations

from datetime import UTC, datetime

from process_operator.decisions.plan.actions import DeleteRequest, LoadHistory, LookUpJob
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.plan.plan import Plan

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE = datetime(2026, 3, 1, 13, tzinfo=UTC)
FIRST, SECOND, THIRD = LookUpJob("a"), LookUpJob("b"), DeleteRequest("uid")


def test_actions_are_joined_in_order_and_the_later_value_counts() -> None:
    assert part(FIRST, SECOND) + Part((THIRD,), None, "value") == Part((FIRST, SECOND, THIRD), None, "value")


def test_the_earliest_instant_counts_whichever_part_has_it() -> None:
    assert (part(wake_at=ONE) + part(wake_at=NOON)).wake_at == NOON
    assert (part(wake_at=NOON) + part()).wake_at == NOON
    assert (part() + part()).wake_at is None
    assert part(wake_at=NOON).waking_at(ONE).wake_at == NOON
    assert part(wake_at=ONE).waking_at(NOON).wake_at == NOON
    assert part(wake_at=ONE).waking_at(None).wake_at == ONE


def test_many_parts_are_joined_in_order_without_their_values() -> None:
    parts = [part(FIRST), Part((SECOND,), ONE, 7), part(THIRD, wake_at=NOON)]

    assert join(parts) == part(FIRST, SECOND, THIRD, wake_at=NOON)
    assert join([]) == part()


def test_another_value_keeps_actions_and_instant() -> None:
    assert part(FIRST, wake_at=NOON).with_value(3) == Part((FIRST,), NOON, 3)


def test_a_plan_includes_parts_in_order_and_lists_the_history_once() -> None:
    builder = PlanBuilder()

    assert builder.include(Part((LoadHistory(), FIRST), ONE, "value")) == "value"
    builder.include(part(LoadHistory(), SECOND, wake_at=NOON))

    assert builder.plan() == Plan((LoadHistory(), FIRST, SECOND), wake_at=NOON)
