"""Instants of tests, in UTC. Neighbour: `workloads.py` has instants in seconds after its own beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_DAY: Final = "2027-03-01"
"""A Monday without a change of clocks in any zone of the tests."""


def at(text: str) -> datetime:
    """Instant from `HH:MM` or `HH:MM:SS` on 1 March 2027, or from an ISO date with or without a time.

    A fraction of a second may follow.
    """
    return datetime.fromisoformat(text if "-" in text else f"{_DAY}T{text}").replace(tzinfo=UTC)
