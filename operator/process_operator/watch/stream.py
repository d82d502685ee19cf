"""Stream of one watch: passes its objects to the store, and shows kopf its progress as bookmarks.

kopf lists, watches, waits and starts again, and delivers the objects that users write. The objects of the cluster (runs,
Jobs, pods) arrive in thousands. A task, a copy and a call of a handler for each would cost more than all decisions about
it. The stream therefore delivers them itself, and kopf sees a bookmark in their place. The same holds for a version that
the operator has written itself, and so knows already. kopf continues from that bookmark when a watch ends. Neighbour:
`kopf_watches.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp
import orjson

from process_operator.cluster.watch_event import WatchEvent
from process_operator.resources.types import Object

_OBJECTS_PER_TURN: Final = 16
"""Objects that are passed on before other tasks get a turn in the loop."""

Take = Callable[[str, Object], bool]
"""Receives the type of an event and its object. Returns False if kopf has to deliver the event."""


class WatchStream:
    """Replaces the content of the answer to a watch. `yield_to_urgent` is awaited before objects are taken."""

    def __init__(
        self, content: aiohttp.StreamReader, take: Take, yield_to_urgent: Callable[[], Awaitable[None]]
    ) -> None:
        self._content = content
        self._take = take
        self._yield_to_urgent = yield_to_urgent

    def __getattr__(self, name: str) -> Any:
        """Delegate everything else to the content."""
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield the lines for kopf: bookmarks, errors, and what kopf has to deliver."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            for begin in range(0, len(lines), _OBJECTS_PER_TURN):
                await self._yield_to_urgent()
                for shown in self._taken(lines[begin : begin + _OBJECTS_PER_TURN]):
                    yield shown
                await asyncio.sleep(0)
        if rest:
            yield rest

    def _taken(self, lines: list[bytes]) -> list[bytes]:
        """Take objects; return the lines for kopf, in their order."""
        shown: list[bytes] = []
        version = None
        for line in filter(None, lines):
            event = WatchEvent.decode(line)
            if event.has_object and self._take(event.type, event.body):
                version = event.version
                continue
            if version is not None:
                shown.append(_bookmark(version))
                version = None
            shown.append(line + b"\n")
        return shown if version is None else [*shown, _bookmark(version)]


def _bookmark(version: str) -> bytes:
    return orjson.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version}}}) + b"\n"
