"""Decisions that raise: the request reports it, and work continues as soon as a decision succeeds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from structlog.testing import capture_logs
from tests.flow.driver import Flow
from tests.flow.operator_process import Process

from process_operator.controller.planner import Planner
from process_operator.controller.request_reconciler import Reconciler
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide


class Mistaken:
    """Decision that raises while `mistaken` is true."""

    mistaken = True

    def __call__(self, snapshot: Snapshot, now: datetime) -> Plan:
        """Raise, as a bug does."""
        if self.mistaken:
            raise KeyError("metadata")
        return decide(snapshot, now)


def reconciler_of(process: Process, decider: Mistaken) -> Reconciler:
    """The loop of the operator's own, which forgives no mistake and survives it."""
    return Reconciler(
        store=process.store,
        queue=process.queue,
        executor=process.controller.executor,
        clock=process.clock,
        wake=lambda _key, _at: None,
        chance=lambda: 1.0,
        planner=Planner(process.store.snapshot, process.clock, decide=decider),
    )


def ready(flow: Flow) -> tuple[str, str]:
    """Status and reason of the request's condition Ready."""
    found = next(c for c in flow.request().status.conditions if c.type == "Ready")
    return found.status, found.reason


def test_a_mistake_of_the_operators_own_reaches_the_request() -> None:
    async def play() -> None:
        flow = Flow()
        await flow.start()
        flow.apply(timing={"schedule": {"secondly": {"every": 60}}})
        await flow.to(30)
        assert ready(flow)[0] == "True"
        decider = Mistaken()
        loop = reconciler_of(flow.processes[0], decider)
        for _ in range(4):
            await loop.reconcile(("default", "job"))
            flow.clock.now += timedelta(seconds=10)
        assert ready(flow) == ("False", "InternalError")
        assert [reason for reason, about, _ in flow.processes[0].events.said if reason == "Blocked"] == ["Blocked"]
        decider.mistaken = False
        flow.clock.now += timedelta(minutes=6)
        await loop.reconcile(("default", "job"))
        await flow.advance(60)
        assert ready(flow)[0] == "True"

    with capture_logs():
        asyncio.run(play())
