"""Settings of the operator, from environment variables with the prefix PROCESS_OPERATOR_; frozen once read.

This module does no I/O beyond the environment. `app.py` passes the settings to their users.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from process_operator.resources.engine import Engine
from process_operator.resources.log_url import LogUrl


class SettingsError(ValueError):
    """Environment variables that cannot be used; the message names each, with what is allowed."""


class Settings(BaseSettings):
    """Settings for administrators. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="PROCESS_OPERATOR_", frozen=True, extra="ignore")

    default_engine: Engine = Field(
        Engine.AUTO, description="Engine of schedules without one: Auto, CronJob or Operator."
    )
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Namespaces in which the operator works, separated by commas; empty: all of them."
    )
    lease_namespace: str = Field(
        "", description="Namespace of the Lease for leader election; empty: no election, and this operator leads."
    )
    lease_name: str = Field("process-operator", min_length=1, description="Name of that Lease.")
    lease_seconds: float = Field(10, ge=3, le=3600, description="Lease duration in seconds.")
    receivers_file: Path | None = Field(
        None, description="File with the receivers of notifications; unset or empty: there are none."
    )
    log_url: str = Field(
        "",
        description="Template of links to whole logs in the cluster's log store, such as "
        "https://logs.example.com/?q={namespace}/{pod}&from={start_ms}; empty: there are none.",
    )
    pod_name: str = Field("", description="Name of this pod, part of its identity as holder of the Lease.")
    pod_uid: str = Field(
        "", description="UID of this pod, if it is in the namespace of the Lease. The pod then owns the Lease."
    )
    http_host: str = Field("0.0.0.0", description="Address for probes and metrics.")  # noqa: S104 - in a pod
    http_port: int | None = Field(None, ge=0, le=65535, description="Port for probes and metrics; unset: none.")
    metrics_per_request: bool = Field(
        default=False,
        description="Also count ends of runs for each request. Many requests then mean many time series.",
    )
    verified_users: bool = Field(
        default=False,
        description="Whether the chart's admission policy vouches for the names of users in annotations. Only then do "
        "statuses report these names.",
    )
    workers: int = Field(16, ge=1, le=256, description="Requests that the operator processes at the same time.")
    max_connections: int = Field(32, ge=1, le=256, description="API requests in flight at the same time.")
    resync_seconds: float = Field(300, gt=0, description="Seconds between two full lists while runs are open.")
    watch_silence_seconds: float = Field(
        70, gt=0, description="Seconds of silence after which a watch is started again."
    )
    status_seconds: float = Field(10, ge=0, description="Minimum seconds between two status writes of one request.")
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

    @field_validator("log_url")
    @classmethod
    def _is_template(cls, value: str) -> str:
        return LogUrl.parse(value).template if value else value

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
    """There is no usable configuration of an API server; the message says which places were checked."""
