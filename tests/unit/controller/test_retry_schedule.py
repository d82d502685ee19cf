"""Retry schedule: pauses that grow, one for each request, and those that the API server demands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.builders.instants import at

from process_operator.cluster.errors import NamespaceTerminating, ServerError, TooManyRequests
from process_operator.controller.retry_schedule import RetrySchedule
from process_operator.state.store import Store

KEY = ("erp", "close")
OTHER = ("erp", "open")
DOWN = ServerError("etcdserver: leader changed", status=500)
BUSY = TooManyRequests("slow down", status=429, retry_after=30.0)
GOING = NamespaceTerminating("the namespace is being deleted", status=403)
BUG = KeyError("metadata")


class Schedule:
    """A schedule at noon, without jitter."""

    def __init__(self) -> None:
        self.now = at("12:00")
        self.store = Store(on_dirty=lambda _: None, clock=self.clock)
        self.retries = RetrySchedule(self.store, self.clock, chance=lambda: 1.0)

    def clock(self) -> datetime:
        return self.now

    def fail(self, error: Exception, *, after: float = 0.0) -> float:
        """Fail `seconds` later; the pause in seconds."""
        self.now += timedelta(seconds=after)
        return (self.retries.after_failure(KEY, error) - self.now).total_seconds()


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        pytest.param(DOWN, [1, 2, 4, 8, 16, 20, 20], id="an API server that fails is tried again within 20 seconds"),
        pytest.param(BUG, [1, 2, 4, 8, 16, 32, 64], id="an internal error has longer pauses"),
        pytest.param(GOING, [1, 2, 4, 8, 16, 32, 64], id="a namespace that is being deleted has longer pauses"),
    ],
)
def test_pauses_grow(error: Exception, pauses: list[float]) -> None:
    schedule, pause, found = Schedule(), 0.0, []
    for _ in pauses:
        pause = schedule.fail(error, after=pause)
        found.append(pause)
    assert found == pauses


def test_a_failure_before_its_time_changes_nothing() -> None:
    schedule = Schedule()
    schedule.fail(DOWN)
    pause = schedule.fail(DOWN, after=1)
    assert pause == 2
    assert schedule.fail(DOWN, after=0.5) == 1.5
    assert schedule.fail(DOWN, after=1.5) == 4


def test_a_success_resets_the_pauses() -> None:
    schedule = Schedule()
    schedule.fail(BUSY)
    schedule.retries.after_success(KEY)
    assert schedule.retries.held_until(KEY) is None
    assert schedule.fail(DOWN) == 1


@pytest.mark.parametrize(
    ("error", "after", "is_held"),
    [
        pytest.param(BUSY, 0, True, id="the API server demands a pause"),
        pytest.param(BUSY, 60, False, id="the pause is over"),
        pytest.param(BUSY, -3600, False, id="the clock was set back"),
        pytest.param(DOWN, 0, False, id="the API server demands none"),
    ],
)
def test_a_demanded_pause_is_kept_for_its_request_alone(error: Exception, after: float, *, is_held: bool) -> None:
    schedule = Schedule()
    again_at = schedule.retries.after_failure(KEY, error)
    schedule.now += timedelta(seconds=after)
    assert schedule.retries.held_until(KEY) == (again_at if is_held else None)
    assert schedule.retries.held_until(OTHER) is None
