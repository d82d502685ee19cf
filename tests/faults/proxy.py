"""Proxy to a real API server with injected faults: plain HTTP on loopback, forwarded with a kubeconfig's rights.

A fault is a rule (which requests, what happens to them, how often), or concerns all requests: `cut`, `refuse`,
`freeze`. `requests` records what the proxy received. `on_write` gets the server's answer to each write, also if the
client never does.
A client that must use the proxy gets a kubeconfig of it. Tests read the real state directly from the API server.
Neighbours: `stage.py` runs an operator behind it in the same process, `battle.py` runs one in a process of its own.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson
import yaml
from aiohttp import web
from yarl import URL

from process_operator.cluster.connection import Connection, connect

if TYPE_CHECKING:
    from pathlib import Path

_NOT_FORWARDED: Final = {"host", "connection", "accept-encoding", "transfer-encoding", "content-length"}
_NOT_RETURNED: Final = {"connection", "content-encoding", "content-length", "transfer-encoding"}
_WHOLE: Final = aiohttp.ClientTimeout(total=None)
_LARGEST_BODY: Final = 2**24


OnWrite = Callable[[str, str, int, bytes], None]
"""Method, path with query, status and body of the server's answer."""
Answered = tuple[int, dict[str, str], bytes]


def _unheard(_method: str, _path: str, _status: int, _body: bytes) -> None:
    """Ignore the server's answer."""


class Fault:
    """Fault of one request: it replaces the forwarding, or surrounds it."""


@dataclass(frozen=True)
class Answer(Fault):
    """The server rejects the request, and nothing is done. `retry_after` in seconds."""

    status: int
    reason: str = ""
    message: str = "a fault of the test"
    retry_after: int | None = None


@dataclass(frozen=True)
class HalfAnswer(Fault):
    """The server answers with an error whose body never ends."""

    status: int


@dataclass(frozen=True)
class GoneInStream(Fault):
    """A watch begins well, and its first line says that the resourceVersion is too old."""


def _nothing() -> None:
    """Do nothing: the default of a side effect."""


@dataclass(frozen=True)
class CutBefore(Fault):
    """The connection breaks, and the server never saw the request. `then` is called at that moment."""

    then: Callable[[], None] = _nothing


@dataclass(frozen=True)
class CutAfter(Fault):
    """The server does what was asked, and the connection breaks before the answer. `then` is called at that moment."""

    then: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Twice(Fault):
    """The server gets the request two times, one after the other, and the client the second answer."""


@dataclass(frozen=True)
class Late(Fault):
    """The connection breaks at once, and the server gets the request `seconds` later.

    No client waits for its answer then.
    """

    seconds: float


@dataclass(frozen=True)
class Silence(Fault):
    """No byte comes any more, also on streams that are open already, and the connection stays."""


@dataclass(frozen=True)
class Delay(Fault):
    """The proxy forwards the request after `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Request:
    """A request that the proxy received. `status` is that of the client's answer; 0: none."""

    method: str
    path: str
    query: dict[str, str]
    status: int

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in {"true", "1"}


@dataclass
class Rule:
    """Requests that a fault is for. `hits` counts those that met it."""

    fault: Fault
    methods: frozenset[str]
    path: re.Pattern[str]
    watch: bool | None
    times: int | None
    share: float
    dry_run: bool | None = None
    hits: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1), repr=False)

    def matches(self, request: web.Request) -> bool:
        """Whether the rule is about this request, regardless of its hits."""
        is_watch = request.query.get("watch") in {"true", "1"}
        about = request.method in self.methods if self.methods else True
        fits = self.watch in (None, is_watch) and self.dry_run in (None, "dryRun" in request.query)
        return about and fits and self.path.search(request.path) is not None

    def takes(self, request: web.Request) -> bool:
        """Whether this request meets the fault; it is counted then."""
        if not self.matches(request) or (self.times is not None and self.hits >= self.times):
            return False
        if self.chance.random() >= self.share:
            return False
        self.hits += 1
        return True


