"""Stream of a watch: the objects that the operator reads, and the bookmarks that kopf sees instead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import orjson
import pytest

from process_operator.resources.types import Object
from process_operator.watch.stream import WatchStream


class Content:
    """An answer that comes in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = "as it was"

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def line(kind: str, version: int, **more: bool) -> bytes:
    return orjson.dumps({"type": kind, "object": {"metadata": {"resourceVersion": str(version)}, **more}}) + b"\n"


async def read(*pieces: bytes) -> tuple[list[str], list[tuple[str, str]]]:
    """The events that are taken, and the types and versions that kopf sees."""
    taken: list[str] = []

    def take(kind: str, raw: Object) -> bool:
        if "forKopf" in raw:
            return False
        taken.append(f"{kind} {raw['metadata']['resourceVersion']}")
        return True

    async def yield_to_urgent() -> None:
        taken.append("yields")

    stream = WatchStream(cast("aiohttp.StreamReader", Content(*pieces)), take, yield_to_urgent)
    shown = [orjson.loads(part) async for part in stream.iter_chunked(1)]
    return taken, [(event["type"], event["object"]["metadata"]["resourceVersion"]) for event in shown]


@pytest.mark.parametrize(
    ("pieces", "taken", "shown"),
    [
        pytest.param(
            [line("ADDED", 1) + line("MODIFIED", 2) + line("DELETED", 3)],
            ["yields", "ADDED 1", "MODIFIED 2", "DELETED 3"],
            [("BOOKMARK", "3")],
            id="objects are taken, and kopf learns how far it has come",
        ),
        pytest.param(
            [line("BOOKMARK", 7)], ["yields"], [("BOOKMARK", "7")], id="bookmarks of the server are passed on"
        ),
        pytest.param(
            [line("ADDED", 8) + line("ERROR", 0)],
            ["yields", "ADDED 8"],
            [("BOOKMARK", "8"), ("ERROR", "0")],
            id="events before an error are taken before kopf sees the error",
        ),
        pytest.param(
            [line("MODIFIED", 1) + line("MODIFIED", 2, forKopf=True) + line("MODIFIED", 3) + line("ADDED", 4)],
            ["yields", "MODIFIED 1", "MODIFIED 3", "ADDED 4"],
            [("BOOKMARK", "1"), ("MODIFIED", "2"), ("BOOKMARK", "4")],
            id="events for kopf come in their order, so that kopf never restarts behind them",
        ),
        pytest.param(
            [line("ADDED", 1)[:9], line("ADDED", 1)[9:] + line("ADDED", 2)[:20], line("ADDED", 2)[20:]],
            ["yields", "ADDED 1", "yields", "ADDED 2"],
            [("BOOKMARK", "1"), ("BOOKMARK", "2")],
            id="an object that comes in pieces is taken once it is whole",
        ),
    ],
)
async def test_a_stream(pieces: list[bytes], taken: list[str], shown: list[tuple[str, str]]) -> None:
    assert await read(*pieces) == (taken, shown)


async def test_many_are_taken_in_parts() -> None:
    taken, shown = await read(b"".join(line("ADDED", number) for number in range(40)))
    assert [event for event in taken if event != "yields"] == [f"ADDED {number}" for number in range(40)]
    assert shown == [("BOOKMARK", "15"), ("BOOKMARK", "31"), ("BOOKMARK", "39")]


def test_everything_else_is_that_of_the_content() -> None:
    async def yield_to_urgent() -> None: ...

    stream: Any = WatchStream(cast("aiohttp.StreamReader", Content()), lambda _, __: True, yield_to_urgent)
    assert stream.closed == "as it was"
