"""The stream of one watch: objects go from the wire to the store, and kopf is told how far it has come.

kopf lists, watches, waits and begins anew; for what people write it also delivers each object. What the cluster writes
(runs, Jobs, pods) comes in thousands, and a task, a copy and a call of a handler for each would cost more than all that
is decided about it. So it is taken here, and kopf sees a bookmark in its place, from which it goes on when a watch
ends. Neighbour: `kopf_watches.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp
import orjson

from process_operator.cluster.watch_event import WatchEvent
from process_operator.resources.types import Object

_AT_ONCE: Final = 16
"""Objects that are taken before others have a turn in the loop."""

Take = Callable[[str, Object], None]
"""Takes the type of an event and its object."""


class WatchStream:
    """Stands for the content of the answer to a watch. `calm` is awaited before anything is taken."""

    def __init__(self, content: aiohttp.StreamReader, take: Take, calm: Callable[[], Awaitable[None]]) -> None:
        self._content = content
        self._take = take
        self._calm = calm

    def __getattr__(self, name: str) -> Any:
        """Be the content in everything else."""
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Give what kopf has to see, in whole lines: bookmarks and errors."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            for begin in range(0, len(lines), _AT_ONCE):
                await self._calm()
                for shown in self._taken(lines[begin : begin + _AT_ONCE]):
                    yield shown
                await asyncio.sleep(0)
        if rest:
            yield rest

    def _taken(self, lines: list[bytes]) -> list[bytes]:
        """Take the objects; the lines for kopf."""
        shown: list[bytes] = []
        version = None
        for line in filter(None, lines):
            event = WatchEvent.decode(line)
            if not event.has_object:
                shown.append(line + b"\n")
                continue
            version = event.version
            self._take(event.type, event.body)
        if version is not None:
            bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": version}}}
            # First: what came besides is newer, or ends the watch.
            shown.insert(0, orjson.dumps(bookmark) + b"\n")
        return shown
