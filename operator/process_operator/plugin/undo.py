"""Undo of work that an error, Ctrl-C or SIGTERM ends in the middle.

A supervisor (`timeout`, systemd, a CI system) ends a program with SIGTERM, and by default the program would leave its
steps half done. Neighbour: `take_over.py` has such steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

TERMINATED: Final = 128 + signal.SIGTERM
"""Exit status after SIGTERM, as shells have it."""


async def work_or_undo(work: Callable[[], Coroutine[Any, Any, None]], undo: Callable[[], Awaitable[None]]) -> None:
    """Do some work. If it does not succeed, undo it and raise its error again.

    SIGTERM cancels the work as Ctrl-C does, and then raises SystemExit. It does not end the undo. Call this on the main
    thread.
    """
    loop, task, is_terminated = asyncio.get_running_loop(), asyncio.create_task(work()), False

    def terminate() -> None:
        nonlocal is_terminated
        is_terminated = True
        task.cancel()

    # Windows has no handlers in its loop, and no program there sends SIGTERM.
    with contextlib.suppress(NotImplementedError):
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        await task
    except BaseException:
        await undo()
        if is_terminated:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        with contextlib.suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGTERM)
