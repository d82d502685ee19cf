"""The annotation `process-operator.io/kill`, with which the operator notes on a Job why it ended it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class KillReason(StrEnum):
    """Why the operator ended a Job: the first word of the annotation `process-operator.io/kill`."""

    CANCELED = "Canceled"
    REPLACED = "Replaced"
    SUSPENDED = "Suspended"
    MISSED = "Missed"
    NOT_STARTED = "NotStarted"


@dataclass(frozen=True, slots=True)
class Kill:
    """Why the operator ended a Job, as its annotation says: `Canceled`, `Replaced <run>`, `Suspended`, `Missed`,
    `NotStarted`."""

    reason: KillReason
    detail: str = ""
    """What follows the reason: the run that took the place, or who or what asked."""

    def __str__(self) -> str:
        return f"{self.reason} {self.detail}".rstrip()

    @classmethod
    def parse(cls, value: str | None) -> Kill | None:
        """Read the annotation's value; None where there is none or its first word is none of ours."""
        word, _, detail = (value or "").partition(" ")
        return cls(KillReason(word), detail.strip()) if word in frozenset(KillReason) else None
