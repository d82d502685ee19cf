"""Planner: decisions in the event loop, or in a thread for a request with very many runs."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.given import at, finished, request, run, schedule, snapshot

from process_operator.controller.planner import Planner
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide

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


async def test_the_loop_goes_on_meanwhile() -> None:
    begun, may_end = threading.Event(), threading.Event()
    snapshots = {"big": MANY_OPEN, "bigger": MANY_OPEN, "small": FEW}

    def slow(snapshot: Snapshot, now: datetime) -> Plan:
        if snapshot is FEW:
            return decide(snapshot, now)
        begun.set()
        assert may_end.wait(timeout=30)
        return Plan()

    planner = Planner(lambda key: snapshots[key[1]], lambda: NOW, decide=slow, many_runs=10)
    first, second = (asyncio.create_task(planner.plan(("erp", name))) for name in ("big", "bigger"))
    assert await asyncio.to_thread(begun.wait, 30)
    assert (await planner.plan(("erp", "small"))).plan == decide(FEW, NOW)
    assert not first.done()
    assert not second.done()
    may_end.set()
    await asyncio.gather(first, second)


async def test_a_decision_that_waited_for_the_thread_sees_what_happened_meanwhile() -> None:
    begun, may_end = threading.Event(), threading.Event()
    known = MANY_OPEN

    def slow(_: Snapshot, __: datetime) -> Plan:
        begun.set()
        assert may_end.wait(timeout=30)
        return Plan()

    planner = Planner(lambda _: known, lambda: NOW, decide=slow, many_runs=10)
    first, second = (asyncio.create_task(planner.plan(KEY)) for _ in range(2))
    assert await asyncio.to_thread(begun.wait, 30)
    known = MANY_FINISHED
    may_end.set()
    decisions = await asyncio.gather(first, second)
    assert [decision.snapshot for decision in decisions] == [MANY_OPEN, MANY_FINISHED]


async def test_a_decision_that_fails_leaves_the_thread_to_the_next() -> None:
    def mistaken(_: Snapshot, __: datetime) -> Plan:
        raise KeyError("metadata")

    planner = Planner(lambda _: MANY_OPEN, lambda: NOW, decide=mistaken, many_runs=10)
    for _ in range(2):
        with pytest.raises(KeyError):
            await asyncio.wait_for(planner.plan(KEY), timeout=60)
