"""Mode of the monitor: local with a kubeconfig, or in a cluster. It has the origin, the credentials and the facts."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from process_operator.monitor.person import Person


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts about the installation for the page. `namespaces` are offered to users who must not list them."""

    name: Literal["local", "cluster"]
    namespace: str
    context: str = ""
    cluster: str = ""
    namespaces: tuple[str, ...] = ()
    names_vouched: bool | None = None
    """Whether the cluster checks the names in the annotations *-by; None if only a try can show it."""


class Mode(Protocol):
    """The parts in which the two modes differ."""

    @property
    def surroundings(self) -> Surroundings:
        """The facts about this installation."""

    @property
    def hosts(self) -> frozenset[str]:
        """The values of Host that are served."""

    @property
    def origins(self) -> frozenset[str]:
        """The origins of the page."""

    @property
    def sign_in(self) -> Literal["token", "none"]:
        """Whether the page can show a form for a token."""

    def person(self, request: web.Request) -> AbstractAsyncContextManager[Person]:
        """Open the person of a request. Raises SignInError before anything is sent."""

    def person_of_token(self, token: str) -> AbstractAsyncContextManager[Person]:
        """Open the person of a pasted token. Raises RejectedError if the mode knows no sign-in."""


MODE: Final = web.AppKey("mode", Mode)
