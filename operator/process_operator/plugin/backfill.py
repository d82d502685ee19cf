"""`kubectl process backfill`: runs for times of the past, listed before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.client.backfill_range import RangeError, TooManyTicksError, backfill_ticks
from process_operator.client.judged import judged_requests
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun
from process_operator.plugin.terminal import confirm, note, say
from process_operator.plugin.times import now, past
from process_operator.resources.model import format_instant
from process_operator.resources.process_backfill import Rerun

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object

_ASKS_ABOVE: Final = 20


@dataclass(frozen=True, slots=True)
class BackfillQuestion:
    """The options of the command as the user gave them."""

    request: str
    start: str
    end: str
    rerun: str
    dry_run: DryRun
    yes: bool


def make_backfill(connecting: Connecting, question: BackfillQuestion) -> None:
    """List the times of the range, and create a ProcessBackfill for them. Raises CommandError."""
    start, end = past("--from", question.start), past("--to", question.end)
    assert start is not None
    assert end is not None
    if end < start:
        raise CommandError("--to must not be before --from", Exit.USAGE)
    rerun = _rerun(question.rerun)

    async def work(client: Client) -> Object | None:
        ticks, count, unread = await _ticks(client, question.request, start, end)
        if unread:
            note(f"{unread[0].upper()}{unread[1:]}: its dates are listed, but do not run.")
        for tick in ticks:
            say(format_instant(tick))
        if count > len(ticks):
            say(f"... and {count - len(ticks)} more")
        if question.dry_run == DryRun.CLIENT:
            return None
        if count > _ASKS_ABOVE and question.dry_run == DryRun.NONE:
            confirm(f"This creates up to {count} runs:", [question.request, f"{count} times"], yes=question.yes)
        is_dry = question.dry_run == DryRun.SERVER
        by = await client.user_name()
        return await client.backfill(question.request, start, end, rerun=rerun, by=by, dry_run=is_dry)

    body = connecting.run(work)
    if body is not None:
        say(f"processbackfill.process-operator.io/{body['metadata']['name']} created{question.dry_run.remark}")


def _rerun(text: str) -> str:
    allowed = {str(word).lower(): str(word) for word in Rerun}
    if text.lower() not in allowed:
        raise CommandError(f"--rerun: {text!r} is unknown; allowed: {', '.join(allowed.values())}", Exit.USAGE)
    return allowed[text.lower()]


async def _ticks(client: Client, name: str, start: datetime, end: datetime) -> tuple[list[datetime], int, str]:
    """Return the first times of a request, how many there are, and a remark about a calendar that is not readable."""
    ((given, unread),) = await judged_requests(client, [await client.request(name)])
    try:
        ticks, count = backfill_ticks(given, start, end, now())
    except TooManyTicksError as error:
        raise CommandError(str(error), Exit.USAGE) from error
    except RangeError as error:
        raise CommandError(str(error)) from error
    return ticks, count, unread
