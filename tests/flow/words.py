"""Words that scenarios share: instants after the beginning, templates, and short texts about runs. Neighbour:
`driver.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.builders.objects import Object

from process_operator.resources.model import format_instant
from process_operator.resources.process_run import ProcessRun

BEGIN: Final = datetime(2027, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
"""Noon of the day of `builders/instants.py`, and a fraction, because no clock ever shows a whole second."""


def created(run: ProcessRun) -> datetime:
    """Instant of a run's creation."""
    assert run.metadata.creation_timestamp is not None
    return run.metadata.creation_timestamp


def shown(run: ProcessRun) -> str:
    """Phase and reason of a run, and the number of its ticks."""
    text = f"{run.status.phase}/{run.status.reason or ''}".rstrip("/")
    return text + (f" x{run.status.summary.count}" if run.status.summary is not None else "")


def template(**container: Any) -> Object:
    """A Job template with one container."""
    main = {"name": "main", "image": "busybox", "command": ["true"], **container}
    return {"spec": {"backoffLimit": 0, "template": {"spec": {"containers": [main]}}}}


def later(seconds: float) -> str:
    """An instant some seconds after the beginning, as a manifest has it."""
    return format_instant(BEGIN.replace(microsecond=0) + timedelta(seconds=seconds))
