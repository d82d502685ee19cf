"""Feed of one page: the feeds of the four kinds in one queue, and the reason for its end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from process_operator.cluster.errors import ApiError
from process_operator.monitor.feed.event_stream import SlowReaderError
from process_operator.monitor.feed.kind_feed import KindFeed
from process_operator.monitor.feed.selection import selections
from process_operator.monitor.limits import STREAM_SECONDS

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.monitor.feed.event_stream import EventStream
    from process_operator.resources.types import Object

_QUEUE_EVENTS: Final = 8
_KEEP_OPEN_SECONDS: Final = 10.0
_SLEEP_SECONDS: Final = 20.0
"""Difference between the clocks after which the machine must have slept, and with it all connections."""


class PageFeed:
    """The feed of one page. `closing` is set when the server stops."""

    def __init__(self, api: Api, namespace: str | None, closing: asyncio.Event) -> None:
        self._closing = closing
        self._queue: asyncio.Queue[Object] = asyncio.Queue(_QUEUE_EVENTS)
        self._feeds = [KindFeed(api, selection, namespace, self._queue.put) for selection in selections()]

    async def send_to(self, stream: EventStream) -> None:
        """Send events until the stream has to end, and then the reason. Raises ConnectionError if the page has gone."""
        tasks = [asyncio.create_task(self._run(feed)) for feed in self._feeds]
        tasks.append(asyncio.create_task(self._close()))
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                await self._copy(stream)
        except TimeoutError:
            await stream.send(_end("Deadline"))
        except SlowReaderError:
            return
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await stream.end()

    async def _run(self, feed: KindFeed) -> None:
        try:
            await feed.run()
        except ApiError:  # 401: all other errors heal
            await self._queue.put(_end("Unauthorized"))

    async def _close(self) -> None:
        await self._closing.wait()
        await self._queue.put(_end("Shutdown"))

    async def _copy(self, stream: EventStream) -> None:
        offset = _clock_offset()
        while True:
            try:
                async with asyncio.timeout(_KEEP_OPEN_SECONDS):
                    event = await self._queue.get()
            except TimeoutError:
                await stream.keep_open()
            else:
                await stream.send(event)
                if event["type"] == "end":
                    return
            if abs(_clock_offset() - offset) > _SLEEP_SECONDS:
                await stream.send(_end("Deadline"))
                return


def _clock_offset() -> float:
    """Return the difference of the wall clock and the monotonic clock, which stops while the machine sleeps."""
    return time.time() - time.monotonic()


def _end(reason: str) -> Object:
    return {"type": "end", "reason": reason}
