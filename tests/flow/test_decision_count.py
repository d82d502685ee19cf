"""Number of decisions that a run needs. Each costs processor time, and more of them are no error that a user sees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from tests.flow.driver import Flow

_WARM_UP_SECONDS = 30
_RUNS = 40


@dataclass(frozen=True)
class Case:
    """A schedule, and the most decisions that one of its runs may need."""

    id: str
    every_seconds: int
    work_seconds: float
    most: float
    spec: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("every second, short work", 1, 0.4, 2.2),
    Case("every second, a second of work", 1, 1, 2.2),
    Case("every second, several runs side by side", 1, 2.5, 2.4),
    Case("every two seconds the ends are decided at once", 2, 0.4, 5),
    Case("every minute the ends are decided at once", 60, 5, 11),
    Case("every second, and a tick is skipped while a run is open", 1, 0.4, 5, {"concurrencyPolicy": "Forbid"}),
]


async def _decisions_per_run(case: Case) -> tuple[float, dict[tuple[str, ...], int]]:
    """Decisions for each run of a schedule at rest, and their number by the actions that they planned."""
    flow = Flow()
    await flow.start()
    flow.work(seconds=case.work_seconds)
    history = {"successful": 3, "failed": 1}
    flow.apply(timing={"schedule": {"secondly": {"every": case.every_seconds}}}, history=history, **case.spec)
    await flow.to(_WARM_UP_SECONDS)
    before, runs = flow.decisions.copy(), len(flow.runs(pruned=True))
    await flow.to(_WARM_UP_SECONDS + case.every_seconds * _RUNS)
    counted = flow.decisions - before
    return sum(counted.values()) / (len(flow.runs(pruned=True)) - runs), dict(counted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_decisions_for_each_run(case: Case) -> None:
    found, counted = asyncio.run(_decisions_per_run(case))
    assert found <= case.most, counted


def test_the_status_of_a_schedule_of_every_second_keeps_its_pace() -> None:
    async def play() -> timedelta:
        flow = Flow()
        await flow.start()
        flow.work(seconds=0.4)
        flow.apply(timing={"schedule": {"secondly": {"every": 1}}})
        lags = []
        for second in range(20, 50):
            await flow.to(second + 0.9)
            written = flow.request().status.last_schedule_time
            assert written is not None
            lags.append(flow.clock.now - written)
        return max(lags)

    assert asyncio.run(play()) < timedelta(seconds=12)
