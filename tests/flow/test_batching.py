"""Batching: follow-ups of a start come within a second, regardless of how often the request is due meanwhile."""

from __future__ import annotations

import asyncio

import pytest
from tests.flow.driver import Flow

from process_operator.resources.kinds import PROCESS_RUN


@pytest.mark.parametrize("work_seconds", [0.4, 1, 1.5], ids=str)
def test_ticks_of_every_second_never_postpone_the_records_of_its_runs(work_seconds: float) -> None:
    async def play() -> list[str]:
        flow = Flow()
        await flow.start()
        flow.work(seconds=work_seconds)
        flow.apply(timing={"schedule": {"secondly": {"every": 1}}})
        await flow.to(30)
        return [run["metadata"]["name"] for run in flow.cluster.all(PROCESS_RUN) if "endTime" not in run["status"]]

    # Runs that work, and those of the last second, whose end is batched.
    assert len(asyncio.run(play())) <= work_seconds + 3
