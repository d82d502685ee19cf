"""`kubectl process wait`: wait for the end of a run, with an exit status for scripts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import note, say
from process_operator.plugin.times import duration
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

POLL_SECONDS: Final = 1.0
_MAX_EXIT_CODE: Final = 255


def wait_for_run(connecting: Connecting, name: str, timeout: str | None, *, pass_exit_code: bool) -> None:
    """Wait for the end of a run, print how it ended, and end with that status."""
    limit = duration("--timeout", timeout)

    async def work(client: Client) -> Object:
        async with asyncio.timeout(limit.total_seconds() if limit is not None else None):
            return await ended(client, name)

    try:
        run = connecting.run(work)
    except TimeoutError:
        raise CommandError(f"run {name} has not ended within {timeout}; it goes on", Exit.TIMEOUT) from None
    except KeyboardInterrupt:
        note(f"Stopped waiting. Run {name} goes on; kubectl process cancel {name} ends it.")
        raise
    finish(run, pass_exit_code=pass_exit_code)


async def ended(client: Client, name: str) -> Object:
    """Return a run once it has ended. Raises NotFound if it is deleted meanwhile."""
    while True:
        run = await client.run(name)
        if RunPhase(run["status"].get("phase", RunPhase.PENDING)).is_finished:
            return run
        await asyncio.sleep(POLL_SECONDS)


def finish(run: Object, *, pass_exit_code: bool, quiet: bool = False) -> None:
    """Print how a run ended, and end the command with the status that stands for it."""
    status, name = run["status"], run["metadata"]["name"]
    why = ": ".join(filter(None, (status.get("reason"), status.get("message"))))
    line = f"run {name}: {status['phase']}{f' ({why})' if why else ''}"
    (note if quiet else say)(line)
    if status["phase"] == RunPhase.SUCCEEDED:
        return
    code = status.get("exitCode")
    raise SystemExit(min(code, _MAX_EXIT_CODE) if pass_exit_code and code else int(Exit.NOT_SUCCEEDED))
