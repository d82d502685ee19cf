"""Limit for the silence of one watch: a stream that delivers no byte for some time ends with TimeoutError.

Only the wait for the network counts. The time that the receiver spends on an object does not. Neighbour:
`kopf_watches.py`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp


class SilenceLimit:
    """Replaces the content of the answer to a watch. `seconds` is the longest wait for the next bytes."""

    def __init__(self, content: aiohttp.StreamReader, seconds: float) -> None:
        self._content = content
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        """Delegate everything else to the content."""
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive. Raises TimeoutError after a silence."""
        chunks = aiter(self._content.iter_chunked(size))
        while True:
            try:
                async with asyncio.timeout(self._seconds):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            yield chunk
