"""`GET /api/logs/{namespace}/{run}`: the log of a run as a stream, from its pod or from its record."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from process_operator.client.rights import who_am_i
from process_operator.monitor.feed.event_stream import EventStream
from process_operator.monitor.feed.log_feed import LogFeed
from process_operator.monitor.names import name_of, namespace_of, number_of
from process_operator.monitor.open_streams import OPEN_STREAMS
from process_operator.monitor.person import PERSON

if TYPE_CHECKING:
    from aiohttp import web

_LINES: Final = 2000
_MAX_LINES: Final = 1_000_000


async def logs(request: web.Request) -> web.StreamResponse:
    """Send the log while the page reads it. A run that cannot be read is an answer, because it is read before."""
    namespace, name = namespace_of(request.match_info), name_of(request.match_info, "run")
    tail = number_of(request.query, "tail", default=_LINES, most=_MAX_LINES)
    person, streams = request[PERSON], request.app[OPEN_STREAMS]
    client = person.client(namespace)
    user = await who_am_i(person.api)
    run = await client.run(name)
    with streams.logs.one_more(user.name):
        events = await EventStream.open(request)
        feed = LogFeed(client, run, tail=tail, follow=request.query.get("follow") == "1", closing=streams.closing)
        with suppress(ConnectionError):
            await feed.send_to(events)
        return events.response
