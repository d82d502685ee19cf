"""Settings of the operator, from environment variables with the prefix PROCESS_OPERATOR_; frozen once read.

Nothing here talks to anything. `app.py` hands the settings to whom they concern.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from process_operator.resources.engine import Engine


class SettingsError(ValueError):
    """Environment variables that cannot be used; the message names each, with what is allowed."""


class Settings(BaseSettings):
    """What an administrator may set. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="PROCESS_OPERATOR_", frozen=True, extra="ignore")

    default_engine: Engine = Field(
        Engine.AUTO, description="Engine of schedules that name none: Auto, CronJob or Operator."
    )
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Namespaces to work in, separated by commas; empty: all of them."
    )
    lease_namespace: str = Field(
        "", description="Namespace of the Lease by which one of several operators leads; empty: this one always does."
    )
    lease_name: str = Field("process-operator", min_length=1, description="Name of that Lease.")
    lease_seconds: float = Field(10, ge=3, le=3600, description="How long a Lease lasts that is not renewed.")
    receivers_file: Path | None = Field(
        None, description="File with the receivers of notifications; unset or empty: there are none."
    )
    pod_name: str = Field("", description="Name of this pod, part of its identity as holder of the Lease.")
    pod_uid: str = Field(
        "", description="UID of this pod, where it is in the namespace of the Lease: then the Lease goes with it."
    )
    http_host: str = Field("0.0.0.0", description="Address for probes and metrics.")  # noqa: S104 - in a pod
    http_port: int | None = Field(None, ge=0, le=65535, description="Port for probes and metrics; unset: none.")
    metrics_per_request: bool = Field(
        default=False,
        description="Count ends of runs for each request too: many time series where there are many requests.",
    )
    workers: int = Field(16, ge=1, le=256, description="Requests that are worked on at the same time.")
    max_connections: int = Field(32, ge=1, le=256, description="API requests in flight at the same time.")
    resync_seconds: float = Field(300, gt=0, description="How often everything is listed again while runs are open.")
    watch_silence_seconds: float = Field(70, gt=0, description="After so long without a word a watch is begun anew.")
    status_seconds: float = Field(10, ge=0, description="Least time between two status writes of one request.")
    log_format: Literal["console", "json", "auto"] = Field(
        "auto", description="auto: console on a terminal, else json."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )

    @field_validator("receivers_file", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return value or None

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, (part.strip() for part in value.split(",")))) if isinstance(value, str) else value


def read_settings() -> Settings:
    """Read the settings from the environment. Raises SettingsError, which names each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        prefix = Settings.model_config.get("env_prefix", "")
        wrong = error.errors(include_url=False, include_context=False)
        raise SettingsError(
            "; ".join(
                f"{prefix}{'.'.join(map(str, found['loc'])).upper()}={found['input']}: "
                f"{found['msg'].removeprefix('Value error, ')}"
                for found in wrong
            )
        ) from None


class ConfigurationError(Exception):
    """There is no usable way to an API server; the message says what was looked at."""
