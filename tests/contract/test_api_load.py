"""Load on a busy server: the number of concurrent requests, and the pause after it asks for one.

One server holds all answers back until every request has arrived, so the limit is counted, not timed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from tests.contract.fault_server import Answer, status

from process_operator.cluster.api import Api
from process_operator.cluster.backoff import MAX_RETRY_AFTER_SECONDS, backoff
from process_operator.cluster.errors import TooManyRequests
from process_operator.cluster.retry import Retries
from process_operator.resources.kinds import JOB, PROCESS_RUN

if TYPE_CHECKING:
    from tests.contract.conftest import Waits
    from tests.contract.fault_server import FaultServer

    from process_operator.cluster.connection import Connection

JOBS = "/apis/batch/v1/namespaces/erp/jobs"
BOUND = 4
"""Limit of the connection in `conftest.py`."""


def busy(code: int, seconds: int) -> Answer:
    reason = "TooManyRequests" if code == 429 else "ServiceUnavailable"
    return Answer(code, status(code, reason, "come back later").body, {"Retry-After": str(seconds)})


def calls(api: Api, number: int) -> list[asyncio.Task[object]]:
    """Reads and writes of several kinds, so many of each."""
    made = []
    for index in range(number):
        body = {"metadata": {"name": f"job-{index}"}}
        made += [
            asyncio.create_task(api.create(JOB, "erp", body)),
            asyncio.create_task(api.patch(JOB, "erp", "there", {"spec": {}})),
            asyncio.create_task(api.list(PROCESS_RUN, "erp")),
            asyncio.create_task(api.delete(PROCESS_RUN, "erp", f"run-{index}")),
        ]
    return made


async def test_all_calls_together_are_bounded_in_flight(api: Api, server: FaultServer) -> None:
    server.put(JOBS, ["there"])
    server.gate.clear()
    tasks = calls(api, 10)
    await server.arrived(BOUND)
    # The connections that are left could carry more: the bound is what keeps the other 36 back.
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(server.seen) == BOUND
    server.gate.set()
    await asyncio.gather(*tasks)
    assert len(server.seen) == 40
    assert server.most_at_once == BOUND


async def test_a_call_that_waits_to_try_again_blocks_no_other(connection: Connection, server: FaultServer) -> None:
    server.put(JOBS, ["there"])
    server.faults.extend([busy(429, 5)] * BOUND)
    goes_on, waiting = asyncio.Event(), asyncio.Event()
    asleep: list[float] = []

    async def sleep(seconds: float) -> None:
        asleep.append(seconds)
        if len(asleep) == BOUND:
            waiting.set()
        await goes_on.wait()

    api = Api(connection, retries=Retries(sleep=sleep, clock=lambda: 0.0, chance=lambda: 0.0))
    held_back = [asyncio.create_task(api.get(JOB, "erp", "there")) for _ in range(BOUND)]
    await waiting.wait()
    await api.get(JOB, "erp", "there")
    assert asleep == [5.0] * BOUND
    goes_on.set()
    await asyncio.gather(*held_back)


@pytest.mark.parametrize("code", [429, 503])
async def test_retry_after_is_waited_for_and_some_more_by_chance(
    connection: Connection, server: FaultServer, waits: Waits, code: int
) -> None:
    server.put(JOBS, ["there"])
    server.faults.extend([busy(code, 2), busy(code, 2)])
    chances = iter([0.2, 0.8])
    api = Api(connection, retries=Retries(sleep=waits.sleep, clock=lambda: waits.now, chance=lambda: next(chances)))
    await api.get(JOB, "erp", "there")
    assert waits.seconds == [2 + 0.2 * 0.5, 2 + 0.8 * 1.0]


@dataclass(frozen=True)
class Pause:
    """Failures in a row, and the seconds until the next try."""

    id: str
    failures: int
    seconds: float
    retry_after: float | None = None
    chance: float = 1.0


PAUSES: Final = [
    Pause("the first pause", failures=1, seconds=1.0),
    Pause("doubled with each failure", failures=4, seconds=8.0),
    Pause("at least half of it, by chance", failures=4, chance=0.0, seconds=4.0),
    Pause("up to the longest", failures=99, seconds=30.0),
    Pause("Retry-After comes first", failures=1, retry_after=20.0, chance=0.5, seconds=20.75),
    Pause("Retry-After of a day is capped", failures=1, retry_after=86_400.0, seconds=MAX_RETRY_AFTER_SECONDS + 1),
]


@pytest.mark.parametrize("case", PAUSES, ids=lambda case: case.id)
def test_pauses_after_failures(case: Pause) -> None:
    error = TooManyRequests("slow down", status=429, retry_after=case.retry_after)
    assert backoff(case.failures, error, first=1, longest=30, chance=lambda: case.chance) == case.seconds
