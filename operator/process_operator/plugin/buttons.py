"""Buttons of the window Process Request as commands: run, cancel, schedule, unschedule, reschedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import confirm, say
from process_operator.resources.process_run import RunPhase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object


def run_now(
    connecting: Connecting, request: str, *, wait: bool, follow: bool, timeout: str | None, dry_run: bool
) -> None:
    """Create a Manual run, print its name at once, and wait for it if the user asks for that."""

    async def work(client: Client) -> Object:
        await client.request(request)  # an unknown request is an error here, and not a run that waits for ever
        return await client.start_run(request, dry_run=dry_run)

    name = connecting.run(work)["metadata"]["name"]
    say(f"processrun.process-operator.io/{name} created{' (server dry run)' if dry_run else ''}")
    if dry_run:
        return
    if follow:
        from process_operator.plugin.logs import LogQuestion, show_log  # noqa: PLC0415

        show_log(connecting, name, LogQuestion(follow=True), kind="run")
    elif wait:
        from process_operator.plugin.waiting import wait_for_run  # noqa: PLC0415

        wait_for_run(connecting, name, timeout, pass_exit_code=False)


def cancel_runs(connecting: Connecting, names: list[str], *, yes: bool) -> None:
    """Cancel runs; one that has ended, or is canceled already, stays as it is."""
    confirm("This cancels:", names, yes=yes)

    async def work(client: Client) -> None:
        for name in names:
            run = await client.run(name)
            phase = RunPhase(run["status"].get("phase", RunPhase.PENDING))
            if phase.is_finished or run["spec"].get("cancel"):
                why = f"it is {phase}" if phase.is_finished else "it is being canceled"
                say(f"processrun.process-operator.io/{name} unchanged: {why}")
                continue
            await client.cancel_run(name)
            say(f"processrun.process-operator.io/{name} canceled")

    connecting.run(work)


def suspend_requests(
    connecting: Connecting, names: list[str], selector: str | None, reason: str | None, *, yes: bool
) -> None:
    """Suspend requests, with the user's reason."""
    _change(
        connecting,
        names,
        selector,
        "This suspends:",
        lambda client, body: client.suspend(body["metadata"]["name"], reason),
        "unscheduled",
        is_so=lambda body: bool(body["spec"].get("suspend")) and reason is None,
        yes=yes,
    )


def resume_requests(connecting: Connecting, names: list[str], selector: str | None, *, yes: bool) -> None:
    """Resume suspended requests."""
    _change(
        connecting,
        names,
        selector,
        "This resumes:",
        lambda client, body: client.resume(body["metadata"]["name"]),
        "scheduled",
        is_so=lambda body: not body["spec"].get("suspend"),
        yes=yes,
    )


def reschedule_requests(connecting: Connecting, names: list[str], selector: str | None, *, yes: bool) -> None:
    """Start a new activation of requests."""
    _change(
        connecting,
        names,
        selector,
        "This reschedules:",
        lambda client, body: client.reschedule(body["metadata"]["name"], datetime.now(UTC)),
        "rescheduled",
        is_so=lambda _: False,
        yes=yes,
    )


def _change(  # noqa: PLR0913 - one table of buttons
    connecting: Connecting,
    names: list[str],
    selector: str | None,
    question: str,
    change: Callable[[Client, Object], Awaitable[Any]],
    done: str,
    *,
    is_so: Callable[[Object], bool],
    yes: bool,
) -> None:
    """Change requests one by one, after a question where there are several."""
    if bool(names) == bool(selector):
        raise CommandError("name at least one request, or select some with -l, and not both", Exit.USAGE)

    async def work(client: Client) -> None:
        bodies = [await client.request(name) for name in names] if names else await client.requests(selector=selector)
        if not bodies:
            raise CommandError(f"no ProcessRequest in namespace {client.namespace} has the labels {selector}")
        confirm(question, [body["metadata"]["name"] for body in bodies if not is_so(body)], yes=yes)
        for body in bodies:
            name = f"processrequest.process-operator.io/{body['metadata']['name']}"
            if is_so(body):
                say(f"{name} unchanged")
            else:
                await change(client, body)
                say(f"{name} {done}")

    connecting.run(work)
