"""Life cycle of the operator: its concurrent loops, and the order of its end.

This module alone reads the real clock, and passes it to all others. Neighbours: `__main__.py` calls `run`, `wiring.py`
builds the parts, `watch/supervisor.py` watches, `controller/request_reconciler.py` decides and acts.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from process_operator.cluster.connection import Connection, connect
from process_operator.cluster.errors import ApiError
from process_operator.service.http_server import HttpServer
from process_operator.settings import Settings
from process_operator.watch.supervisor import RetryIntervals
from process_operator.wiring import build_operator

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_GARBAGE: Final = (20_000, 20, 50)
"""Thresholds of the garbage collector, for its three generations."""
_FINAL_WRITES_SECONDS: Final = 5.0
"""Time for pending statuses when this process stops or is no longer the leader."""

log = structlog.get_logger("process_operator")


def utc_now() -> datetime:
    """The real clock, UTC."""
    return datetime.now(UTC)


class Operator:
    """Everything that makes one operator, over one connection."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = utc_now,
        intervals: RetryIntervals | None = None,
    ) -> None:
        self._intervals = intervals or RetryIntervals()
        self._settings = settings
        self.parts = build_operator(connection, settings, clock=clock, intervals=self._intervals)
        self._controller = self.parts.controller
        self._end = asyncio.Event()

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT (in the main thread), or until the task is cancelled."""
        asyncio.get_running_loop().set_exception_handler(_say_in_a_line)
        with self._signals():
            work = asyncio.create_task(self._work())
            end = asyncio.create_task(self._end.wait())
            try:
                await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                end.cancel()
                work.cancel()
                await asyncio.wait({work, end})
        if not work.cancelled():
            work.result()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        self._take_signals()
        try:
            yield
        finally:
            for number in _SIGNALS:
                asyncio.get_running_loop().remove_signal_handler(number)

    def _take_signals(self) -> None:
        for number in _SIGNALS:
            # Only the main thread can do this; in a test the task is cancelled instead.
            with contextlib.suppress(ValueError, RuntimeError):
                asyncio.get_running_loop().add_signal_handler(number, self._end.set)

    async def _work(self) -> None:
        async with self._http():
            tasks = [
                asyncio.create_task(self._until_cancelled(loop))
                for loop in (
                    self.parts.watches.resync_now_and_then,
                    self._drop_while_standing_by,
                    self._lead_once_listed,
                )
            ]
            try:
                await self.parts.watches.watch(
                    on_start=self._take_signals, yield_to_due=self._controller.queue.yield_to_due
                )
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.parts.leadership.release()

    @contextlib.asynccontextmanager
    async def _http(self) -> AsyncIterator[None]:
        if self._settings.http_port is None:
            yield
            return
        async with HttpServer(
            self.parts.health, self.parts.metrics, host=self._settings.http_host, port=self._settings.http_port
        ) as server:
            log.info("probes and metrics", port=server.port)
            yield

    async def _lead_once_listed(self) -> None:
        await self.parts.watches.listed.wait()
        store = self._controller.store
        log.info("listed", requests=len(store.requests), open_runs=len(store.runs), jobs=len(store.jobs))
        await self.parts.leadership.run(self._lead)

    async def _lead(self) -> None:
        """Decide and act, as only the leader does."""
        self._controller.clock_guard.begin()
        self._controller.store.reset()
        for key in self._controller.store.request_keys():
            self._controller.queue.add(key)
        for key in self._controller.store.processes.entries:
            self._controller.processes.add(key)
        tasks = [asyncio.create_task(self._until_cancelled(loop)) for loop in self._loops()]
        tasks.append(asyncio.create_task(self._say_when_ready()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._controller.agenda.clear()
            self._controller.burst.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FINAL_WRITES_SECONDS):
                    await self._controller.reconciler.flush()
            await self.parts.logs.close()
            await self.parts.notifier.close()
            await self.parts.config_maps.close()
            with contextlib.suppress(ApiError):
                await self.parts.events.flush(self.parts.clock(), everything=True)

    async def _drop_while_standing_by(self) -> None:
        """Drop the keys of a stand-by, which decides nothing. It evaluates all requests when it becomes the leader.

        A leader that has lost the Lease still writes its last statuses, which are in the store, so nothing is dropped
        before it is done.
        """
        while True:
            if not self.parts.leadership.is_working:
                self._controller.queue.clear()
                self._controller.processes.clear()
                self._controller.store.reset()
            await asyncio.sleep(self._intervals.drop)

    def _loops(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [
            *[self._controller.reconciler.work] * self._settings.workers,
            self._controller.process_reconciler.work,
            self._controller.timer.run,
            self._controller.burst.run,
            self._write_events,
        ]

    async def _write_events(self) -> None:
        yield_to_due = self._controller.queue.yield_to_due
        await self.parts.events.run(self.parts.clock, seconds=self._intervals.events, yield_to_due=yield_to_due)

    async def _until_cancelled(self, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a loop until cancelled. A loop that a bug ended starts again, with an error in the log.

        A future that another task has cancelled ends its awaiter with CancelledError too. Only a request to cancel this
        task ends the loop.
        """
        while True:
            try:
                await loop()
            except (Exception, asyncio.CancelledError):
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                log.exception("a loop ended and starts again", loop=loop.__qualname__)
                await asyncio.sleep(1)

    async def _say_when_ready(self) -> None:
        await self._controller.queue.wait_idle()
        # The present objects stay, so later collections need not scan them.
        gc.collect()
        gc.freeze()
        log.info("ready", requests=len(self._controller.store.requests))


def _say_in_a_line(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log the error of a task without an awaiter. kopf leaves some at its end, and their tracebacks say nothing."""
    log.warning(context["message"], error=repr(context.get("exception")))


async def run(
    settings: Settings,
    *,
    kubeconfig: str | None = None,
    context: str | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> None:
    """Connect and work until a signal. Raises ConfigurationError if there is no usable configuration."""
    # Cached objects live long, and cycles are rare. Frequent collections would cost a quarter of a start.
    gc.set_threshold(*_GARBAGE)
    connection = await connect(kubeconfig=kubeconfig, context=context, max_connections=settings.max_connections)
    try:
        await Operator(connection, settings, clock=clock).run()
    finally:
        await connection.close()
