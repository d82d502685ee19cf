"""Small API server with a store that fails on demand, as a real one seldom does.

Objects are kept by URL path, so a test sees the effect of a call that got no answer. Each fault replaces one answer, in
the order of `faults`. While `gate` is cleared the server answers nothing; `most_at_once` is the largest number of
unanswered requests so far. `answers` are fixed ones by URL path, and `logs` those of pods; `gates` hold single paths
back. While a log is followed, its queue in `live` has the further output of the container: an empty piece is its end,
and None that of the connection.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TOKEN = "first-token"


class Cut(Enum):
    """Ways to lose a connection."""

    BEFORE_THE_WRITE = "the server never did it"
    AFTER_THE_WRITE = "the server did it, the answer was lost"
    IN_THE_ANSWER = "the server did it, half of the answer came"
    SILENCE = "the server does not answer"


@dataclass(frozen=True)
class Answer:
    """A response to any request. `body` is JSON, or raw bytes."""

    status: int
    body: dict[str, Any] | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


def status(code: int, reason: str, message: str, **details: object) -> Answer:
    """Answer of an API server that rejects a request."""
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return Answer(code, {**body, "details": details})


class FaultServer:
    """Server on loopback that listens while it is entered with `async with`."""

    def __init__(self) -> None:
        self.faults: deque[Answer | Cut] = deque()
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self._at_once = 0
        self.objects: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, Answer] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.logs: dict[str, bytes] = {}
        self.live: dict[str, asyncio.Queue[bytes | None]] = {}
        self.tokens: set[str] = {TOKEN}
        self._arrival = asyncio.Condition()
        self.gate = asyncio.Event()
        self.gate.set()
        self._closing = asyncio.Event()
        app = web.Application(client_max_size=2**22)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)

    async def arrived(self, requests: int) -> None:
        """Wait until this number of requests have arrived since the beginning."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.seen) >= requests)

    async def __aenter__(self) -> FaultServer:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        self._closing.set()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def put(self, path: str, names: Iterable[str]) -> None:
        """Fill a collection."""
        for name in names:
            metadata = {"name": name, "managedFields": [{"manager": "somebody"}]}
            self.objects[f"{path}/{name}"] = {"metadata": metadata}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._answer(request)
        finally:
            self._at_once -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        data = await request.read()
        body = orjson.loads(data) if data else None
        async with self._arrival:
            self.seen.append(Seen(request.method, request.path, dict(request.query), dict(request.headers), body))
            self._arrival.notify_all()
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            return _response(status(401, "Unauthorized", "Unauthorized"))
        await self.gate.wait()
        if (gate := self.gates.get(request.path)) is not None:
            await gate.wait()
        fault = self.faults.popleft() if self.faults else None
        if fault is None and request.path in self.answers:
            return _response(self.answers[request.path])
        if fault is None and request.path in self.logs:
            return await self._log(request)
        if isinstance(fault, Answer):
            return _response(fault)
        if fault is Cut.SILENCE or (fault is None and "watch" in request.query):
            await self._closing.wait()
        answer = Answer(503) if fault in (Cut.SILENCE, Cut.BEFORE_THE_WRITE) else self._truth(request, body)
        if fault is None:
            return _response(answer)
        if fault is Cut.IN_THE_ANSWER:
            half = web.StreamResponse(headers={"Content-Length": str(len(answer.encoded()))})
            await half.prepare(request)
            await half.write(answer.encoded()[:-1])
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    def _truth(self, request: web.Request, body: dict[str, Any] | None) -> Answer:
        path, body = request.path, body or {}
        if request.method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                return status(409, "AlreadyExists", "already exists")
            if "dryRun" not in request.query:
                self.objects[path] = body
            return Answer(201, body)
        if "limit" in request.query:
            return self._page(path, request.query)
        if path not in self.objects:
            return status(404, "NotFound", "not found")
        if request.method == "DELETE":
            return Answer(200, self.objects.pop(path))
        if request.method == "PATCH":
            self.objects[path] = {**self.objects[path], **body}
        return Answer(200, self.objects[path])

    async def _log(self, request: web.Request) -> web.StreamResponse:
        lines = int(request.query["tailLines"])
        window = b"".join(_records(self.logs[request.path])[-lines:])
        if "follow" not in request.query:
            return web.Response(body=window)
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(window)
        while piece := await self.live[request.path].get():
            await response.write(piece)
        if piece is None:
            assert request.transport is not None
            request.transport.close()
        return response

    def _page(self, path: str, query: Mapping[str, str]) -> Answer:
        names = sorted(key for key in self.objects if key.startswith(path + "/"))
        begin = int(query.get("continue", "0"))
        end = begin + int(query["limit"])
        metadata = {"resourceVersion": "7", "continue": str(end) if end < len(names) else ""}
        return Answer(200, {"metadata": metadata, "items": [self.objects[name] for name in names[begin:end]]})


def _records(log: bytes) -> list[bytes]:
    """Records as `tailLines` counts them: lines, the long ones in pieces of 16 KiB."""
    size = 16 * 1024
    return [line[at : at + size] for line in log.splitlines(keepends=True) for at in range(0, len(line), size)]


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.encoded(), headers=answer.headers)
