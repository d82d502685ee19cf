"""Watches of a server that answers badly: errors, too many requests, and answers that are lost after the effect.

Neighbours: `test_watch_broken.py`, `test_watch_gone.py`; the client alone is tested in `test_api_faults.py`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.faults.proxy import Answer, CutAfter
from tests.faults.stage import Stage, request

from process_operator.resources.kinds import CRONJOB

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.proxy import Fault

UNAVAILABLE = Answer(503, "ServiceUnavailable")
DAILY = {"schedule": {"daily": {"at": "02:00"}}}
LOST = [
    pytest.param(("POST", "/processruns$"), id="that made the run"),
    pytest.param(("POST", "/jobs$"), id="that made the Job, or looked at it"),
    pytest.param(("PATCH", "/processruns/.*/status$"), id="that recorded the run"),
    pytest.param(("PATCH", "/processrequests/.*/status$"), id="that began the activation or wrote the status"),
]


async def test_errors_for_some_seconds(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("before"))
        down = stage.proxy.add(UNAVAILABLE)
        stage.proxy.cut()
        await stage.apply(request("during"), request("later", {"runLater": {"after": "1s"}}))
        await asyncio.sleep(4)
        await stage.proxy.remove(down)
        await stage.apply(request("after"))
        await stage.each_ran_once("before", "during", "later", "after")
        await stage.agrees()


async def test_every_third_request_fails(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        bad = stage.proxy.add(Answer(500, "InternalError"), share=0.33)
        names = [f"r{number}" for number in range(15)]
        await stage.apply(*(request(name) for name in names))
        stage.proxy.cut()
        await stage.each_ran_once(*names)
        assert bad.hits > len(names)
        await stage.proxy.clear()
        await stage.agrees()


async def test_too_many_requests_are_held_back_for_as_long_as_is_asked(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        busy = Answer(429, "TooManyRequests", retry_after=1)
        limit = stage.proxy.add(busy, "POST", "PATCH", "DELETE", times=6)
        await stage.apply(request("one"), request("two"))
        await stage.each_ran_once("one", "two")
        assert limit.hits == limit.times


@pytest.mark.parametrize("what", LOST)
@pytest.mark.parametrize("times", [pytest.param(1, id="once"), pytest.param(6, id="beyond all tries of one call")])
async def test_an_answer_that_is_lost(tmp_path: Path, what: tuple[str, str], times: int) -> None:
    method, path = what
    async with Stage(tmp_path) as stage:
        await stage.start()
        lost = stage.proxy.add(CutAfter(), method, path=path, times=times)
        await stage.apply(request("one"))
        await stage.each_ran_once("one")
        if times == 1:
            assert lost.hits == 1
            assert (await stage.get("one"))["status"]["counts"]["succeeded"] == 1
        await stage.agrees()


@pytest.mark.parametrize("fault", [pytest.param(CutAfter(), id="lost"), pytest.param(UNAVAILABLE, id="rejected")])
async def test_a_cronjob_is_made_once(tmp_path: Path, fault: Fault) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        stage.proxy.add(fault, "POST", "PATCH", path="/cronjobs", times=2)
        await stage.apply(request("nightly", DAILY))
        await stage.phase("nightly", "Scheduled")

        async def armed() -> bool:
            found = await stage.all(CRONJOB)
            return len(found) == 1 and not found[0]["spec"]["suspend"]

        await stage.eventually(armed, "there is one CronJob, and it is armed")
        await stage.agrees()
