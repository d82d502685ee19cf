"""Limit for the silence of a watch: what counts as silence, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest

from process_operator.watch.silence_limit import SilenceLimit

_SILENCE = 0.05


class Content:
    """An answer that comes in these pieces, and then stays open without a byte, or ends."""

    def __init__(self, *pieces: bytes, ends: bool) -> None:
        self.pieces = pieces
        self.ends = ends
        self.closed = "as it was"

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if not self.ends:
            await asyncio.Event().wait()


def limited(*pieces: bytes, ends: bool) -> Any:
    return SilenceLimit(cast("aiohttp.StreamReader", Content(*pieces, ends=ends)), _SILENCE)


async def test_a_stream_that_ends_delivers_everything() -> None:
    assert [chunk async for chunk in limited(b"one", b"two", ends=True).iter_chunked(1)] == [b"one", b"two"]


async def test_a_stream_that_falls_silent_ends_with_a_timeout() -> None:
    chunks = limited(b"one", ends=False).iter_chunked(1)
    assert await anext(chunks) == b"one"
    with pytest.raises(TimeoutError):
        await anext(chunks)


async def test_the_time_of_the_receiver_is_no_silence() -> None:
    came: list[bytes] = []
    async for chunk in limited(b"one", b"two", ends=True).iter_chunked(1):
        await asyncio.sleep(4 * _SILENCE)
        came.append(chunk)
    assert came == [b"one", b"two"]


def test_everything_else_is_that_of_the_content() -> None:
    assert limited(ends=True).closed == "as it was"
