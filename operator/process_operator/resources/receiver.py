"""Receivers of notifications, and the namespaces that can use them.

Only the administrator configures them, because a URL in a request would make the operator call any address that the
author of the request chooses. `actions/notify/receivers_file.py` reads the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

from process_operator.resources.notification import ReceiverName

ANY_NAMESPACE: Final = "*"
_MAX_RECEIVERS: Final = 64


class _FileModel(BaseModel):
    """A part of the file, with camelCase names. An unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Receiver(_FileModel):
    """One address that receives events."""

    name: ReceiverName
    url: str = Field(max_length=2048)
    namespaces: tuple[str, ...] = Field(min_length=1)
    """Namespaces whose requests can name the receiver. `*` stands for all."""
    allow_http: bool = Field(default=False, alias="allowHTTP")
    """Whether the URL can be one without TLS."""
    ca_file: Path | None = None
    """File with trusted certificates (PEM), in place of those of the system."""
    key_file: Path | None = None
    """File with the key that signs events. It is read for each event, so that the key can be replaced."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        # No error repeats the URL, because its path or query can be a secret.
        try:
            parts = urlsplit(url)
            port_is_right = parts.port != 0
        except ValueError:
            raise ValueError("must be a URL such as https://alerts.example.com/hook") from None
        if parts.scheme not in ("https", "http") or not parts.hostname or not port_is_right:
            raise ValueError("must be a URL such as https://alerts.example.com/hook")
        if "@" in parts.netloc or parts.fragment or any(letter <= " " for letter in url):
            raise ValueError("must not contain a user, a password, a fragment or a blank; use keyFile to sign events")
        return url

    @model_validator(mode="after")
    def _check_http(self) -> Receiver:
        is_http = urlsplit(self.url).scheme == "http"
        if is_http and not self.allow_http:
            raise ValueError(
                "url must be https; http needs allowHTTP: true, and everything between can read the events"
            )
        if is_http and self.ca_file is not None:
            raise ValueError("caFile has no meaning with an http url")
        return self

    def serves(self, namespace: str) -> bool:
        """Whether the requests of a namespace can name the receiver."""
        return ANY_NAMESPACE in self.namespaces or namespace in self.namespaces


class Receivers(_FileModel):
    """The whole file."""

    receivers: tuple[Receiver, ...] = Field((), max_length=_MAX_RECEIVERS)

    @field_validator("receivers")
    @classmethod
    def _check_names(cls, receivers: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
        names = [receiver.name for receiver in receivers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two receivers have the name {twice[0]}")
        return receivers
