"""Rows of the page: what it shows of an object in a list. `web/src/api/rows.ts` has their types.

Runs are rows of the API server's Table, because a run as an object has its log. The other kinds are objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from process_operator.resources.names import (
    ANNOTATION_REQUESTED_BY,
    ANNOTATION_SUSPEND_REASON,
    ANNOTATION_SUSPENDED_BY,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from process_operator.resources.types import Object

_TIMINGS: Final = {"schedule": "Schedule", "runLater": "Later", "runImmediately": "Immediately"}
_CONDITIONS: Final = ("Accepted", "Ready")


def key_of(metadata: Object) -> Object:
    """Return namespace and name."""
    return {"namespace": metadata["namespace"], "name": metadata["name"]}


def run_row(cells: Mapping[str, Any], metadata: Object) -> Object:
    """Make the row of a run from the cells of its row of the Table, by column."""
    return {
        **_heading(metadata),
        "request": cells.get("Request") or "",
        "process": cells.get("Process"),
        "trigger": cells.get("Trigger"),
        "phase": cells.get("Status") or "Pending",
        "reason": cells.get("Reason"),
        "scheduled": cells.get("Scheduled"),
        "started": cells.get("Started"),
        "ended": cells.get("End"),
        "exitCode": cells.get("Exit"),
        "job": cells.get("Job"),
        "parent": cells.get("Parent"),
        "by": cells.get("By") or _annotation(metadata, ANNOTATION_REQUESTED_BY),
    }


def request_row(body: Object) -> Object:
    """Make the row of a request."""
    spec, status, metadata = body["spec"], body.get("status") or {}, body["metadata"]
    timing: Object = spec.get("timing") or {}
    last = status.get("lastRun")
    reason, message = _bad_condition(status)
    return {
        **_heading(metadata),
        "description": spec.get("description"),
        "process": (spec.get("process") or {}).get("name"),
        "schedule": status.get("schedule"),
        "timeZone": (timing.get("schedule") or {}).get("timeZone"),
        "timing": next((word for field, word in _TIMINGS.items() if field in timing), "Immediately"),
        "phase": status.get("phase"),
        **_suspension(spec, status, metadata),
        "next": status.get("nextRunTime"),
        "lastRunTime": status.get("lastRunTime"),
        "lastRun": {"name": last["name"], "phase": last["phase"]} if last else None,
        "active": status.get("activeCount") or 0,
        "waiting": status.get("waitingCount") or 0,
        "engine": status.get("engine"),
        "reason": reason,
        "message": message,
    }


def _suspension(spec: Object, status: Object, metadata: Object) -> Object:
    """Return the start, the user and the reason of a suspension. The status has the name that the operator verified."""
    if not spec.get("suspend"):
        return {"suspended": False, "suspendedSince": None, "suspendedBy": None, "suspendReason": None}
    return {
        "suspended": True,
        "suspendedSince": status.get("suspendedSince"),
        "suspendedBy": status.get("suspendedBy") or _annotation(metadata, ANNOTATION_SUSPENDED_BY),
        "suspendReason": _annotation(metadata, ANNOTATION_SUSPEND_REASON),
    }


def backfill_row(body: Object) -> Object:
    """Make the row of a backfill."""
    spec, status = body["spec"], body.get("status") or {}
    return {
        **_heading(body["metadata"]),
        "request": spec["request"]["name"],
        "phase": status.get("phase") or "Pending",
        "progress": status.get("progress"),
        "failed": (status.get("counts") or {}).get("failed") or 0,
        "active": status.get("active") or 0,
        "from": spec["from"],
        "to": spec["to"],
        "reason": status.get("reason"),
        "by": _annotation(body["metadata"], ANNOTATION_REQUESTED_BY),
    }


def process_row(body: Object) -> Object:
    """Make the row of a Process."""
    spec, status = body["spec"], body.get("status") or {}
    ready = next((one["status"] for one in status.get("conditions") or () if one["type"] == "Ready"), None)
    reason, message = _bad_condition(status)
    return {
        **_heading(body["metadata"]),
        "description": spec.get("description"),
        "ready": None if ready is None else ready == "True",
        "reason": reason,
        "message": message,
        "parameters": [
            {
                "name": one["name"],
                "description": one.get("description"),
                "required": bool(one.get("required")),
                "default": one.get("default"),
                "enum": one.get("enum"),
                "pattern": one.get("pattern"),
            }
            for one in spec.get("parameters") or ()
        ],
        "steps": [{"name": one["name"], "process": one["process"]["name"]} for one in spec.get("steps") or ()],
        "concurrencyPolicy": spec.get("concurrencyPolicy") or "Allow",
    }


def _heading(metadata: Object) -> Object:
    return {**key_of(metadata), "created": metadata["creationTimestamp"]}


def _annotation(metadata: Object, name: str) -> str | None:
    value: str | None = (metadata.get("annotations") or {}).get(name)
    return value


def _bad_condition(status: Object) -> tuple[str | None, str | None]:
    """Return reason and message of the first condition that is not well."""
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    for kind in _CONDITIONS:
        if kind in conditions and conditions[kind]["status"] == "False":
            return conditions[kind].get("reason"), conditions[kind].get("message")
    return None, None
