"""Preparation of a burst: plans are those of its instant and are dropped after any change, and ticks are claimed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import template

from process_operator.cluster.errors import ServerError
from process_operator.controller.agenda import Agenda
from process_operator.controller.burst import BurstPreparer, BurstThresholds
from process_operator.controller.planner import Planner
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.activation.activation import next_activation
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.observations import DryRun
from process_operator.decisions.inputs.significance import BATCH_SECONDS
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import BeginActivation, CreateJob, CreateRun
from process_operator.decisions.request import decide
from process_operator.decisions.template.job_template import build_template
from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.types import NamespacedName
from process_operator.state.progress import RequestProgress
from process_operator.state.request_observations import DryRunAnswered, HistoryLoaded
from process_operator.state.store import Store

TICK: Final = at("12:05")
MANY: Final = 25
FIRST: Final[NamespacedName] = ("erp", "close-0")


class Burst:
    """Requests that are in force and due at the tick; it is two seconds before that. From `claims` on they are
    claimed."""

    def __init__(self, count: int = MANY, *, claims: int = 100, settled: str = "12:00", **spec: Any) -> None:
        self.settled = settled
        self.now = TICK - timedelta(seconds=2)
        self.terms = 0
        # Delays count on this clock, because on a busy machine they would end during a test.
        self.queue: WorkQueue[NamespacedName] = WorkQueue(clock=lambda: self.now.timestamp())
        self.agenda: Agenda[NamespacedName] = Agenda()
        self.store = Store(on_dirty=self._dirty, on_progress=self._progressed, clock=self.clock)
        self.claimed: list[str] = []
        self.before_claim: Callable[[], object] = lambda: None
        self.planner = Planner(self.store.snapshot, self.clock, term=lambda: self.terms)
        self.burst = BurstPreparer(
            self.planner,
            self.agenda,
            self.queue,
            self.clock,
            claim=self._claim,
            bounds=BurstThresholds(burst=claims, in_flight=1),
        )
        for number in range(count):
            self._add(f"close-{number}", spec)
        self.queue.clear()

    def clock(self) -> datetime:
        return self.now

    def _dirty(self, key: NamespacedName) -> None:
        self.planner.discard_prepared(key)
        self.queue.add(key)

    def _progressed(self, key: NamespacedName) -> None:
        self.planner.discard_prepared(key)
        self.queue.add(key, after=BATCH_SECONDS)

    async def _claim(self, key: NamespacedName, _: Snapshot, claim: CreateRun) -> None:
        self.before_claim()
        assert claim.job is None
        self.claimed.append(key[1])
        name = claim.manifest["metadata"]["name"]
        made = {"uid": f"uid-of-{name}", "resourceVersion": "7", "creationTimestamp": f"{self.now:%Y-%m-%dT%H:%M:%SZ}"}
        metadata = {**claim.manifest["metadata"], **made}
        self.store.apply(PROCESS_RUN, {**claim.manifest, "metadata": metadata})

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
        change = next_activation(seen, self.now)
        assert change is not None and seen.request is not None
        # The tick of noon is settled. A missed one would be recorded first, and then nothing is claimed ahead.
        status = change.apply(seen.status).model_copy(update={"last_schedule_time": at(self.settled)})
        self.store.set_progress(("erp", name), RequestProgress(status=status))
        self.store.observe(("erp", name), HistoryLoaded(()))
        self.store.observe(("erp", name), DryRunAnswered(DryRun(build_template(seen.request, None).hash)))
        self.agenda.put(("erp", name), TICK)

    def take(self, after: float = 0.1) -> Any:
        """The plan of the first request, some seconds after the tick."""
        self.now = TICK + timedelta(seconds=after)
        return self.planner.pop_prepared(FIRST)


async def test_it_is_the_plan_of_the_instant() -> None:
    burst = Burst()
    await burst.burst.look()
    expected = decide(burst.store.snapshot(FIRST), TICK)
    made = burst.take()
    assert made.plan == expected
    assert isinstance(made.plan.actions[0], CreateRun)
    assert burst.take() is None


async def test_few_are_not_planned_ahead() -> None:
    burst = Burst(count=3)
    await burst.burst.look()
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
    burst.terms += 1


@pytest.mark.parametrize(
    ("happens", "after"),
    [
        pytest.param(lambda burst: burst.store.apply(PROCESS_RUN, a_run()), 0.1, id="a run that a user created"),
        pytest.param(lambda burst: burst.store.resync_all(), 0.1, id="everything is evaluated again"),
        pytest.param(stand_still, 0.1, id="a standstill"),
        pytest.param(lambda _: None, -0.1, id="a clock that is before the instant"),
        pytest.param(lambda _: None, 10.0, id="a plan that waited for too long"),
        pytest.param(lambda burst: burst.burst.clear(), 0.1, id="the end of leading"),
    ],
)
async def test_a_plan_falls_with(happens: Callable[[Burst], object], after: float) -> None:
    burst = Burst()
    await burst.burst.look()
    happens(burst)
    assert burst.take(after) is None


async def test_no_plan_outlives_the_deadline() -> None:
    burst = Burst(startingDeadlineSeconds=4)
    await burst.burst.look()
    assert burst.take(4.0) is None


async def test_nothing_is_planned_about_a_request_that_waits_for_its_decision_or_runs() -> None:
    burst = Burst()
    burst.queue.add(FIRST)
    await burst.burst.look()
    assert burst.take() is None
    burst = Burst()
    burst.store.apply(PROCESS_RUN, a_run())
    burst.queue.clear()
    await burst.burst.look()
    assert burst.take() is None


async def test_what_starts_nothing_is_not_kept() -> None:
    burst = Burst(suspend=True)
    await burst.burst.look()
    assert not any(isinstance(action, BeginActivation) for action in decide(burst.store.snapshot(FIRST), TICK).actions)
    assert burst.take() is None


async def test_a_burst_is_claimed_and_only_its_jobs_are_left() -> None:
    burst = Burst(claims=MANY)
    await burst.burst.look()
    assert sorted(burst.claimed) == sorted(f"close-{number}" for number in range(MANY))
    burst.queue.clear()
    left = burst.take().plan.actions
    assert [type(action) for action in left if getattr(action, "job", None) or isinstance(action, CreateJob)] == [
        CreateJob
    ]


async def test_a_tick_after_a_missed_one_without_a_record_is_not_claimed() -> None:
    burst = Burst(claims=MANY, settled="11:55")
    await burst.burst.look()
    assert burst.claimed == []


async def test_a_request_whose_runs_are_rejected_is_not_claimed() -> None:
    burst = Burst(claims=MANY)
    rejection = Blocked("ProcessRun close-0-1 cannot be created", "QuotaExceeded", "full", TICK, TICK, certain=True)
    progress = burst.store.progress(FIRST)
    burst.store.set_progress(FIRST, progress.with_blocked(Need.RUN, rejection))
    await burst.burst.look()
    assert len(burst.claimed) == MANY - 1
    assert FIRST[1] not in burst.claimed


async def test_a_claim_needs_no_decision_before_its_tick() -> None:
    burst = Burst(claims=MANY)
    await burst.burst.look()
    assert len(burst.claimed) == MANY
    assert burst.queue.next_at() is None


async def test_a_decision_that_was_pending_before_a_claim_remains() -> None:
    burst = Burst(claims=MANY)
    burst.queue.add(FIRST, after=BATCH_SECONDS)
    await burst.burst.look()
    assert len(burst.claimed) == MANY
    assert burst.queue.is_delayed(FIRST)


async def test_a_decision_that_a_user_causes_during_a_claim_remains() -> None:
    burst = Burst(claims=MANY)
    burst.before_claim = lambda: burst.queue.add(FIRST)
    await burst.burst.look()
    assert await burst.queue.get() == FIRST
    assert burst.queue.next_at() is None


async def test_before_its_instant_a_plan_is_not_given_away() -> None:
    burst = Burst(claims=MANY)
    await burst.burst.look()
    assert burst.take(-0.5) is None
    assert burst.take(0.1) is not None


async def test_each_is_claimed_once() -> None:
    burst = Burst(claims=MANY)
    await burst.burst.look()
    burst.queue.clear()
    await burst.burst.look()
    assert len(burst.claimed) == MANY


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"concurrencyPolicy": "Forbid"}, id="under Forbid, where a run may come in between"),
        pytest.param({"concurrencyPolicy": "Queue"}, id="under Queue"),
        pytest.param({"concurrencyPolicy": "Replace"}, id="under Replace"),
        pytest.param({"suspend": True}, id="unscheduled"),
    ],
)
async def test_nothing_is_claimed_ahead(spec: dict[str, Any]) -> None:
    burst = Burst(claims=MANY, **spec)
    await burst.burst.look()
    assert burst.claimed == []


async def test_fewer_than_a_burst_are_not_claimed() -> None:
    burst = Burst(claims=MANY + 1)
    await burst.burst.look()
    assert burst.claimed == []
    assert isinstance(burst.take().plan.actions[0], CreateRun)


async def test_nothing_is_claimed_when_the_tick_is_there() -> None:
    burst = Burst(claims=MANY)
    burst.now = TICK - timedelta(seconds=0.05)
    await burst.burst.look()
    assert burst.claimed == []


async def test_a_claim_that_fails_leaves_the_tick_to_itself() -> None:
    burst = Burst(claims=MANY)

    def fail() -> None:
        raise ServerError("etcdserver: leader changed", status=500)

    burst.before_claim = fail
    await burst.burst.look()
    assert isinstance(burst.take().plan.actions[0], CreateRun)
