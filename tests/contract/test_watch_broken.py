"""Operator behind a broken connection: cut, closed and silent connections; and a server that has not started yet.

No change may be lost or done twice, and no old state may be kept. Neighbours: `test_watch_gone.py`,
`test_watch_errors.py`; the stage is `tests/faults/stage.py`.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

from tests.faults.proxy import HalfAnswer, Silence
from tests.faults.stage import Stage, install_crds, kubectl, request

from process_operator.controller.timer import Timer
from process_operator.controller.work_queue import WorkQueue
from process_operator.resources.kinds import CRONJOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.watch.selections import SELECTIONS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DAILY = {"schedule": {"daily": {"at": "02:00"}}}


async def test_changes_while_the_server_is_out_of_reach_are_caught_up_with(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("doomed", ends=False), request("stays", ends=False), request("edited", DAILY))
        await stage.phase("doomed", "Active")
        await stage.phase("stays", "Active")
        await stage.phase("edited", "Scheduled")
        await stage.proxy.refuse()
        await stage.apply(request("new"), request("brief"))
        await stage.delete(PROCESS_REQUEST, "brief")
        await stage.delete(PROCESS_REQUEST, "doomed")
        edit = {"spec": {"timing": {"schedule": {"daily": {"at": "03:00"}}}}}
        await stage.api.patch(PROCESS_REQUEST, stage.namespace, "edited", edit)
        run = (await stage.runs("stays"))[0]["metadata"]["name"]
        await stage.api.patch(PROCESS_RUN, stage.namespace, run, {"spec": {"cancel": True}})
        await stage.proxy.accept()

        await stage.each_ran_once("new")
        await stage.phase("stays", "Canceled")

        async def edited() -> bool:
            schedule: str = (await stage.all(CRONJOB))[0]["spec"]["schedule"]
            return schedule == "0 3 * * *"

        await stage.eventually(edited, "the CronJob has the new time")
        await stage.agrees()


async def test_connections_that_break_all_the_time(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        names = [f"r{number}" for number in range(20)]
        for name in names:
            await stage.apply(request(name))
            stage.proxy.cut()
            await asyncio.sleep(0.1)
        await stage.each_ran_once(*names)
        await stage.agrees()


async def test_a_watch_that_falls_silent_is_restarted(tmp_path: Path) -> None:
    async with Stage(tmp_path, watch_silence_seconds=1.0) as stage:
        await stage.start()
        await stage.apply(request("gone", ends=False))
        await stage.phase("gone", "Active")
        stage.proxy.freeze()
        await stage.apply(request("unheard"))
        await stage.delete(PROCESS_REQUEST, "gone")
        await stage.each_ran_once("unheard")
        await stage.agrees()


async def test_objects_that_wait_for_due_work_are_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects of the cluster wait while ticks are due, here for longer than a watch may be silent."""

    async def long(_: WorkQueue[Any]) -> None:
        await asyncio.sleep(1.5)

    async with Stage(tmp_path, watch_silence_seconds=1.0) as stage:
        monkeypatch.setattr(WorkQueue, "yield_to_due", long)
        await stage.start()
        await stage.apply(request("held"))
        await stage.each_ran_once("held")
        await stage.agrees()


async def test_an_error_whose_body_never_ends_is_a_silence(tmp_path: Path) -> None:
    async with Stage(tmp_path, watch_silence_seconds=1.0) as stage:
        await stage.start()
        await stage.apply(request("listed"))
        await stage.each_ran_once("listed")
        half = stage.proxy.add(HalfAnswer(503), "GET", path="/processrequests$", watch=True, times=1)
        stage.proxy.cut()
        await stage.proxy.wait_until(lambda: half.hits)
        await stage.apply(request("unheard"))
        await stage.each_ran_once("unheard")


async def test_as_many_watches_as_kinds_in_ten_namespaces_are_open_at_once(tmp_path: Path) -> None:
    namespaces = tuple(f"nowhere-{number}" for number in range(10))
    async with Stage(tmp_path, watch_namespaces=namespaces) as stage:
        await stage.begin()

        def watched() -> bool:
            answered = [seen for seen in stage.proxy.seen("GET", watch=True) if seen.status == 200]
            return len({seen.path for seen in answered}) == len(namespaces) * len(SELECTIONS)

        await stage.proxy.wait_until(watched)
        assert stage.alive


async def test_a_loop_that_awaits_what_another_task_cancelled_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, calls = Timer.run, itertools.count(1)

    async def cancelled_once(self: Timer) -> None:
        if next(calls) == 1:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future
        await run(self)

    async with Stage(tmp_path) as stage:
        monkeypatch.setattr(Timer, "run", cancelled_once)
        await stage.start()
        await stage.apply(request("later", {"runLater": {"after": "2s"}}))
        await stage.each_ran_once("later")
        assert len(stage.lines("a loop ended")) == 1


async def test_silence_everywhere_is_waited_out(tmp_path: Path) -> None:
    """Other calls get no answer either. Work in progress is done once when the answers come."""
    async with Stage(tmp_path, watch_silence_seconds=1.0) as stage:
        await stage.start()
        await stage.apply(request("before"))
        await stage.proxy.wait_until(lambda: stage.proxy.seen("POST", path="/jobs$"))
        silence = stage.proxy.add(Silence())
        await stage.apply(request("during"))
        await asyncio.sleep(2)
        await stage.proxy.remove(silence)
        await stage.each_ran_once("before", "during")


async def test_a_server_that_is_not_there_at_the_start_is_waited_for(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.apply(request("early"))
        await stage.proxy.refuse()
        await stage.begin()

        async def said() -> bool:
            return bool(stage.lines("waiting for the API server"))

        await stage.eventually(said, "it says what it waits for")
        assert stage.alive
        assert len(stage.lines("waiting for the API server")) == 1
        await stage.proxy.accept()
        await stage.each_ran_once("early")


async def test_kinds_that_are_not_installed_at_the_start_are_waited_for(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await asyncio.to_thread(_remove_crds)
        await stage.begin()

        async def said() -> bool:
            return bool(stage.lines("waiting for the CustomResourceDefinitions"))

        await stage.eventually(said, "it says what it waits for")
        assert stage.alive
        await asyncio.to_thread(install_crds)
        await stage.apply(request("first"))
        await stage.each_ran_once("first")


async def test_kinds_that_are_removed_and_installed_again(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.start()
        await stage.apply(request("old", ends=False))
        await stage.phase("old", "Active")
        await asyncio.to_thread(_remove_crds)

        async def said() -> bool:
            return bool(stage.lines("waiting for the CustomResourceDefinitions"))

        stage.proxy.cut()
        await stage.eventually(said, "it says what it waits for")
        await asyncio.to_thread(install_crds)
        await stage.apply(request("new"))
        await stage.each_ran_once("new")
        await stage.agrees()


def _remove_crds() -> None:
    kinds = ("processes", "processrequests", "processruns")
    kubectl("delete", "crd", *(f"{kind}.process-operator.io" for kind in kinds))
