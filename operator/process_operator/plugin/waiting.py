"""`kubectl process wait`: wait for the end of a run, with an exit status for scripts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from process_operator.client.states import phase_of
from process_operator.cluster.errors import NotFound, ServerError, TooManyRequests, Unreachable
from process_operator.plugin.connection import in_words
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import note, printable, say
from process_operator.plugin.times import duration
from process_operator.resources.conditions import cause
from process_operator.resources.process_request_status import RequestPhase
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

T = TypeVar("T")

POLL_SECONDS: Final = 1.0
_MAX_EXIT_CODE: Final = 255


async def patiently(read: Callable[[], Awaitable[T]]) -> T:
    """Repeat a read while the API server is away or overloaded. The caller limits the time.

    A note says so once, unless a spinner may be on the terminal.
    """
    said = sys.stderr.isatty()
    while True:
        try:
            return await read()
        except (Unreachable, ServerError, TooManyRequests) as error:
            if not said:
                note(f"{in_words(error)}. Trying again")
            said = True
            await asyncio.sleep(max(POLL_SECONDS, error.retry_after or 0))


def wait_for_run(
    connecting: Connecting, name: str, timeout: str | None, *, pass_exit_code: bool, is_known: bool = False
) -> None:
    """Wait for the end of a run, print how it ended, and end with that status.

    An outage of the API server does not end the wait. Without a timeout the first read must succeed, unless the run
    `is_known` to exist, because the address may be wrong.
    """
    limit = duration("--timeout", timeout)

    async def work(client: Client) -> Object:
        async with asyncio.timeout(limit.total_seconds() if limit is not None else None):
            if not is_known and limit is None:
                await client.run(name)
            return await ended(client, name)

    try:
        run = connecting.run(work, doing=f"Waiting for run {name}")
    except TimeoutError:
        raise out_of_time(name, timeout) from None
    except KeyboardInterrupt:
        note(f"Stopped waiting. Run {name} continues; kubectl process cancel {name} ends it.")
        raise
    finish(run, pass_exit_code=pass_exit_code)


def wait_until_exists(connecting: Connecting, name: str, request: str, timeout: str | None) -> None:
    """Wait until the operator has created a run of a request. Raises CommandError if the request is invalid."""
    limit = duration("--timeout", timeout)

    async def work(client: Client) -> None:
        async with asyncio.timeout(limit.total_seconds() if limit is not None else None):
            while not await patiently(lambda: exists(client.run(name))):
                check_valid(await patiently(lambda: client.request(request)))
                await asyncio.sleep(POLL_SECONDS)

    try:
        connecting.run(work, doing=f"Waiting for the operator to create run {name}")
    except TimeoutError:
        message = f"the operator has not created run {name} within {timeout}. The request stays, and runs later"
        raise CommandError(message, Exit.TIMEOUT) from None


async def exists(reading: Awaitable[Object]) -> bool:
    """Whether an object that is read exists."""
    try:
        await reading
    except NotFound:
        return False
    return True


def check_valid(request: Object) -> None:
    """Raise CommandError with the operator's reason if a request is invalid, so that it never runs."""
    status = request.get("status") or {}
    if status.get("phase") != RequestPhase.INVALID:
        return
    name = request["metadata"]["name"]
    accepted = next((one for one in status.get("conditions") or () if one["type"] == "Accepted"), None)
    why = f" ({accepted['reason']}): {accepted['message']}" if accepted is not None else ""
    raise CommandError(f"request {name} is not accepted{why}")


def out_of_time(name: str, timeout: str | None) -> CommandError:
    """Make the error of a wait that was too short."""
    return CommandError(f"run {name} has not ended within {timeout}. It continues", Exit.TIMEOUT)


async def ended(client: Client, name: str) -> Object:
    """Return a run once it has ended. Raises NotFound if it is deleted meanwhile."""
    while True:
        run = await patiently(lambda: client.run(name))
        if phase_of(run).is_finished:
            return run
        await asyncio.sleep(POLL_SECONDS)


def finish(run: Object, *, pass_exit_code: bool, quiet: bool = False) -> None:
    """Print how a run ended, and end the command with the status that stands for it."""
    status, name = run["status"], run["metadata"]["name"]
    why = cause(status.get("reason"), status.get("message"))
    line = f"run {name}: {status['phase']}{f' ({why})' if why else ''}"
    (note if quiet else say)(printable(line))
    if status["phase"] == RunPhase.SUCCEEDED:
        return
    code = status.get("exitCode")
    raise SystemExit(min(code, _MAX_EXIT_CODE) if pass_exit_code and code else int(Exit.NOT_SUCCEEDED))
