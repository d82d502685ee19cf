"""Settings of the operator, from environment variables with the prefix PROCESS_OPERATOR_; frozen once read.

Nothing here talks to anything. `runtime.py` hands the settings to whom they concern.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from process_operator.resources.process_request import Engine


class Settings(BaseSettings):
    """What an administrator may set. Times are seconds."""

    model_config = SettingsConfigDict(env_prefix="PROCESS_OPERATOR_", frozen=True, extra="ignore")

    default_engine: Engine = Field(
        Engine.AUTO, description="Engine of schedules that name none: Auto, CronJob or Operator."
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
