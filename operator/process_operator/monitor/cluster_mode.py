"""Cluster mode: each request brings the token of its person, and the monitor has no credentials of its own.

Headers with names of users, such as X-Forwarded-User, are never read: the API server knows the user of a token.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from aiohttp.hdrs import AUTHORIZATION

from process_operator.cluster.api import Api
from process_operator.cluster.retry import Retries
from process_operator.monitor.failures import RejectedError, SignInError
from process_operator.monitor.limits import CALL_SECONDS
from process_operator.monitor.mode import Surroundings
from process_operator.monitor.person import Person
from process_operator.monitor.token import checked_token, token_of_cookies, token_of_header

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.cluster.bearer import BearerPool
    from process_operator.monitor.settings import MonitorSettings

_TRIES = 3


class ClusterMode:
    """The mode of `process-operator monitor`."""

    def __init__(self, settings: MonitorSettings, pool: BearerPool) -> None:
        self._settings = settings
        self._pool = pool

    @property
    def surroundings(self) -> Surroundings:
        """The facts about this installation."""
        settings = self._settings
        return Surroundings(
            "cluster",
            settings.namespace,
            namespaces=settings.namespaces,
            names_vouched=settings.names_vouched,
        )

    @property
    def hosts(self) -> frozenset[str]:
        """The host of the public address alone."""
        return frozenset({self._settings.public_host})

    @property
    def origins(self) -> frozenset[str]:
        """The public address alone."""
        return frozenset({self._settings.public_url})

    @property
    def sign_in(self) -> Literal["token", "none"]:
        """Whether tokens can be pasted."""
        return "token" if self._settings.accepts_pasted_tokens else "none"

    @asynccontextmanager
    async def person(self, request: web.Request) -> AsyncIterator[Person]:
        """Open the person of a request: of the token that a proxy added, else of the cookies. Raises SignInError."""
        token, is_pasted = token_of_header(request.headers.get(AUTHORIZATION)), False
        if token is None and self._settings.accepts_pasted_tokens:
            token, is_pasted = token_of_cookies(request.cookies), True
        if token is None:
            raise SignInError("sign in: the request has no bearer token")
        async with self._opened(token, is_pasted=is_pasted) as person:
            yield person

    @asynccontextmanager
    async def person_of_token(self, token: str) -> AsyncIterator[Person]:
        """Open the person of a pasted token. Raises RejectedError (403), and SignInError for another form."""
        if not self._settings.accepts_pasted_tokens:
            raise RejectedError(403, "SignInElsewhere", "pasted tokens are not accepted here: sign in at your proxy")
        async with self._opened(checked_token(token), is_pasted=True) as person:
            yield person

    @asynccontextmanager
    async def _opened(self, token: str, *, is_pasted: bool) -> AsyncIterator[Person]:
        async with self._pool.link(token) as link:
            api = Api(link, timeout=CALL_SECONDS, retries=Retries(tries=_TRIES), is_remote=True)
            yield Person(api, has_pasted_token=is_pasted)
