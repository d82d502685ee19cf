"""Local mode: the credentials of the user's kubeconfig, and a secret that only the user's own page knows.

Every user and every web page of a machine can reach a port of its loopback interface, so each call needs the secret. It
is not a cookie, because cookies ignore ports.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal

from process_operator.cluster.api import Api
from process_operator.cluster.retry import Retries
from process_operator.monitor.failures import RejectedError, SignInError
from process_operator.monitor.limits import CALL_SECONDS
from process_operator.monitor.mode import Surroundings
from process_operator.monitor.person import Person

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.client.opening import Opened

KEY_HEADER: Final = "X-Process-Monitor-Key"
ADDRESS: Final = "127.0.0.1"
CONNECTIONS: Final = 32
"""Calls at once, and open streams at once: four watches of each page, and logs."""
_KEY_BYTES: Final = 32
_TRIES: Final = 3


class LocalMode:
    """The mode of `kubectl process monitor`. `port` is set once the port is open."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._api = Api(opened.connection, timeout=CALL_SECONDS, retries=Retries(tries=_TRIES), is_remote=True)
        self.key = secrets.token_urlsafe(_KEY_BYTES)
        self.port = 0

    @property
    def surroundings(self) -> Surroundings:
        """The facts about this installation."""
        opened = self._opened
        return Surroundings("local", opened.namespace, context=opened.context, cluster=opened.cluster)

    @property
    def hosts(self) -> frozenset[str]:
        """The names of the loopback interface. Another name would be that of a page that rebinds its DNS name."""
        return frozenset({f"{ADDRESS}:{self.port}", f"localhost:{self.port}"})

    @property
    def origins(self) -> frozenset[str]:
        """The origins of those names."""
        return frozenset(f"http://{host}" for host in self.hosts)

    @property
    def sign_in(self) -> Literal["token", "none"]:
        """There is no sign-in: the secret comes with the address."""
        return "none"

    @property
    def address(self) -> str:
        """The address to open, with the secret behind #, which browsers do not send."""
        return f"http://{ADDRESS}:{self.port}/#key={self.key}"

    @asynccontextmanager
    async def person(self, request: web.Request) -> AsyncIterator[Person]:
        """Give the user of the kubeconfig to a page that knows the secret. Raises SignInError for any other page."""
        given = request.headers.get(KEY_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.key.encode()):
            raise SignInError("open the address that kubectl process monitor printed: it has the key", "KeyRequired")
        yield Person(self._api)

    @asynccontextmanager
    async def person_of_token(self, token: str) -> AsyncIterator[Person]:  # noqa: ARG002
        """Reject every token, because the kubeconfig has the credentials. Raises RejectedError (403)."""
        raise RejectedError(403, "SignInElsewhere", "the credentials come from the kubeconfig")
        yield
