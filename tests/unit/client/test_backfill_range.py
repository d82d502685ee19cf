"""Times that `backfill` lists: those for which the operator creates runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.builders.manifests import manifest

from process_operator.client.backfill_range import ticks_of
from process_operator.preview.manifest_set import manifest_set
from process_operator.resources.kinds import PROCESS_REQUEST

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def ticks(start: str, end: str, **schedule: Any) -> tuple[list[str], int]:
    spec = {"process": {"name": "close"}, "timing": {"schedule": {"daily": {"at": "09:00"}, **schedule}}}
    body = manifest(PROCESS_REQUEST, "daily", spec, namespace="erp", creationTimestamp="2026-11-29T00:00:00Z")
    (given,) = manifest_set([body], namespace="erp").requests
    first, last = (datetime.fromisoformat(f"{text}T09:00:00Z") for text in (start, end))
    found, count = ticks_of(given, first, last, NOW)
    return [f"{tick:%m-%d}" for tick in found], count


@pytest.mark.parametrize(
    ("start", "end", "schedule", "expected"),
    [
        pytest.param("2026-11-01", "2026-11-03", {}, ["11-01", "11-02", "11-03"], id="both ends are included"),
        pytest.param(
            "2026-11-01", "2026-11-03", {"startTime": "2026-11-02T09:00:00Z"}, ["11-02", "11-03"], id="startTime"
        ),
        pytest.param("2026-11-29", "2026-12-05", {}, ["11-29", "11-30"], id="the present"),
        pytest.param("2026-12-02", "2026-12-05", {}, [], id="the future"),
    ],
)
def test_range(start: str, end: str, schedule: dict[str, Any], expected: list[str]) -> None:
    assert ticks(start, end, **schedule) == (expected, len(expected))
