"""Engines: which controller creates the Jobs of a schedule."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """The controller that creates the Jobs of a schedule."""

    AUTO = "Auto"
    CRON_JOB = "CronJob"
    OPERATOR = "Operator"
