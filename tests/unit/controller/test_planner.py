"""Planner: decisions in the event loop, or beside it for a request with very many runs."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import datetime

import pytest
from tests.unit.given import at, finished, request, run, schedule, snapshot

from process_operator.controller import planner as decider_module
from process_operator.controller.planner import Planner
from process_operator.decisions.inputs.process_lock import ProcessLock
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide

NOW = at("12:05")
FEW = snapshot(request(schedule(60)), runs=tuple(run(f"run-{number}") for number in range(3)))
MANY_OPEN = replace(FEW, runs=tuple(run(f"run-{number}") for number in range(11)))
MANY_FINISHED = replace(FEW, history=tuple(finished(f"old-{number}") for number in range(200)))
SHARED = replace(MANY_OPEN, process_lock=ProcessLock("close-day"))


@pytest.mark.parametrize(
    ("given", "is_beside"),
    [
        pytest.param(FEW, False, id="few runs: in the loop"),
        pytest.param(MANY_OPEN, True, id="many open runs: beside it"),
        pytest.param(MANY_FINISHED, True, id="very many finished ones: beside it"),
        pytest.param(SHARED, False, id="many runs of a Process that requests share: in the loop"),
    ],
)
async def test_where(monkeypatch: pytest.MonkeyPatch, given: Snapshot, *, is_beside: bool) -> None:
    threads: list[threading.Thread] = []

    def noted(snapshot: Snapshot, now: datetime) -> Plan:
        threads.append(threading.current_thread())
        return decide(snapshot, now)

    monkeypatch.setattr(decider_module, "decide", noted)
    decision = await Planner(many=10).decide(given, NOW)
    assert (threads != [threading.current_thread()]) is is_beside
    assert decision.plan == decide(given, NOW)
    assert (decision.seconds > 0) is is_beside


async def test_the_loop_goes_on_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(_: Snapshot, __: datetime) -> Plan:
        begun.set()
        assert may_end.wait(timeout=30)
        return Plan()

    monkeypatch.setattr(decider_module, "decide", slow)
    planner = Planner(many=10)
    first, second = (asyncio.create_task(planner.decide(MANY_OPEN, NOW)) for _ in range(2))
    assert await asyncio.to_thread(begun.wait, 30)
    monkeypatch.setattr(decider_module, "decide", decide)
    assert (await planner.decide(FEW, NOW)).plan == decide(FEW, NOW)
    assert not first.done()
    assert not second.done()
    may_end.set()
    await asyncio.gather(first, second)
