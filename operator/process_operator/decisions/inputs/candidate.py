"""Candidate: an open run as the concurrency policy sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open run, reduced to the values that the concurrency policy reads."""

    name: str
    due: datetime
    """When it was due (UTC): its tick, or its creation for a manual run."""
    started: bool
    """Its Job has started and may have pods."""
    ready: bool = True
    """It would start now if it were alone, because nothing else (a quota, an invalid request) blocks it."""
