"""`kubectl process backfill`: runs for times of the past, listed before anything is created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.client.judged import judged_requests
from process_operator.decisions.backfill.plan import MAX_TICKS
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import DryRun
from process_operator.plugin.terminal import confirm, note, say
from process_operator.plugin.times import now, past
from process_operator.preview.preview import judge
from process_operator.resources.model import format_instant
from process_operator.resources.process_backfill import Rerun

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.preview.manifest_set import GivenRequest
    from process_operator.resources.types import Object

_ASKS_ABOVE: Final = 20
_MAX_LISTED: Final = 100


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
    """List the times of the range, and create a ProcessBackfill for them."""
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
        if not count:
            raise CommandError("the schedule has no time in that range; kubectl process next shows its times")
        if question.dry_run == DryRun.CLIENT:
            return None
        if count > _ASKS_ABOVE and question.dry_run == DryRun.NONE:
            confirm(f"This creates up to {count} runs:", [question.request, f"{count} times"], yes=question.yes)
        is_dry = question.dry_run == DryRun.SERVER
        return await client.backfill(question.request, start, end, rerun=rerun, dry_run=is_dry)

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
    ticks, count = ticks_of(given, start, end, now())
    if count > MAX_TICKS:
        raise CommandError(
            f"the schedule has {count} times in that range, and at most {MAX_TICKS} are run by one backfill", Exit.USAGE
        )
    return ticks, count, unread


def ticks_of(given: GivenRequest, start: datetime, end: datetime, present: datetime) -> tuple[list[datetime], int]:
    """Return the first times of a request in [start, end], and how many there are. All are UTC.

    As for the operator (`decisions/backfill/plan.py`) startTime and the present limit the range. Raises CommandError.
    """
    name = given.name
    if given.request is None:
        raise CommandError(f"request {name} cannot be read: {given.error}")
    acceptance = judge(given.request, given.process, present, given.calendars, given.step_processes)
    if acceptance.recurrence is None:
        raise CommandError(f"request {name} has no schedule: {acceptance.message or 'its timing runs once'}")
    schedule = given.request.spec.timing.schedule
    first = max(start, schedule.start_time or start) if schedule is not None else start
    last = min(end, present)
    recurrence = acceptance.recurrence.reaching_back(first)
    after = recurrence.before(first) or recurrence.floor
    return recurrence.between(after, last, limit=_MAX_LISTED), recurrence.count(after, last)
