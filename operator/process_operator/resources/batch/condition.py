"""Conditions of Jobs and pods, as small frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sys import intern

from process_operator.resources.batch.parsing import parse_time
from process_operator.resources.types import Object


@dataclass(frozen=True, slots=True)
class WorkloadCondition:
    """A condition of a Job or pod, with the words of Kubernetes.

    Controllers append conditions and keep old ones. A failed Job may still have `Suspended=True`.
    """

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


def parse_condition(raw: Object) -> WorkloadCondition:
    """Read one condition of a Job or pod."""
    return WorkloadCondition(
        # Interned, because most Jobs end with the same texts.
        type=intern(raw.get("type") or ""),
        status=intern(raw.get("status") or ""),
        reason=intern(raw.get("reason") or ""),
        message=intern(raw.get("message") or ""),
        last_transition_time=parse_time(raw.get("lastTransitionTime")),
    )
