"""Objects of a simulated cluster, as the API server would give them for the rows."""

from __future__ import annotations

from typing import Any

import yaml
from tests.monitor.simulated_rows import HOSTILE, NAMESPACE, Row

_KINDS = {
    "processruns": "ProcessRun",
    "processrequests": "ProcessRequest",
    "processbackfills": "ProcessBackfill",
    "processes": "Process",
}


def details(kind: str, row: Row) -> dict[str, Any]:
    """The answer of `GET /api/objects/...` for a row."""
    spec, status = _PARTS[kind](row)
    body = {
        "apiVersion": "process-operator.io/v1alpha1",
        "kind": _KINDS[kind],
        "metadata": {
            "name": row["name"],
            "namespace": NAMESPACE,
            "uid": f"uid-{row['name']}",
            "creationTimestamp": row["created"],
            "annotations": {"process-operator.io/requested-by": row.get("by") or "system"},
        },
        "spec": spec,
        "status": status,
    }
    event = {"type": "Warning", "reason": "BackOff", "message": f"Back-off {HOSTILE}", "count": 3}
    times = {"first": row["created"], "last": row["created"]}
    return {"object": body, "yaml": yaml.safe_dump(body, sort_keys=False), "events": [{**event, **times}]}


def _run(row: Row) -> tuple[Row, Row]:
    spec: Row = {"request": {"name": row["request"]}, "trigger": row["trigger"], "cancel": False}
    if row["scheduled"]:
        spec["scheduledTime"] = row["scheduled"]
    status = {
        "phase": row["phase"],
        "process": row["process"],
        "startTime": row["started"],
        "endTime": row["ended"],
        "job": row["job"],
        "pod": row["job"] and f"{row['job']}-x7k2p",
        "node": "node-1",
        "attempts": 1,
        "exitCode": row["exitCode"],
        "reason": row["reason"],
        "message": f"The pod ended with an error {HOSTILE}" if row["reason"] else None,
        "parameters": [{"name": "LEDGER_ID", "value": "17"}, {"name": "FORMAT", "value": "csv"}],
    }
    return spec, {name: value for name, value in status.items() if value is not None}


def _request(row: Row) -> tuple[Row, Row]:
    schedule = {"daily": {"at": "02:00"}, "timeZone": row["timeZone"]}
    spec = {
        "process": {"name": row["process"]},
        "parameters": [{"name": "LEDGER_ID", "value": "17"}],
        "timing": {"schedule": schedule} if row["timing"] == "Schedule" else {"runLater": {"after": "1h"}},
        "suspend": row["suspended"],
        "concurrencyPolicy": "Forbid",
        "history": {"successful": 3, "failed": 3, "other": 3},
    }
    condition = {"type": "Ready", "status": "True", "reason": "Accepted", "message": HOSTILE}
    status = {
        "phase": row["phase"],
        "schedule": row["schedule"],
        "engine": row["engine"],
        "conditions": [{**condition, "lastTransitionTime": row["created"]}],
    }
    return spec, status


def _backfill(row: Row) -> tuple[Row, Row]:
    spec = {"request": {"name": row["request"]}, "from": row["from"], "to": row["to"], "rerun": "Never"}
    return spec, {"phase": row["phase"], "progress": row["progress"], "counts": {"succeeded": 11, "failed": 1}}


def _process(row: Row) -> tuple[Row, Row]:
    return {"description": row["description"], "parameters": row["parameters"], "steps": row["steps"]}, {}


_PARTS = {"processruns": _run, "processrequests": _request, "processbackfills": _backfill, "processes": _process}
