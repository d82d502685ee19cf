"""Monitor in cluster mode before a simulated API server, and the browser that calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from tests.contract.monitor_upstream import Upstream

from process_operator.cluster.bearer import BearerPool
from process_operator.monitor.cluster_mode import ClusterMode
from process_operator.monitor.pages import Pages
from process_operator.monitor.routes import application
from process_operator.monitor.server import serving
from process_operator.monitor.settings import MonitorSettings

PUBLIC = "https://processes.example.com"
PAGE = {"Host": "processes.example.com", "X-Process-Monitor": "1"}
CHANGE = {**PAGE, "Origin": PUBLIC, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}


@dataclass
class Browser:
    """Browser that calls the monitor with exactly the given headers, beside those of the monitor's own page."""

    session: aiohttp.ClientSession
    url: str
    upstream: Upstream

    async def get(self, path: str, token: str | None = "token-of-ann", **headers: str) -> Answer:
        return await self.call("GET", path, headers={**PAGE, **bearer(token), **headers})

    async def post(self, path: str, body: Any, token: str | None = "token-of-ann", **headers: str) -> Answer:
        return await self.call("POST", path, body, headers={**CHANGE, **bearer(token), **headers})

    async def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str]) -> Answer:
        data = orjson.dumps(body) if body is not None and not isinstance(body, bytes) else body
        async with self.session.request(
            method, f"{self.url}{path}", data=data, headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.read(), response)

    @asynccontextmanager
    async def stream(self, path: str, token: str = "token-of-ann") -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        async with self.session.get(f"{self.url}{path}", headers={**PAGE, **bearer(token)}) as response:
            assert response.status == 200, await response.text()
            yield events_of(response)


@dataclass
class Answer:
    """An answer of the monitor."""

    status: int
    body: bytes
    response: aiohttp.ClientResponse

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def reason(self) -> str:
        return str(self.json["error"]["reason"])

    @property
    def cookies(self) -> dict[str, str]:
        """The Set-Cookie headers by the names of their cookies."""
        return {line.partition("=")[0]: line for line in self.response.headers.getall("Set-Cookie", [])}


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token is not None else {}


async def events_of(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    async for line in response.content:
        if line.startswith(b"data: "):
            yield orjson.loads(line[6:])


async def until(events: AsyncIterator[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Read events to the first that has these fields."""
    async with asyncio.timeout(30):
        async for event in events:
            if all(event.get(name) == value for name, value in fields.items()):
                return event
    raise AssertionError(f"the stream ended before an event with {fields}")


NO_PAGES = Path(__file__).parent / "no-pages"
"""A folder that does not exist, so that no test depends on whether the front end has been built."""


@asynccontextmanager
async def opened(folder: Path | None = None, **settings: Any) -> AsyncIterator[Browser]:
    """A monitor, an API server and a browser."""
    async with Upstream() as upstream:
        given = MonitorSettings(public_url=PUBLIC, api_server=upstream.url, **settings)
        pool = BearerPool(given.api_server, None, user_agent="monitor")
        app = application(ClusterMode(given, pool), Pages(folder or NO_PAGES))
        async with (
            serving(app, "127.0.0.1", 0) as port,
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**21) as session,
        ):
            yield Browser(session, f"http://127.0.0.1:{port}", upstream)
        await pool.close()
