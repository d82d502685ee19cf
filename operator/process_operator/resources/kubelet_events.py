"""Events of the kubelet about containers that it killed, and about the failed probe or hook before that.

The status of a killed container has the exit code 137 only. These Events are the only source of the cause.
`decisions/run/failure.py` derives the reason of a run from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from process_operator.resources.model import whole_second

_CONTAINER: Final = re.compile(r"spec\.(?:initContainers|containers)\{(.+)\}")
_REASONS: Final = frozenset({"Killing", "Unhealthy", "FailedPostStartHook"})


@dataclass(frozen=True, slots=True)
class KubeletEvent:
    """An Event about one container of a pod."""

    container: str
    reason: str
    """`Killing`, `Unhealthy` or `FailedPostStartHook`."""
    message: str
    at: datetime | None
    """Time of the last occurrence in UTC, by the clock of the node."""


def kubelet_events(raw: Iterable[Mapping[str, Any]]) -> tuple[KubeletEvent, ...]:
    """Read the Events that have the cause of a kill, oldest first. Other Events are dropped."""
    found = [event for body in raw if (event := _event(body)) is not None]
    return tuple(sorted(found, key=lambda event: (event.at is not None, event.at)))


def _event(body: Mapping[str, Any]) -> KubeletEvent | None:
    container = _CONTAINER.fullmatch((body.get("involvedObject") or {}).get("fieldPath") or "")
    reason = body.get("reason") or ""
    if container is None or reason not in _REASONS:
        return None
    text = body.get("lastTimestamp") or (body.get("series") or {}).get("lastObservedTime") or body.get("eventTime")
    # The kubelet reports the end of a container in whole seconds, but some Events in microseconds.
    at = whole_second(datetime.fromisoformat(text).astimezone(UTC)) if text else None
    return KubeletEvent(container[1], reason, body.get("message") or "", at)
