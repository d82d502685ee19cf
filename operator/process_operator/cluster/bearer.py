"""Bearer links: one pool of connections to an API server, and a session of its own for each caller's token.

The pool holds no credentials and no cookies, and has no client certificate. Neighbour: `connection.py` is the link of a
kubeconfig or a service account.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp.hdrs import ACCEPT_ENCODING, AUTHORIZATION, USER_AGENT

from process_operator.settings import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_READ_BUFFER_BYTES: Final = 2**21
_MAX_CONCURRENT_CALLS: Final = 8


@dataclass(frozen=True, slots=True)
class BearerLink:
    """The way to the API server for one caller, while `session` is open."""

    server: str
    max_connections: int
    session: aiohttp.ClientSession

    @property
    def own_session(self) -> aiohttp.ClientSession:
        """The session that sends the caller's token."""
        return self.session


class BearerPool:
    """Connections to one API server, whose address and trusted CA are fixed. Use it while the loop runs.

    `ca_file` is in PEM form; without it the system's CAs are trusted. Raises ConfigurationError.
    """

    def __init__(self, server: str, ca_file: Path | None, *, user_agent: str, limit: int = 1024) -> None:
        self.server = server.rstrip("/")
        self._user_agent = user_agent
        try:
            context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one of them
            raise ConfigurationError(f"cannot use the CA certificates of {ca_file}: {error}") from error
        self._connector = aiohttp.TCPConnector(limit=limit, ssl=context)

    @asynccontextmanager
    async def link(self, token: str) -> AsyncIterator[BearerLink]:
        """Give the link of a caller, whose token is in every request and in nothing else."""
        headers = {AUTHORIZATION: f"Bearer {token}", USER_AGENT: self._user_agent, ACCEPT_ENCODING: "identity"}
        async with aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            read_bufsize=_READ_BUFFER_BYTES,
            trust_env=False,
        ) as session:
            yield BearerLink(self.server, _MAX_CONCURRENT_CALLS, session)

    async def close(self) -> None:
        """Close all connections."""
        await self._connector.close()
