"""Kill annotation: `process-operator.io/kill` on a Job says why the operator ended it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class KillReason(StrEnum):
    """The first word of the annotation."""

    CANCELED = "Canceled"
    REPLACED = "Replaced"
    SUSPENDED = "Suspended"
    MISSED = "Missed"
    NOT_STARTED = "NotStarted"


@dataclass(frozen=True, slots=True)
class Kill:
    """The value of the annotation: a reason, then a detail, as in `Replaced <run>`."""

    reason: KillReason
    detail: str = ""
    """The text behind the reason: the name of the replacing run, or the cause of the end."""

    def __str__(self) -> str:
        return f"{self.reason} {self.detail}".rstrip()

    @classmethod
    def parse(cls, value: str | None) -> Kill | None:
        """Read the value of the annotation; None if it is absent or starts with another word."""
        word, _, detail = (value or "").partition(" ")
        return cls(KillReason(word), detail.strip()) if word in _REASONS else None


_REASONS: Final = frozenset(KillReason)
