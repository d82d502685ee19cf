"""Watches with a resourceVersion that is too old: no event reports the objects that were deleted meanwhile.

Neighbours: `test_watch_broken.py`, `test_watch_errors.py`; the stage is `tests/faults/stage.py`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.faults.proxy import Answer, GoneInStream
from tests.faults.stage import Stage, request

from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.watch.kopf_watches import kopf_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.proxy import Fault

EVERY_SECOND = {"schedule": {"secondly": {"every": 1}}}
DAILY = {"schedule": {"daily": {"at": "02:00"}}}
GONE = [
    pytest.param(GoneInStream(), id="inside of the watch"),
    pytest.param(Answer(410, "Expired", "too old resource version"), id="in place of the watch"),
]


async def gone_once(stage: Stage, fault: Fault) -> None:
    """Let each watch that the operator opens next meet the fault once."""
    for path in ("processes$", "processrequests$", "processruns$", "cronjobs$", "jobs$", "pods$"):
        stage.proxy.add(fault, path=f"/{path}", watch=True, times=1)


def tasks_of_the_operator() -> int:
    """All but those of the proxy before it, which has one for each connection, and more of them on a busy machine."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return sum(1 for name in names if not name.startswith("RequestHandler"))


@pytest.mark.parametrize("fault", GONE)
async def test_what_was_deleted_in_the_gap_is_forgotten(tmp_path: Path, fault: Fault) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("ghost", ends=False), request("lives", ends=False), request("nightly", DAILY))
        await stage.phase("ghost", "Active")
        await stage.phase("lives", "Active")
        await stage.phase("nightly", "Scheduled")
        await stage.proxy.refuse()
        await stage.delete(PROCESS_REQUEST, "ghost")
        await stage.delete(PROCESS_REQUEST, "nightly")
        run = (await stage.runs("lives"))[0]["metadata"]["name"]
        await stage.delete(PROCESS_RUN, run)
        await stage.apply(request("new"))
        await gone_once(stage, fault)
        await stage.proxy.accept()
        await stage.each_ran_once("new")
        await stage.agrees()
        await stage.phase("lives", "Failed")


@pytest.mark.parametrize("fault", GONE)
async def test_the_only_object_of_its_kind_is_forgotten_too(tmp_path: Path, fault: Fault) -> None:
    """Nothing that is listed again tells of a new list then. A deleted schedule would then run forever."""
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("ghost", EVERY_SECOND))

        async def ran() -> bool:
            return len(await stage.runs("ghost")) >= 2

        await stage.eventually(ran, "it ticks")
        await stage.proxy.refuse()
        await stage.delete(PROCESS_REQUEST, "ghost")
        await gone_once(stage, fault)
        await stage.proxy.accept()
        await stage.agrees()

        async def rests() -> bool:
            """Whether no run is created. A forgotten request must not tick, but a write in flight may still come."""
            posted = len(stage.proxy.seen("POST", path="processruns$"))
            await asyncio.sleep(2.5)
            return len(stage.proxy.seen("POST", path="processruns$")) == posted

        await stage.eventually(rests, "it ticks no more")


@pytest.mark.parametrize("fault", GONE)
async def test_the_same_name_again_is_another_request(tmp_path: Path, fault: Fault) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("again", ends=False))
        await stage.phase("again", "Active")
        await stage.proxy.refuse()
        await stage.delete(PROCESS_REQUEST, "again")
        await stage.apply(request("again"))
        await gone_once(stage, fault)
        await stage.proxy.accept()
        await stage.each_ran_once("again")
        await stage.agrees()


@pytest.mark.parametrize("fault", GONE)
async def test_the_same_run_name_again_is_another_run(tmp_path: Path, fault: Fault) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("by-hand", DAILY, ends=False))
        await stage.phase("by-hand", "Scheduled")
        await stage.run("by-hand", "again")
        await stage.has_job("again")
        await stage.proxy.refuse()
        await stage.delete(PROCESS_RUN, "again")
        await stage.run("by-hand", "again")
        await gone_once(stage, fault)
        await stage.proxy.accept()
        await stage.has_job("again")
        await stage.agrees()


async def test_a_status_is_never_written_to_another_request_of_that_name(tmp_path: Path) -> None:
    """The watches get no events, so the operator still writes to the old object."""
    async with Stage(tmp_path) as stage:
        await stage.apply(request("again", EVERY_SECOND, ends=False))
        await stage.start()

        async def ran() -> bool:
            return len(await stage.runs("again")) >= 1

        await stage.eventually(ran, "it ticks")
        deaf = stage.proxy.add(Answer(503, "ServiceUnavailable"), "GET")
        stage.proxy.cut()
        await stage.delete(PROCESS_REQUEST, "again")
        await stage.apply(request("again"))
        patches = len(stage.proxy.seen("PATCH", path="/again/status$"))
        await stage.proxy.wait_until(lambda: len(stage.proxy.seen("PATCH", path="/again/status$")) > patches)
        assert (await stage.get("again"))["status"] == {"observedGeneration": -1}
        await stage.proxy.remove(deaf)
        await stage.each_ran_once("again")


async def test_everything_else_continues_when_the_watches_restart(tmp_path: Path) -> None:
    """kopf ends on a 410 in place of a watch. The timer, the workers and the process must continue."""
    assert kopf_settings().process.ultimate_exiting_timeout is None
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("ticks", EVERY_SECOND))
        await stage.proxy.wait_until(lambda: bool(stage.proxy.seen("POST", path="processruns$")))
        tasks = tasks_of_the_operator()
        for times in range(2, 5):
            await gone_once(stage, Answer(410, "Expired", "too old resource version"))
            stage.proxy.cut()
            await stage.watches(times)

            async def goes_on(before: int = len(stage.proxy.seen("POST", path="processruns$"))) -> bool:
                return len(stage.proxy.seen("POST", path="processruns$")) > before

            await stage.eventually(goes_on, "it ticks on")
        assert stage.lines("the watches ended and start again")
        assert not stage.lines("a loop ended")
        await stage.apply(request("new"))
        await stage.each_ran_once("new")
        assert tasks_of_the_operator() < tasks + 10