class Proxy:
    """Proxy on loopback that listens while it is entered with `async with`."""

    def __init__(self, kubeconfig: Path) -> None:
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self._kubeconfig = kubeconfig
        self._connection: Connection | None = None
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._port = 0
        self._open: set[int] = set()
        self._frozen: set[int] = set()
        self._changed = asyncio.Condition()
        self._under_way: set[asyncio.Task[Any]] = set()
        self.on_write: OnWrite = _unheard

    async def __aenter__(self) -> Proxy:
        self._connection = await connect(kubeconfig=str(self._kubeconfig))
        self._session, _ = self._connection.new_session(limit=0)
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        assert self._session is not None
        assert self._connection is not None
        await self.clear()
        await self.refuse()
        await self._runner.cleanup()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._session.close()
        await self._connection.close()

    # ---- who goes this way

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def write_kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig without credentials: the proxy has them."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "nobody", "user": {}}],
        }
        path.write_text(yaml.safe_dump(content))
        return path

    # ---- what goes wrong

    def add(
        self,
        fault: Fault,
        *methods: str,
        path: str = "",
        watch: bool | None = None,
        times: int | None = None,
        share: float = 1.0,
        dry_run: bool | None = None,
    ) -> Rule:
        """Let a fault happen to requests with one of these methods (none given: all).

        `path`: a regular expression that is searched for in the URL path. `watch`: True for watches only, False for all
        others. `times`: to so many requests. `share`: to this part of them, by chance that is the same in each run.
        `dry_run`: False for requests that change something. The first rule that fits a request is the one that it
        meets.
        """
        rule = Rule(fault, frozenset(methods), re.compile(path), watch, times, share, dry_run)
        self.rules.append(rule)
        return rule

    async def remove(self, rule: Rule) -> None:
        """Remove a rule."""
        self.rules.remove(rule)
        await self._tell()

    async def clear(self) -> None:
        """Remove all rules."""
        self.rules.clear()
        await self._tell()

    def cut(self) -> None:
        """Break every connection that is open now."""
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()

    def freeze(self) -> None:
        """Stop all bytes of the answers in progress; later requests are answered."""
        self._frozen |= self._open

    async def refuse(self) -> None:
        """Break every connection, and take no new one until `accept`."""
        if self._site is not None:
            site, self._site = self._site, None
            # A connection that was taken but has no transport yet would be left open when its server closes under it.
            asyncio.get_running_loop().remove_reader(self._listening.fileno())
            for _ in range(3):
                await asyncio.sleep(0)
            await site.stop()
        self.cut()

    async def accept(self) -> None:
        """Take connections (again)."""
        if self._site is None:
            assert self._runner is not None
            self._listening = socket.create_server(("127.0.0.1", self._port))
            self._port = self._listening.getsockname()[1]
            self._site = web.SockSite(self._runner, self._listening)
            await self._site.start()

    # ---- what came by

    def seen(self, *methods: str, path: str = "", watch: bool | None = None) -> list[Request]:
        """Requests that the proxy received, oldest first; the arguments are those of `add`."""
        return [
            request
            for request in self.requests
            if (not methods or request.method in methods)
            and re.search(path, request.path)
            and watch in (None, request.is_watch)
        ]

    async def wait_until(self, condition: Callable[[], object], *, seconds: float = 150) -> None:
        """Wait until something that depends on the requests is true. Raises TimeoutError."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _note(self, request: web.Request, status: int) -> None:
        self.requests.append(Request(request.method, request.path, dict(request.query), status))
        await self._tell()

    # ---- on the way

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        await self._while_silent(request)
        self._open.add(id(request))
        try:
            return await self._answer(request, body)
        finally:
            self._open.discard(id(request))
            self._frozen.discard(id(request))

    async def _answer(self, request: web.Request, body: bytes) -> web.StreamResponse:
        rule = next((rule for rule in self.rules if rule.takes(request)), None)
        fault = rule.fault if rule is not None else None
        if isinstance(fault, Answer):
            await self._note(request, fault.status)
            return _rejection(fault)
        if isinstance(fault, HalfAnswer):
            response = web.StreamResponse(status=fault.status, headers={"Content-Type": "application/json"})
            await response.prepare(request)
            await response.write(b'{"kind": "Status",')
            await self._note(request, fault.status)
            await asyncio.Event().wait()
        if isinstance(fault, GoneInStream):
            await self._note(request, 200)
            return _gone()
        if isinstance(fault, CutBefore):
            fault.then()
            await self._note(request, 0)
            return _broken(request)
        if isinstance(fault, Late):
            self._go_on(self._send_late(request, body, fault.seconds))
            await self._note(request, 0)
            return _broken(request)
        if isinstance(fault, Delay):
            await asyncio.sleep(fault.seconds)
        try:
            if request.method == "GET":
                return await self._stream(request)
            return await self._write(request, body, fault)
        except aiohttp.ClientError:
            await self._note(request, 0)
            return _broken(request)

    async def _write(self, request: web.Request, body: bytes, fault: Fault | None) -> web.StreamResponse:
        """Forward a write to its end, also if the client is gone meanwhile."""
        if isinstance(fault, Twice):
            await self._go_on(self._send(request, body))
        status, headers, answer = await self._go_on(self._send(request, body))
        if isinstance(fault, CutAfter):
            fault.then()
            await self._note(request, 0)
            return _broken(request)
        await self._note(request, status)
        return web.Response(status=status, headers=headers, body=answer)

    def _go_on(self, work: Coroutine[Any, Any, Answered]) -> asyncio.Future[Answered]:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return asyncio.shield(task)

    async def _send_late(self, request: web.Request, body: bytes, seconds: float) -> Answered:
        await asyncio.sleep(seconds)
        return await self._send(request, body)

    async def _send(self, request: web.Request, body: bytes) -> Answered:
        async with self._ask(request, body) as answer:
            content = await answer.read()
            self.on_write(request.method, request.path_qs, answer.status, content)
            return answer.status, _returned(answer), content

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        async with self._ask(request, b"") as answer:
            response = web.StreamResponse(status=answer.status, headers=_returned(answer))
            with suppress(ConnectionError):
                await response.prepare(request)
                await self._note(request, answer.status)
                async for chunk in answer.content.iter_any():
                    await self._while_silent(request)
                    await response.write(chunk)
                await response.write_eof()
            return response

    def _ask(self, request: web.Request, body: bytes) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        assert self._session is not None
        assert self._connection is not None
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _NOT_FORWARDED}
        url = URL(f"{self._connection.server}{request.raw_path}", encoded=True)
        return self._session.request(request.method, url, data=body or None, headers=headers, timeout=_WHOLE)

    async def _while_silent(self, request: web.Request) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_silent(request))

    def _is_silent(self, request: web.Request) -> bool:
        silenced = any(isinstance(rule.fault, Silence) and rule.matches(request) for rule in self.rules)
        return silenced or id(request) in self._frozen


def _returned(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {key: value for key, value in answer.headers.items() if key.lower() not in _NOT_RETURNED}


def _rejection(fault: Answer) -> web.Response:
    details = {} if fault.retry_after is None else {"retryAfterSeconds": fault.retry_after}
    status = {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "code": fault.status,
        "reason": fault.reason,
        "message": fault.message,
        "details": details,
    }
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.Response(
        status=fault.status, body=orjson.dumps(status), content_type="application/json", headers=headers
    )


def _gone() -> web.Response:
    status = {"kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old"}
    line = orjson.dumps({"type": "ERROR", "object": status}) + b"\n"
    return web.Response(body=line, content_type="application/json")


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
