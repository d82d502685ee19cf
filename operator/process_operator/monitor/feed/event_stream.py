"""Event stream: one response of server-sent events, compressed, each event sent at once.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

import orjson
from aiohttp import web
from aiohttp.hdrs import ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE

from process_operator.monitor.limits import WRITE_SECONDS

if TYPE_CHECKING:
    from process_operator.resources.types import Object

_GZIP: Final = 31
"""Window bits of zlib with the header of gzip."""
_LEVEL: Final = 5
_MEMORY: Final = 8


class SlowReaderError(Exception):
    """A browser that does not read."""


class EventStream:
    """The response to one request. Create it with `open`."""

    def __init__(self, request: web.Request, response: web.StreamResponse, *, compresses: bool) -> None:
        self._request = request
        self.response = response
        self._gzip = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP, _MEMORY) if compresses else None

    @classmethod
    async def open(cls, request: web.Request) -> EventStream:
        """Send the headers."""
        compresses = "gzip" in request.headers.get(ACCEPT_ENCODING, "")
        # Proxies such as nginx otherwise keep events until their buffer is full.
        headers = {
            CONTENT_TYPE: "text/event-stream; charset=utf-8",
            CACHE_CONTROL: "no-store, no-transform",
            "X-Accel-Buffering": "no",
        }
        if compresses:
            headers[CONTENT_ENCODING] = "gzip"
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        return cls(request, response, compresses=compresses)

    async def send(self, event: Object) -> None:
        """Send an event. Raises SlowReaderError, whose connection is cut, and ConnectionError if the browser has gone."""
        await self._write(b"data: " + orjson.dumps(event) + b"\n\n")

    async def keep_open(self) -> None:
        """Send a comment, which proxies count as traffic. Raises as `send`."""
        await self._write(b":\n\n")

    async def end(self) -> None:
        """End the response."""
        if self._gzip is not None:
            await self._put(self._gzip.flush(zlib.Z_FINISH))
        await self.response.write_eof()

    async def _write(self, data: bytes) -> None:
        if self._gzip is not None:
            data = self._gzip.compress(data) + self._gzip.flush(zlib.Z_SYNC_FLUSH)
        await self._put(data)

    async def _put(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self.response.write(data)
        except TimeoutError as error:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise SlowReaderError from error
