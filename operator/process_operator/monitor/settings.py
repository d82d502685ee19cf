"""Settings of the monitor in a cluster, from environment variables with the prefix PROCESS_MONITOR_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from process_operator.settings import SettingsError

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class MonitorSettings(BaseSettings):
    """Settings for administrators."""

    model_config = SettingsConfigDict(env_prefix="PROCESS_MONITOR_", frozen=True, extra="ignore")

    public_url: str = Field(
        description="Address at which browsers reach the monitor, such as https://processes.example.com."
    )
    api_server: str = Field(
        "https://kubernetes.default.svc", description="URL of the API server, or of a proxy that checks tokens for it."
    )
    ca_file: Path | None = Field(None, description="CA certificates of that server (PEM); unset: those of the system.")
    token_sign_in: bool = Field(
        default=True, description="Accept pasted tokens, which the browser then keeps in cookies."
    )
    namespace: str = Field("default", min_length=1, description="Namespace with which the page starts.")
    namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Namespaces to offer to users who must not list them, separated by commas."
    )
    names_vouched: bool = Field(
        default=False,
        description="Whether the chart's admission policy is installed, which checks the names in the annotations *-by.",
    )
    http_host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104 - in a pod
    http_port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")

    @field_validator("ca_file", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return value or None

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        parts = urlsplit(value.rstrip("/"))
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
            raise ValueError("must be an http or https address without a path, such as https://processes.example.com")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @field_validator("api_server")
    @classmethod
    def _is_server(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise ValueError("must be an http or https address, such as https://kubernetes.default.svc")
        return value.rstrip("/")

    @property
    def public_host(self) -> str:
        """The Host header of browsers."""
        return urlsplit(self.public_url).netloc

    @property
    def accepts_pasted_tokens(self) -> bool:
        """Whether a pasted token can be kept: browsers store the cookies over TLS only, and on the local machine."""
        parts = urlsplit(self.public_url)
        return self.token_sign_in and (parts.scheme == "https" or parts.hostname in _LOOPBACK_NAMES)


def read_monitor_settings() -> MonitorSettings:
    """Read the settings from the environment. Raises SettingsError, which names each variable that is wrong."""
    try:
        return MonitorSettings()
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        raise SettingsError(
            "; ".join(
                f"PROCESS_MONITOR_{'.'.join(map(str, found['loc'])).upper()}: {found['msg'].removeprefix('Value error, ')}"
                for found in wrong
            )
        ) from None
