"""Receivers of notifications: where events go, and whose. The administrator's alone, because a free URL in a request
would let its author have the operator call anything.

Neighbours: `notification.py` is what a request asks for, `actions/notify/receivers_file.py` reads the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from process_operator.resources.notification import ReceiverName

ANY_NAMESPACE: Final = "*"
_MOST: Final = 64


class _FileModel(BaseModel):
    """Part of the file: camelCase there, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Receiver(_FileModel):
    """One place to which events are sent."""

    name: ReceiverName
    url: str = Field(max_length=2048)
    namespaces: tuple[str, ...] = Field(min_length=1)
    """Whose requests may name it; `*` stands for all."""
    allow_http: bool = Field(default=False, alias="allowHTTP")
    """Whether the URL may be one without TLS."""
    ca_file: Path | None = None
    """Certificates (PEM) that are trusted in place of the system's."""
    key_file: Path | None = None
    """The key that events are signed with; read again at each event, so that it can be replaced."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        # Neither error repeats the URL: a path or a query may be a secret.
        try:
            parts = urlsplit(url)
            port_is_right = parts.port != 0
        except ValueError:
            raise ValueError("must be a URL such as https://alerts.example.com/hook") from None
        if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_right:
            raise ValueError("must be a URL such as https://alerts.example.com/hook")
        if "@" in parts.netloc or parts.fragment or any(letter <= " " for letter in url):
            raise ValueError("must have no user, password, fragment or blank in it; use keyFile to prove who sends")
        return url

    @model_validator(mode="after")
    def _check_http(self) -> Receiver:
        is_http = urlsplit(self.url).scheme == "http"
        if is_http and not self.allow_http:
            raise ValueError("url must be https; http needs allowHTTP: true, and anyone on the way can read it")
        if is_http and self.ca_file is not None:
            raise ValueError("caFile has no meaning with an http url")
        return self

    def serves(self, namespace: str) -> bool:
        """Whether the requests of a namespace may name it."""
        return ANY_NAMESPACE in self.namespaces or namespace in self.namespaces


class Receivers(_FileModel):
    """The whole file."""

    receivers: tuple[Receiver, ...] = Field((), max_length=_MOST)

    @field_validator("receivers")
    @classmethod
    def _check_names(cls, receivers: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
        names = [receiver.name for receiver in receivers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two receivers have the name {twice[0]}")
        return receivers
