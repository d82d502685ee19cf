"""Times that `backfill` lists: those for which the operator creates runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

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


@dataclass(frozen=True)
class Range:
    """A range of days, and its ticks."""

    id: str
    start: str
    end: str
    expected: list[str]
    schedule: dict[str, Any] = field(default_factory=dict)


RANGES: Final = [
    Range("both ends are included", start="2026-11-01", end="2026-11-03", expected=["11-01", "11-02", "11-03"]),
    Range(
        "startTime",
        start="2026-11-01",
        end="2026-11-03",
        schedule={"startTime": "2026-11-02T09:00:00Z"},
        expected=["11-02", "11-03"],
    ),
    Range("the present", start="2026-11-29", end="2026-12-05", expected=["11-29", "11-30"]),
    Range("the future", start="2026-12-02", end="2026-12-05", expected=[]),
]


@pytest.mark.parametrize("case", RANGES, ids=lambda case: case.id)
def test_range(case: Range) -> None:
    assert ticks(case.start, case.end, **case.schedule) == (case.expected, len(case.expected))
