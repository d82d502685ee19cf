"""Small API server for the monitor: it knows the users of two tokens, and records every request.

Objects are kept by URL path; `watches` has a queue for each watch that is open, by the path of its collection.
`next_answers` replace the next answers to a path. A second person's bytes and an API server that fails cannot be had
from a real one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

ROOT = "/apis/process-operator.io/v1alpha1"
USERS = {"token-of-ann": "ann", "token-of-bob": "bob"}
PLURALS = (
    "processes",
    "processrequests",
    "processruns",
    "processbackfills",
    "pods",
    "events",
    "namespaces",
    "configmaps",
)
COLUMNS = ("Name", "Request", "Scheduled", "Status", "Trigger", "By")


@dataclass(frozen=True)
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Upstream:
    """Server on loopback that listens while it is entered with `async with`."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    logs: dict[str, list[bytes]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    watches: dict[str, list[asyncio.Queue[Any]]] = field(default_factory=lambda: defaultdict(list))
    next_answers: dict[str, list[web.Response]] = field(default_factory=lambda: defaultdict(list))
    may: Callable[[dict[str, Any]], bool] = lambda _: True
    version: int = 100
    users: dict[str, str] = field(default_factory=lambda: dict(USERS))

    async def __aenter__(self) -> Upstream:
        self._opened = asyncio.Condition()
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(app)
        await self._server.start_server(max_field_size=65536)
        return self

    async def __aexit__(self, *_: object) -> None:
        for queue in (queue for queues in self.watches.values() for queue in queues):
            queue.put_nowait(None)
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def put(self, kind: str, plural: str, name: str, **parts: Any) -> dict[str, Any]:
        """Store an object of namespace erp."""
        metadata = {"name": name, "namespace": "erp", "uid": f"uid-{name}", "creationTimestamp": "2026-11-30T08:00:00Z"}
        body = {
            "kind": kind,
            "apiVersion": "process-operator.io/v1alpha1",
            "metadata": {**metadata, **parts.pop("metadata", {})},
            **parts,
        }
        self.objects[f"{ROOT}/namespaces/erp/{plural}/{name}"] = body
        return body

    async def watched(self, plural: str, count: int = 1) -> list[asyncio.Queue[Any]]:
        """Wait until this number of streams watch a kind of namespace erp."""
        queues = self.watches[f"{ROOT}/namespaces/erp/{plural}"]
        async with asyncio.timeout(20), self._opened:
            await self._opened.wait_for(lambda: len(queues) >= count)
        return queues

    async def unwatched(self) -> None:
        """Wait until no watch is open."""
        async with asyncio.timeout(20), self._opened:
            await self._opened.wait_for(lambda: not any(self.watches.values()))

    async def asked(self, is_enough: Callable[[], bool]) -> None:
        """Wait for a request after which something holds."""
        async with asyncio.timeout(20), self._opened:
            await self._opened.wait_for(is_enough)

    def paths(self) -> set[str]:
        return {seen.path for seen in self.seen}

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        data = await request.read()
        body = orjson.loads(data) if data else None
        self.seen.append(Seen(request.method, request.path, dict(request.query), dict(request.headers), body))
        user = self.users.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if self.next_answers[request.path]:
            return self.next_answers[request.path].pop(0)
        if user is None:
            return status(401, "Unauthorized", "Unauthorized")
        if request.path.endswith("/selfsubjectreviews"):
            return answer({"status": {"userInfo": {"username": user, "groups": ["g"]}}})
        if request.path.endswith("/selfsubjectaccessreviews"):
            assert body is not None
            return answer({"status": {"allowed": self.may(body["spec"]["resourceAttributes"])}})
        if "watch" in request.query:
            return await self._watch(request)
        if request.path in self.logs:
            return await self._log(request)
        return self._object(request, body, user)

    def _object(self, request: web.Request, body: Any, user: str) -> web.StreamResponse:
        path = request.path
        if request.method == "GET" and path in self.objects:
            body = self.objects[path]
            return answer({**body, "metadata": {**body["metadata"], "labels": {"seen-by": user}}})
        if request.method == "GET" and path.rpartition("/")[2] in PLURALS:
            return self._list(request)
        if request.method == "POST":
            return answer({**body, "metadata": {**body["metadata"], "uid": "new"}})
        if path not in self.objects:
            return status(404, "NotFound", f"{path.rpartition('/')[2]} not found")
        return answer(self.objects[path])

    def _list(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rpartition("/")[2]
        inside = [body for path, body in self.objects.items() if path.rpartition("/")[0].endswith(f"/{plural}")]
        metadata = {"resourceVersion": str(self.version)}
        if "as=Table" in request.headers["Accept"]:
            return answer({**table(inside), "metadata": metadata})
        if "fieldSelector" in request.query and plural == "processruns":
            wanted = request.query["fieldSelector"].partition("=")[2]
            inside = [body for body in inside if body["spec"]["request"]["name"] == wanted]
        return answer({"items": inside, "metadata": metadata})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        response = web.StreamResponse()
        await response.prepare(request)
        async with self._opened:
            self.watches[request.path].append(queue)
            self._opened.notify_all()
        try:
            while (event := await queue.get()) is not None:
                await response.write(orjson.dumps(event) + b"\n")
        finally:
            self.watches[request.path].remove(queue)
            async with self._opened:
                self._opened.notify_all()
        return response

    async def _log(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in self.logs[request.path]:
            await response.write(piece)
        return response


def table(bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Runs as the API server's Table."""
    rows = []
    for body in bodies:
        spec, state = body["spec"], body.get("status") or {}
        cells = [
            body["metadata"]["name"],
            spec["request"]["name"],
            spec.get("scheduledTime"),
            state.get("phase"),
            "Manual",
            None,
        ]
        rows.append({"cells": cells, "object": {"metadata": body["metadata"]}})
    return {"kind": "Table", "columnDefinitions": [{"name": name} for name in COLUMNS], "rows": rows}


def answer(body: dict[str, Any], code: int = 200) -> web.Response:
    return web.Response(status=code, body=orjson.dumps(body), content_type="application/json")


def status(code: int, reason: str, message: str, **details: Any) -> web.Response:
    """Answer of an API server that rejects a request."""
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    return answer({**body, "details": details}, code)
