"""Server: opens the port of a mode, and serves until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from aiohttp import web

from process_operator.monitor.limits import HEADER_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

_SHUTDOWN_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 10.0


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve while it is entered, and give the port that is open. Port 0 is a free one. Raises OSError."""
    # The request of a page that has gone is canceled, and with it the watches of its stream.
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=_SHUTDOWN_SECONDS,
        max_field_size=HEADER_BYTES,
        max_line_size=HEADER_BYTES,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def until_stopped(is_idle: Callable[[], bool] | None = None) -> None:
    """Wait for SIGINT or SIGTERM, or until `is_idle` is true."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    while not stopped.is_set() and (is_idle is None or not is_idle()):
        with suppress(TimeoutError):
            async with asyncio.timeout(_CHECK_SECONDS):
                await stopped.wait()
