"""Buttons of the window Process Request as commands: schedule, unschedule, reschedule.

Neighbours: `run.py` has Run, `cancel.py` Cancel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from process_operator.client.states import is_suspended
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun
from process_operator.plugin.terminal import confirm, say

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class Selection:
    """The requests that a button is for: their names, or a label selector."""

    names: list[str]
    selector: str | None
    yes: bool
    dry_run: DryRun


@dataclass(frozen=True, slots=True)
class _Button:
    """The text of the question, the word for what was done, the change, and a check whether it is done already.

    The change gets the name of the user, if that is known.
    """

    question: str
    done: str
    change: Callable[[Client, Object, str | None], Awaitable[Any]]
    is_so: Callable[[Object], bool]


def suspend_requests(connecting: Connecting, selection: Selection, reason: str | None) -> None:
    """Suspend requests, with the user's reason."""
    is_dry = selection.dry_run == DryRun.SERVER
    button = _Button(
        "This suspends:",
        "unscheduled",
        lambda client, body, by: client.suspend(body["metadata"]["name"], reason, by=by, dry_run=is_dry),
        lambda body: is_suspended(body, reason),
    )
    _press(connecting, selection, button)


def resume_requests(connecting: Connecting, selection: Selection) -> None:
    """Resume suspended requests."""
    is_dry = selection.dry_run == DryRun.SERVER
    button = _Button(
        "This resumes:",
        "scheduled",
        lambda client, body, _: client.resume(body["metadata"]["name"], dry_run=is_dry),
        lambda body: not body["spec"].get("suspend"),
    )
    _press(connecting, selection, button)


def reschedule_requests(connecting: Connecting, selection: Selection) -> None:
    """Start a new activation of requests."""
    is_dry = selection.dry_run == DryRun.SERVER
    button = _Button(
        "This reschedules:",
        "rescheduled",
        lambda client, body, by: client.reschedule(body["metadata"]["name"], datetime.now(UTC), by=by, dry_run=is_dry),
        lambda _: False,
    )
    _press(connecting, selection, button)


def _press(connecting: Connecting, selection: Selection, button: _Button) -> None:
    """Change requests one by one, after a question if there are several."""
    if bool(selection.names) == bool(selection.selector):
        raise CommandError("name at least one request, or select some with -l, and not both", Exit.USAGE)

    async def work(client: Client) -> None:
        bodies = await _selected(client, selection)
        if selection.dry_run == DryRun.NONE:
            changed = [body["metadata"]["name"] for body in bodies if not button.is_so(body)]
            confirm(button.question, changed, yes=selection.yes)
        by = await client.user_name()
        for body in bodies:
            name = f"processrequest.process-operator.io/{body['metadata']['name']}"
            if button.is_so(body):
                say(f"{name} unchanged")
                continue
            if selection.dry_run != DryRun.CLIENT:
                await button.change(client, body, by)
            say(f"{name} {button.done}{selection.dry_run.remark}")

    connecting.run(work)


async def _selected(client: Client, selection: Selection) -> list[Object]:
    if selection.names:
        return [await client.request(name) for name in dict.fromkeys(selection.names)]
    bodies = await client.requests(selector=selection.selector)
    if not bodies:
        raise CommandError(f"no ProcessRequest in namespace {client.namespace} has the labels {selection.selector}")
    return bodies
