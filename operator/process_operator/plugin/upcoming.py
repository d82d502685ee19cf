"""`kubectl process next`: the coming times of live requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from process_operator.client.judged import judged_requests
from process_operator.client.upcoming import Upcoming, upcoming_of
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import Form
from process_operator.plugin.terminal import note, say, say_structured, table
from process_operator.plugin.times import future, now
from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.preview.preview import PreviewTick

_ZONES: Final = ("schedule", "local", "utc")
_COUNT: Final = 3
_COUNT_TO_END: Final = 1000


@dataclass(frozen=True, slots=True)
class UpcomingQuestion:
    """The options of the command as the user gave them."""

    request: str | None
    everywhere: bool
    selector: str | None
    end: str | None
    count: int | None
    zones: str


def show_upcoming(connecting: Connecting, question: UpcomingQuestion, *, output: Form) -> None:
    """Print the coming times, by request and time."""
    zones = _zones(question.zones)
    start, end = now(), future("--to", question.end)
    count = question.count or (_COUNT if end is None else _COUNT_TO_END)

    async def work(client: Client) -> list[Upcoming]:
        if question.request is not None:
            bodies = [await client.request(question.request)]
        else:
            bodies = await client.requests(everywhere=question.everywhere, selector=question.selector)
        found = await judged_requests(client, bodies)
        return [upcoming_of(given, unread, start, end, count) for given, unread in found]

    found = connecting.run(work, doing="Computing the coming times")
    if output.is_structured:
        say_structured(output, [_as_json(one) for one in found])
    elif output == "name":
        for one in found:
            if one.ticks:
                say(f"processrequest.process-operator.io/{one.name}")
    elif not found:
        note("No requests found.")
    else:
        space = ["NAMESPACE"] if question.everywhere else []
        wide = ["DESCRIPTION"] if output == Form.WIDE else []
        header = [*space, "REQUEST", *(f"NEXT ({zone})".upper() for zone in zones), "REMARKS", *wide]
        rows = ((one, row) for one in found for row in _rows(one, zones, everywhere=question.everywhere))
        table(header, [[*row, *([one.description] if wide else [])] for one, row in rows])
        if any(one.has_more for one in found):
            note(f"Only the next {count} of each request are shown; --count shows more.")


def _zones(text: str) -> list[str]:
    found = [part.strip().lower() for part in text.split(",") if part.strip()]
    for zone in found:
        if zone not in _ZONES:
            raise CommandError(f"--show-zone: {zone!r} is unknown; allowed: {', '.join(_ZONES)}", Exit.USAGE)
    return found or ["schedule"]


def _rows(one: Upcoming, zones: list[str], *, everywhere: bool) -> Iterator[list[str]]:
    space = [one.namespace] if everywhere else []
    for tick in one.ticks:
        remark = "; ".join(filter(None, (tick.remark, one.note)))
        yield [*space, one.name, *(_clock(tick, zone) for zone in zones), remark]
    if not one.ticks:
        yield [*space, one.name, *("-" for _ in zones), one.note or "no run in this time"]


def _clock(tick: PreviewTick, zone: str) -> str:
    if zone == "utc":
        return format_instant(tick.due)
    local = tick.local if zone == "schedule" else tick.due.astimezone()
    return local.isoformat(sep=" ", timespec="seconds")


def _as_json(one: Upcoming) -> dict[str, object]:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "description": one.description,
        "schedule": one.schedule,
        "next": [format_instant(tick.due.astimezone(UTC)) for tick in one.ticks],
        "hasMore": one.has_more,
        "note": one.note,
    }
