"""Login at the API server: the Authorization header of each request, and a new one when it is rejected.

A service account's token is a file that changes about every hour; the token of an exec plug-in has an end of its own.
The header is set for each request, as a middleware of the HTTP session, so one session outlives all tokens. Client
certificates need no header: `connection.py` has them in the TLS context.
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

_LOGIN_INTERVAL_SECONDS: Final = 10.0
"""A server that rejects everything must not cause a run of the plug-in for each request."""


class Login:
    """The middleware. `load` reads the configuration again from its source."""

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
        """Send with the current token; after a 401 once more with a new one, if there is one."""
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
                return await self._token()  # from a recent login, perhaps for another request
            self._next_login = self._clock() + _LOGIN_INTERVAL_SECONDS
            fresh: Any = Configuration()
            # If this fails, the caller gets the 401.
            with suppress(ConfigException, OSError, KeyError, TypeError, ValueError):
                await self._load(fresh)
            if fresh.api_key:
                self._configuration.api_key = fresh.api_key
                self._configuration.refresh_api_key_hook = fresh.refresh_api_key_hook
            return await self._token()
