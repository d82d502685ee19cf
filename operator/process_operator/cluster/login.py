"""Who we are to the API server: the Authorization header on each request, and another one when it is refused.

A service account's token is a file that changes every hour or so; the token of an exec plug-in ends when it says.
Setting the header per request, as a middleware of the HTTP session, lets one session live through all of them. Client
certificates are no matter of headers: `connection.py` has them in the TLS context.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp.hdrs import AUTHORIZATION
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

_BETWEEN_LOGINS: Final = 10.0
"""Seconds. A server that refuses everything must not make us run a plug-in for each request."""


class Login:
    """The middleware. `load` reads the configuration anew, from wherever it came."""

    def __init__(
        self,
        configuration: Configuration,
        load: Callable[[Configuration], Awaitable[None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configuration = configuration
        self._load = load
        self._clock = clock
        self._lock = asyncio.Lock()
        self._next_login = 0.0

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send with the current token; after a 401 once more with another one, if there is another one."""
        if self._configuration.tls_server_name:
            request.server_hostname = self._configuration.tls_server_name
        token = await self._token()
        if token is None:
            return await handler(request)
        request.headers[AUTHORIZATION] = token
        response = await handler(request)
        if response.status != 401:
            return response
        renewed = await self._renewed()
        if renewed is None or renewed == token:
            return response
        response.release()
        request.headers[AUTHORIZATION] = renewed
        return await handler(request)

    async def _token(self) -> str | None:
        # For a service account this reads the file again when a minute has passed.
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        return token.strip() if token else None

    async def _renewed(self) -> str | None:
        async with self._lock:
            if self._clock() < self._next_login:
                return await self._token()  # of a login just made, perhaps for another request
            self._next_login = self._clock() + _BETWEEN_LOGINS
            fresh: Any = Configuration()
            # Where it fails the 401 goes to the caller, who says what is wrong.
            with suppress(ConfigException, OSError, KeyError, TypeError, ValueError):
                await self._load(fresh)
            if fresh.api_key:
                self._configuration.api_key = fresh.api_key
                self._configuration.refresh_api_key_hook = fresh.refresh_api_key_hook
            return await self._token()
