"""Routes of the monitor with a body for each, in one list, so that a rule can be tried on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

READS = (
    "/api/session",
    "/api/namespaces",
    "/api/access?namespace=erp",
    "/api/stream?namespace=erp",
    "/api/objects/processruns/erp/daily-1",
    "/api/ticks?namespace=erp&from=2026-11-30T00:00:00Z&to=2026-12-01T00:00:00Z",
    "/api/why?namespace=erp&request=daily",
    "/api/logs/erp/daily-1",
)
TARGETS = [{"namespace": "erp", "name": "daily"}]
PRESS = {"kind": "processrequests", "targets": TARGETS, "dryRun": False}
TIMING = {"schedule": {"daily": {"at": "02:30"}}}
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/api/preview", {"namespace": "erp", "timing": TIMING, "count": 3}),
    ("/api/actions/run", PRESS),
    ("/api/actions/cancel", {**PRESS, "kind": "processruns"}),
    ("/api/actions/schedule", PRESS),
    ("/api/actions/unschedule", {**PRESS, "reason": "stocktaking"}),
    ("/api/actions/reschedule", PRESS),
    (
        "/api/actions/backfill",
        {
            **PRESS,
            "backfill": {
                "from": "2026-11-01T00:00:00Z",
                "to": "2026-11-02T00:00:00Z",
                "maxActiveRuns": 1,
                "rerun": "Never",
            },
        },
    ),
    ("/api/actions/delete", {**PRESS, "kind": "processruns"}),
    (
        "/api/actions/create",
        {
            "namespace": "erp",
            "dryRun": False,
            "request": {"name": "new", "spec": {"process": {"name": "p"}, "timing": TIMING}},
        },
    ),
)


def routes() -> Iterator[Any]:
    for path in READS:
        yield pytest.param("GET", path, None, id=path.partition("?")[0])
    for path, body in CHANGES:
        yield pytest.param("POST", path, body, id=path)
