"""Idle time of the server: how long no call has been open."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware


class IdleTime:
    """Counts open calls. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._open = 0
        self._since = clock()

    @property
    def seconds(self) -> float:
        """Seconds since the last call ended; 0 while one is open."""
        return 0.0 if self._open else self._clock() - self._since

    @property
    def middleware(self) -> Middleware:
        """The middleware that counts."""

        @web.middleware
        async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._open += 1
            try:
                return await handler(request)
            finally:
                self._open -= 1
                self._since = self._clock()

        return counted
