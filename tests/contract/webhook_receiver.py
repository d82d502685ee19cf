"""Receiver of events: a real HTTP(S) server that answers as a test sets it, and keeps the requests."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Came:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class WebhookReceiver:
    """Receiver that answers 200, unless `answers` has a status with headers, or None for no answer."""

    certificate: tuple[Path, Path] | None = None
    answers: deque[tuple[int, dict[str, str]] | None] = field(default_factory=deque)
    came: list[Came] = field(default_factory=list)

    async def __aenter__(self) -> WebhookReceiver:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._silence = asyncio.Event()
        self._server = TestServer(app, host="127.0.0.1", scheme="https" if self.certificate else "http")
        context = None
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
        await self._server.start_server(ssl=context)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._silence.set()
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("/hook?secret=1"))

    async def _handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(Came(request.path_qs, headers, await request.read()))
        answer = self.answers.popleft() if self.answers else (200, {})
        if answer is None:
            await self._silence.wait()
            answer = (200, {})
        return web.Response(status=answer[0], headers=answer[1])


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-out", str(certificate), "-keyout", str(key))
    subprocess.run(("openssl", "req", "-x509", "-days", "2", *kind, *names, *files), check=True, capture_output=True)
    return certificate, key
