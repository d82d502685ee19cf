"""Person: the user of one request, as whom everything upstream is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from process_operator.client.client import Client

if TYPE_CHECKING:
    from process_operator.cluster.api import Api


@dataclass(frozen=True, slots=True)
class Person:
    """The API with the credentials of one person. `has_pasted_token` means that the browser keeps them in cookies."""

    api: Api
    has_pasted_token: bool = False

    def client(self, namespace: str) -> Client:
        """Give a client for a namespace."""
        return Client(self.api, namespace)


PERSON: Final = web.RequestKey("person", Person)
