"""Planner: decisions in the event loop, or in a thread for a request with very many runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import finished, request, run, schedule, snapshot

from process_operator.controller.planner import Planner
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.resources.types import NamespacedName

NOW = at("12:05")
KEY = ("erp", "close")
FEW = snapshot(request(schedule(60)), runs=tuple(run(f"run-{number}") for number in range(3)))
MANY_OPEN = replace(FEW, runs=tuple(run(f"run-{number}") for number in range(11)))
MANY_FINISHED = replace(FEW, history=tuple(finished(f"old-{number}") for number in range(200)))
SHARED = replace(MANY_OPEN, process_lock=ProcessLock("close-day"))


class Decider:
    """Decides, and notes the threads in which it does."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def __call__(self, snapshot: Snapshot, now: datetime) -> Plan:
        self.threads.append(threading.current_thread())
        return decide(snapshot, now)


@pytest.mark.parametrize(
    ("given", "in_thread"),
    [
        pytest.param(FEW, False, id="few runs: in the loop"),
        pytest.param(MANY_OPEN, True, id="many open runs: in the thread"),
        pytest.param(MANY_FINISHED, True, id="very many finished ones: in the thread"),
        pytest.param(SHARED, False, id="many runs of a Process that requests share: in the loop"),
    ],
)
async def test_where(given: Snapshot, *, in_thread: bool) -> None:
    decider = Decider()
    planner = Planner(lambda _: given, lambda: NOW, decide=decider, many_runs=10)
    decision = await planner.plan(KEY)
    assert (decider.threads != [threading.current_thread()]) is in_thread
    assert decision == (given, decide(given, NOW), NOW)


async def test_the_loop_continues_meanwhile() -> None:
    begun, may_end = threading.Event(), threading.Event()
    snapshots = {"big": MANY_OPEN, "bigger": MANY_OPEN, "small": FEW}

    def slow(snapshot: Snapshot, now: datetime) -> Plan:
        if snapshot is FEW:
            return decide(snapshot, now)
        begun.set()
        assert may_end.wait(timeout=30)
        return Plan()

    planner = Planner(lambda key: snapshots[key[1]], lambda: NOW, decide=slow, many_runs=10)
    first = asyncio.create_task(planner.plan(("erp", "big")))
    assert await asyncio.to_thread(begun.wait, 30)
    small = await planner.plan(("erp", "small"))
    assert small is not None
    assert small.plan == decide(FEW, NOW)
    assert await planner.plan(("erp", "bigger")) is None
    assert not first.done()
    may_end.set()
    await first


class Turns:
    """Plans each request at its turn in the thread, as the queue and a worker do."""

    def __init__(self, snapshots: Callable[[NamespacedName], Snapshot], decide: Callable[..., Plan]) -> None:
        self.planner = Planner(snapshots, lambda: NOW, decide=decide, many_runs=10, on_turn=self.plan)
        self.decided: list[tuple[str, Snapshot]] = []
        self.turns: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_decided = asyncio.Condition()

    def plan(self, key: NamespacedName) -> None:
        self.turns.append(key[1])
        self._tasks.add(asyncio.create_task(self._plan(key)))

    async def _plan(self, key: NamespacedName) -> None:
        decision = await self.planner.plan(key)
        if decision is not None:
            async with self._has_decided:
                self.decided.append((key[1], decision.snapshot))
                self._has_decided.notify_all()

    async def until_decided(self, count: int) -> list[str]:
        async with asyncio.timeout(60), self._has_decided:
            await self._has_decided.wait_for(lambda: len(self.decided) >= count)
        return [name for name, _ in self.decided]


class Gate:
    """A decision that ends when it may."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, _: Snapshot, __: datetime) -> Plan:
        self.begun.set()
        assert self.may_end.wait(timeout=30)
        return Plan()

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 30)


async def test_requests_get_the_thread_in_the_order_in_which_they_asked() -> None:
    gate = Gate()
    turns = Turns(lambda _: MANY_OPEN, gate)
    turns.plan(("erp", "a"))
    await gate.wait()
    for name in ("b", "c", "b"):
        assert await turns.planner.plan(("erp", name)) is None
    gate.may_end.set()
    assert await turns.until_decided(3) == ["a", "b", "c"]
    assert turns.turns == ["a", "b", "c"]


@pytest.mark.parametrize("how", ["becomes small", "is not planned at its turn", "is dropped with all others"])
async def test_a_request_that_needs_the_thread_no_more_holds_up_no_other(how: str) -> None:
    gate, snapshots = Gate(), {"a": MANY_OPEN, "b": MANY_OPEN, "c": MANY_OPEN}
    turns = Turns(lambda key: snapshots[key[1]], gate)
    turns.plan(("erp", "a"))
    await gate.wait()
    assert await turns.planner.plan(("erp", "b")) is None
    if how == "becomes small":
        snapshots["b"] = FEW
    elif how == "is not planned at its turn":
        turns.planner.leave_thread_queue(("erp", "b"))
    else:
        turns.planner.discard_all()
    assert await turns.planner.plan(("erp", "c")) is None
    gate.may_end.set()
    assert "c" in await turns.until_decided(3 if how == "becomes small" else 2)


async def test_a_decision_that_waited_for_the_thread_sees_what_happened_meanwhile() -> None:
    begun, may_end = threading.Event(), threading.Event()
    known = MANY_OPEN

    def slow(_: Snapshot, __: datetime) -> Plan:
        begun.set()
        assert may_end.wait(timeout=30)
        return Plan()

    turns = Turns(lambda _: known, slow)
    turns.plan(KEY)
    assert await asyncio.to_thread(begun.wait, 30)
    assert await turns.planner.plan(("erp", "other")) is None
    known = MANY_FINISHED
    may_end.set()
    await turns.until_decided(2)
    assert [snapshot for _, snapshot in turns.decided] == [MANY_OPEN, MANY_FINISHED]


async def test_a_decision_that_fails_leaves_the_thread_to_the_next() -> None:
    def mistaken(_: Snapshot, __: datetime) -> Plan:
        raise KeyError("metadata")

    is_free = asyncio.Event()
    planner = Planner(lambda _: MANY_OPEN, lambda: NOW, decide=mistaken, many_runs=10, on_turn=lambda _: is_free.set())
    with pytest.raises(KeyError):
        await planner.plan(KEY)
    assert await planner.plan(KEY) is None
    await asyncio.wait_for(is_free.wait(), timeout=60)
    with pytest.raises(KeyError):
        await planner.plan(KEY)
