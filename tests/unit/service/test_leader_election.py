"""Leadership in one process: the work that it runs, and the end of that work."""

from __future__ import annotations

import asyncio

from process_operator.service.leader_election import Leadership


async def test_work_that_cleans_up_is_still_at_work() -> None:
    began, cleans_up, may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            cleans_up.set()
            await may_end.wait()

    leadership = Leadership(None)
    seen = [(leadership.leads, leadership.is_working)]
    running = asyncio.create_task(leadership.run(work))
    async with asyncio.timeout(30):
        await began.wait()
        seen.append((leadership.leads, leadership.is_working))
        running.cancel()
        await cleans_up.wait()
        seen.append((leadership.leads, leadership.is_working))
        may_end.set()
        await asyncio.gather(running, return_exceptions=True)
    seen.append((leadership.leads, leadership.is_working))
    assert seen == [(False, False), (True, True), (False, True), (False, False)]
