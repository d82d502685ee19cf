"""Candidate: an open run as the concurrency policy sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that exists and is not finished, as far as this table is concerned."""

    name: str
    due: datetime
    """When it asked to start (UTC): its tick, or its creation for a manual run."""
    started: bool
    """It has a Job that was let go (it may have a pod)."""
    ready: bool = True
    """It would start now if it were alone: nothing else (a quota, an invalid request) holds it."""
