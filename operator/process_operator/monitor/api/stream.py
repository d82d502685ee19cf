"""`GET /api/stream`: rows of a namespace, or of all, and then their changes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from process_operator.client.rights import who_am_i
from process_operator.monitor.feed.event_stream import EventStream
from process_operator.monitor.feed.page_feed import PageFeed
from process_operator.monitor.names import scope_of
from process_operator.monitor.open_streams import OPEN_STREAMS
from process_operator.monitor.person import PERSON

if TYPE_CHECKING:
    from aiohttp import web


async def stream(request: web.Request) -> web.StreamResponse:
    """Send events while the page reads them. A 401 is an answer, because the user is looked up before the stream."""
    api, streams = request[PERSON].api, request.app[OPEN_STREAMS]
    namespace = scope_of(request.query)
    user = await who_am_i(api)
    with streams.pages.one_more(user.name):
        events = await EventStream.open(request)
        with suppress(ConnectionError):
            await PageFeed(api, namespace, streams.closing).send_to(events)
        return events.response
