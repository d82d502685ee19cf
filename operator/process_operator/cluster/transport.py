"""HTTP transport of one request: what is sent and received, and every failure as an ApiError.

`api.py` builds the calls on it; the session underneath, with its credentials, comes from `connection.py`. Requests
bypass the client of the `kubernetes` package, which takes a fifth of the time of a request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

import aiohttp
import orjson

from process_operator.cluster.errors import TIMEOUT, ApiError, Unreachable, error_from
from process_operator.resources.types import Object

if TYPE_CHECKING:
    from process_operator.resources.kinds import Kind

Query = dict[str, str | int | None]

OnRequest = Callable[[str, "Kind", str, float], None]
"""Called after each try: verb as RBAC names it, kind, HTTP status or `unreachable`, seconds."""

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"


class Link(Protocol):
    """The way to one API server, with the credentials of one user."""

    @property
    def server(self) -> str:
        """The URL of the API server, without a slash at the end."""

    @property
    def max_connections(self) -> int:
        """Highest number of calls at once."""

    @property
    def own_session(self) -> aiohttp.ClientSession:
        """The session that adds the credentials."""


class Transport:
    """Sends requests over one connection, never more at once than it allows.

    `timeout` is for one whole request, `connect_timeout` for TCP and TLS, both in seconds. With `is_remote` lists are
    compressed, and a redirect is an error.
    """

    def __init__(
        self,
        connection: Link,
        *,
        timeout: float,
        connect_timeout: float,
        on_request: OnRequest | None,
        is_remote: bool = False,
    ) -> None:
        self._is_remote = is_remote
        self._connection = connection
        self._server = connection.server
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._connect_timeout = connect_timeout
        self._on_request = on_request
        # Three lanes (`connection.LANES`). Logs of slow kubelets must not delay writes. Followed logs, which last as
        # long as a pod, must not delay other reads.
        self._calls = asyncio.Semaphore(connection.max_connections)
        self._reads = asyncio.Semaphore(connection.max_connections)
        self._follows = asyncio.Semaphore(connection.max_connections)

    async def call(  # noqa: PLR0913 - all parts of a request
        self,
        verb: str,
        kind: Kind,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Object | list[Object] | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Object:
        """Send a request once. Returns the JSON object of the answer, or raises the ApiError for the failure."""
        async with self._calls:
            with self._observed(verb, kind) as seen:
                response = await self._send(method, self._url(path, query), body, content_type, self._timeout, accept)
                data = await response.read()
                seen.append(response.status)
                if self._has_failed(response):
                    raise error_from(response.status, data, response.headers, http_reason=response.reason or "")
                return _decoded(data)

    @asynccontextmanager
    async def stream(
        self,
        verb: str,
        kind: Kind,
        path: str,
        *,
        query: Query,
        silence: float | None = None,
        follow: bool = False,
        accept: str = JSON,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a GET once, whose body the caller reads as a stream.

        `silence` is the number of seconds without a byte, counted from the request, that count as a timeout. An answer
        of 400 or above is raised on entry. A broken stream is raised while the caller reads it.
        """
        limits = aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout, sock_read=silence)
        async with self._follows if follow else self._reads:
            with self._observed(verb, kind) as seen:
                response = await self._send("GET", self._url(path, query), None, JSON, limits, accept)
                seen.append(response.status)
                async with response:
                    if self._has_failed(response):
                        data = await response.read()
                        raise error_from(response.status, data, response.headers, http_reason=response.reason or "")
                    yield response

    async def _send(
        self,
        method: str,
        url: str,
        body: Object | list[Object] | None,
        content_type: str,
        limits: aiohttp.ClientTimeout,
        accept: str = JSON,
    ) -> aiohttp.ClientResponse:
        data = orjson.dumps(body) if body is not None else None
        headers = {"Accept": f"{accept}, */*", "Content-Type": content_type}
        if self._is_remote:
            headers["Accept-Encoding"] = "gzip"
        return await self._connection.own_session.request(
            method, url, headers=headers, data=data, timeout=limits, allow_redirects=not self._is_remote
        )

    def _has_failed(self, response: aiohttp.ClientResponse) -> bool:
        return response.status >= (300 if self._is_remote else 400)

    def _url(self, path: str, query: Query | None) -> str:
        given = {key: value for key, value in (query or {}).items() if value is not None}
        return f"{self._server}{path}?{urlencode(given)}" if given else f"{self._server}{path}"

    @contextmanager
    def _observed(self, verb: str, kind: Kind) -> Iterator[list[int]]:
        """Call the hook with the result of one request, and map network failures to an ApiError."""
        seen: list[int] = []
        began = time.monotonic()
        try:
            yield seen
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(error) from error
        finally:
            if self._on_request is not None:
                outcome = str(seen[0]) if seen else "unreachable"
                self._on_request(verb, kind, outcome, time.monotonic() - began)


def _decoded(data: bytes) -> Object:
    try:
        answer = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Unreachable(f"the answer is not JSON: {error}", reason="BadAnswer", maybe_done=True) from error
    if not isinstance(answer, dict):
        raise Unreachable("the answer is not a JSON object", reason="BadAnswer", maybe_done=True)
    return answer


def _unreachable(error: Exception) -> ApiError:
    # Without a connection nothing was sent.
    never_sent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    reason = TIMEOUT if isinstance(error, TimeoutError) and not never_sent else type(error).__name__
    return Unreachable(str(error) or type(error).__name__, reason=reason, maybe_done=not never_sent)
