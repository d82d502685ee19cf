"""`kubectl process why`: the reasons for a run, or for its absence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.client.why import reasons
from process_operator.plugin.terminal import printable, say
from process_operator.plugin.times import now, past

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting


def show_why(connecting: Connecting, request: str, at: str | None) -> None:
    """Print why the request ran, or did not run, at the instant; without one: how its newest time went."""
    instant = past("--at", at)

    async def work(client: Client) -> list[str]:
        _, sentences = await reasons(client, request, instant, now())
        return sentences

    for sentence in connecting.run(work, doing=f"Reading the runs of {request}"):
        say(printable(sentence))
