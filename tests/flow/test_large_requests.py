"""Requests with very many runs: they wait for the planner's thread, and no other request waits with them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime

from tests.flow.driver import Flow, later

from process_operator.controller.planner import Planner
from process_operator.controller.request_reconciler import Reconciler
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.resources.kinds import PROCESS_RUN

_WORKERS = 2
_LARGE = 6


class SlowInThread:
    """Decides at once in the loop. In the thread it waits until it may end, as a decision about thousands of runs does."""

    def __init__(self) -> None:
        self.loop_thread = threading.current_thread()
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.decided: list[str] = []

    def __call__(self, snapshot: Snapshot, now: datetime) -> Plan:
        """Decide about a request."""
        if threading.current_thread() is not self.loop_thread:
            self.begun.set()
            assert self.may_end.wait(timeout=60)
        self.decided.append(snapshot.name)
        return decide(snapshot, now)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the operator's own loop runs meanwhile, and reports nothing
            await asyncio.sleep(0.001)


async def _with_large_requests() -> Flow:
    """A flow with more requests with two open runs than there are workers, and a small one without runs."""
    flow = Flow()
    await flow.start()
    flow.work(seconds=1000)
    for number in range(_LARGE):
        flow.apply(f"large-{number}", timing={"runImmediately": {}})
        flow.run_now(f"more-{number}", f"large-{number}")
    flow.apply("small", timing={"schedule": {"secondly": {"every": 600}, "startTime": later(3600)}})
    await flow.advance(1)
    return flow


def test_large_requests_hold_no_worker_while_they_wait() -> None:
    async def play() -> None:
        flow = await _with_large_requests()
        process, slow = flow.processes[0], SlowInThread()
        reconciler = Reconciler(
            store=process.store,
            queue=process.queue,
            executor=process.controller.executor,
            clock=process.clock,
            wake=lambda _key, _at: None,
            planner=Planner(process.store.snapshot, process.clock, decide=slow, many_runs=1, on_turn=process.queue.add),
        )
        large = [f"large-{number}" for number in range(_LARGE)]
        for name in large:
            process.queue.add(("default", name))
        workers = [asyncio.create_task(reconciler.work()) for _ in range(_WORKERS)]
        assert await asyncio.to_thread(slow.begun.wait, 60)
        await _until(lambda: len(process.queue) == 0)
        flow.run_now("by-hand", "small")
        process.store.apply(PROCESS_RUN, flow.cluster.read(PROCESS_RUN, "by-hand"), is_answer=False)
        await _until(lambda: "by-hand" in flow.jobs())
        assert not set(slow.decided) & set(large)
        slow.may_end.set()
        await _until(lambda: set(large) <= set(slow.decided))
        for worker in workers:
            worker.cancel()

    asyncio.run(play())
