"""Open streams of the server: their limits, and the sign that the server stops."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from process_operator.monitor.limits import StreamLimit


@dataclass(frozen=True, slots=True)
class OpenStreams:
    """The limits of pages and logs, and `closing`."""

    pages: StreamLimit = field(default_factory=StreamLimit)
    logs: StreamLimit = field(default_factory=StreamLimit)
    closing: asyncio.Event = field(default_factory=asyncio.Event)


OPEN_STREAMS: Final = web.AppKey("open_streams", OpenStreams)
