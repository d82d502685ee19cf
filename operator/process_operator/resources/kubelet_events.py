"""What the kubelet says of containers in Events: that it killed one, and which probe or hook failed before.

A killed container shows its exit code (137) and nothing else, so this is the only place that tells why it was killed.
`decisions/run/failure.py` says what it means. Neighbour: `resources/batch/pod.py`, for what pods say themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

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
    """When it happened last, in UTC, by the clock of the node."""


def kubelet_events(raw: Iterable[Mapping[str, Any]]) -> tuple[KubeletEvent, ...]:
    """The Events among API bodies that say why a container was killed, oldest first."""
    found = [event for body in raw if (event := _event(body)) is not None]
    return tuple(sorted(found, key=lambda event: (event.at is not None, event.at)))


def _event(body: Mapping[str, Any]) -> KubeletEvent | None:
    container = _CONTAINER.fullmatch((body.get("involvedObject") or {}).get("fieldPath") or "")
    reason = body.get("reason") or ""
    if container is None or reason not in _REASONS:
        return None
    text = body.get("lastTimestamp") or (body.get("series") or {}).get("lastObservedTime") or body.get("eventTime")
    # The kubelet gives the end of a container in whole seconds, some Events in microseconds.
    at = datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0) if text else None
    return KubeletEvent(container[1], reason, body.get("message") or "", at)
