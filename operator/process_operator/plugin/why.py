"""`kubectl process why`: the reasons for a run, or for its absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.client.judged import judged_requests
from process_operator.client.why import Question, explain
from process_operator.plugin.terminal import printable, say
from process_operator.plugin.times import now, past
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.resources.types import Object


def show_why(connecting: Connecting, request: str, at: str | None) -> None:
    """Print why the request ran, or did not run, at the instant; without one: how its newest time went."""
    instant = past("--at", at)

    async def work(client: Client) -> list[str]:
        body = await client.request(request)
        runs = await client.runs_of(request)
        ((given, unread),) = await judged_requests(client, [body])
        sentences = list(explain(Question(given, runs, instant or _newest(runs, body), now())))
        return [*sentences, *_remarks(unread)]

    for sentence in connecting.run(work, doing=f"Reading the runs of {request}"):
        say(printable(sentence))


def _newest(runs: list[Object], body: Object) -> datetime:
    """The newest time that a run stands for; the request's creation if it has no run."""
    if not runs:
        return parse_instant(body["metadata"]["creationTimestamp"])
    spec = runs[-1]["spec"]
    return parse_instant(spec.get("scheduledTime") or runs[-1]["metadata"]["creationTimestamp"])


def _remarks(unread: str) -> Iterator[str]:
    if unread:
        yield unread[0].upper() + unread[1:] + "."
