"""Plans that are made before a burst: they are those of its instant, and fall with anything that changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from tests.unit.given import at, template

from process_operator.ahead import Ahead
from process_operator.cluster.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.decisions.plan import BeginStretch, CreateRun
from process_operator.decisions.request_plan import decide
from process_operator.decisions.snapshot import DryRun
from process_operator.decisions.stretch import next_stretch
from process_operator.decisions.template import build_template
from process_operator.queue import WorkQueue
from process_operator.shelf import Key
from process_operator.store import Store
from process_operator.timing.agenda import Agenda

TICK: Final = at("12:05")
MANY: Final = 25
FIRST: Final[Key] = ("erp", "close-0")


class Burst:
    """Requests that are in force and due at the tick; it is two seconds before that."""

    def __init__(self, count: int = MANY, **spec: Any) -> None:
        self.now = TICK - timedelta(seconds=2)
        self.beats = 0
        self.queue: WorkQueue[Key] = WorkQueue()
        self.agenda: Agenda[Key] = Agenda()
        self.store = Store(on_dirty=self._dirty, clock=self.clock)
        self.ahead = Ahead(self.store, self.agenda, self.queue, self.clock, lambda: self.beats)
        for number in range(count):
            self._add(f"close-{number}", spec)
        self.queue.clear()

    def clock(self) -> datetime:
        return self.now

    def _dirty(self, key: Key) -> None:
        self.ahead.drop(key)
        self.queue.add(key)

    def _add(self, name: str, spec: dict[str, Any]) -> None:
        timing = {"schedule": {"secondly": {"every": 300}}}
        metadata = {
            "name": name,
            "namespace": "erp",
            "uid": f"uid-of-{name}",
            "resourceVersion": "1",
            "creationTimestamp": "2027-03-01T12:00:00Z",
        }
        raw = {"metadata": metadata, "spec": {"timing": timing, "jobTemplate": template(), **spec}}
        self.store.apply(PROCESS_REQUEST, raw)
        seen = self.store.snapshot(("erp", name))
        change = next_stretch(seen, self.now, run_waits_paused=False)
        assert change is not None and seen.request is not None
        notes = self.store.notes(("erp", name))
        notes.status, notes.history = change.apply(seen.status), []
        notes.dry_run = DryRun(build_template(seen.request, None).hash)
        self.agenda.put(("erp", name), TICK)

    def take(self, after: float = 0.1) -> Any:
        """The plan of the first request so many seconds after the tick."""
        self.now = TICK + timedelta(seconds=after)
        return self.ahead.take(FIRST, self.now, self.beats)


async def test_it_is_the_plan_of_the_instant() -> None:
    burst = Burst()
    await burst.ahead.look()
    expected = decide(burst.store.snapshot(FIRST), TICK)
    made = burst.take()
    assert made.plan == expected
    assert isinstance(made.plan.actions[0], CreateRun)
    assert burst.take() is None


async def test_few_are_not_planned_ahead() -> None:
    burst = Burst(count=3)
    await burst.ahead.look()
    assert burst.take() is None


def a_run() -> dict[str, Any]:
    metadata = {
        "name": "by-hand",
        "namespace": "erp",
        "uid": "uid-of-the-run",
        "resourceVersion": "9",
        "creationTimestamp": "2027-03-01T12:04:00Z",
    }
    spec = {"request": {"name": "close-0"}, "trigger": "Manual"}
    return {"metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


def stand_still(burst: Burst) -> None:
    burst.beats += 1


@pytest.mark.parametrize(
    ("happens", "after"),
    [
        pytest.param(lambda burst: burst.store.apply(PROCESS_RUN, a_run()), 0.1, id="a run that somebody made"),
        pytest.param(lambda burst: burst.store.look_anew(), 0.1, id="everything is looked at anew"),
        pytest.param(stand_still, 0.1, id="a standstill"),
        pytest.param(lambda _: None, -0.1, id="a clock that is before the instant"),
        pytest.param(lambda _: None, 10.0, id="a plan that waited for too long"),
        pytest.param(lambda burst: burst.ahead.clear(), 0.1, id="the end of leading"),
    ],
)
async def test_a_plan_falls_with(happens: Callable[[Burst], object], after: float) -> None:
    burst = Burst()
    await burst.ahead.look()
    happens(burst)
    assert burst.take(after) is None


async def test_no_plan_outlives_the_deadline() -> None:
    burst = Burst(startingDeadlineSeconds=4)
    await burst.ahead.look()
    assert burst.take(4.0) is None


async def test_nothing_is_planned_about_a_request_that_waits_to_be_looked_at_or_runs() -> None:
    burst = Burst()
    burst.queue.add(FIRST)
    await burst.ahead.look()
    assert burst.take() is None
    burst = Burst()
    burst.store.apply(PROCESS_RUN, a_run())
    burst.queue.clear()
    await burst.ahead.look()
    assert burst.take() is None


async def test_what_starts_nothing_is_not_kept() -> None:
    burst = Burst(suspend=True)
    await burst.ahead.look()
    assert not any(isinstance(action, BeginStretch) for action in decide(burst.store.snapshot(FIRST), TICK).actions)
    assert burst.take() is None
