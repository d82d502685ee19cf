"""Rows of a simulated cluster: requests, processes and any number of runs, with hostile texts among them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

Row = dict[str, Any]

NAMESPACE: Final = "sales"
HOSTILE: Final = "<img src=x onerror=alert(1)>\u202eevil\u0007\"'"
_PHASES: Final = ("Succeeded",) * 7 + ("Failed", "Missed", "Skipped")
_REASONS: Final = {"Failed": "BackoffLimitExceeded", "Missed": "DeadlinePassed", "Skipped": "Overlap"}
REQUESTS: Final = ("nightly-report", "post-ledger", "invoices", "sync-stock", "cleanup")


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC without fractions."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def run_row(name: str, due: datetime, **fields: Any) -> Row:
    """One ended run, due and started at `due`."""
    return {
        "namespace": NAMESPACE,
        "name": name,
        "created": instant(due),
        "request": REQUESTS[0],
        "process": "report",
        "trigger": "Schedule",
        "phase": "Succeeded",
        "reason": None,
        "scheduled": instant(due),
        "started": instant(due + timedelta(seconds=2)),
        "ended": instant(due + timedelta(seconds=95)),
        "exitCode": 0,
        "job": name,
        "parent": None,
        "by": None,
        **fields,
    }


def run_rows(count: int, now: datetime) -> list[Row]:
    """Runs of the past, a minute apart, the newest first; the newest one is running."""
    found = []
    for index in range(count):
        phase = _PHASES[index * 7 % len(_PHASES)]
        due = now - timedelta(minutes=index + 1)
        has_run = phase in {"Succeeded", "Failed"}
        fields: Row = {
            "request": REQUESTS[index % len(REQUESTS)],
            "process": ("report", "ledger", None)[index % 3],
            "phase": phase,
            "reason": _REASONS.get(phase),
            "exitCode": {"Succeeded": 0, "Failed": 1}.get(phase),
        }
        if not has_run:
            fields |= {"started": None, "ended": None, "job": None}
        if index % 50 == 3:
            fields |= {"trigger": "Manual", "by": "ana@example.com", "scheduled": None}
        found.append(run_row(f"{fields['request']}-{100000 - index}", due, **fields))
    if found:
        found[0] |= {
            "phase": "Running",
            "ended": None,
            "exitCode": None,
            "reason": None,
            "started": found[0]["created"],
        }
    return found


def request_row(name: str, now: datetime, **fields: Any) -> Row:
    """One request with a daily schedule."""
    return {
        "namespace": NAMESPACE,
        "name": name,
        "created": instant(now - timedelta(days=40)),
        "description": None,
        "process": "report",
        "schedule": "daily at 02:00 Europe/Madrid",
        "timeZone": "Europe/Madrid",
        "timing": "Schedule",
        "phase": "Scheduled",
        "suspended": False,
        "suspendedSince": None,
        "suspendedBy": None,
        "suspendReason": None,
        "next": instant(now + timedelta(hours=3)),
        "lastRunTime": instant(now - timedelta(hours=21)),
        "lastRun": {"name": f"{name}-100000", "phase": "Succeeded"},
        "active": 0,
        "waiting": 0,
        "engine": "CronJob",
        "reason": None,
        "message": None,
        **fields,
    }


def request_rows(now: datetime) -> list[Row]:
    """One request of each kind that a person meets."""
    return [
        request_row("nightly-report", now, phase="Active", active=1),
        request_row("post-ledger", now, process="ledger", schedule="every 15 minutes", engine="Operator", waiting=2),
        request_row(
            "invoices",
            now,
            schedule="monthly on the last Friday at 18:30 Europe/Madrid",
            phase="Suspended",
            suspended=True,
            suspendedSince=instant(now - timedelta(days=2)),
            suspendedBy="ana@example.com",
            suspendReason="month-end closing " + HOSTILE,
            next=None,
        ),
        request_row(
            "sync-stock",
            now,
            schedule="0 */2 * * * in Etc/UTC",
            timeZone="Etc/UTC",
            phase="Invalid",
            reason="ParameterMissing",
            message="parameter WAREHOUSE is required " + HOSTILE,
            next=None,
        ),
        request_row("cleanup", now, schedule="once", timing="Later", timeZone=None, phase="Succeeded", next=None),
    ]


def process_rows(now: datetime) -> list[Row]:
    """A process with parameters, one without, and one of steps."""
    common = {"namespace": NAMESPACE, "created": instant(now - timedelta(days=90)), "ready": True, "reason": None}
    rest: Row = {**common, "message": None, "steps": [], "concurrencyPolicy": "Allow"}
    ledger = {
        "name": "LEDGER_ID",
        "description": "Ledger to post.",
        "required": True,
        "default": None,
        "enum": None,
        "pattern": "[0-9]+",
    }
    fmt = {"name": "FORMAT", "description": "Format of the report: " + HOSTILE, "required": False, "default": "pdf"}
    fmt |= {"enum": ["pdf", "csv", "xlsx"], "pattern": None}
    steps = [{"name": "extract", "process": "report"}, {"name": "post", "process": "ledger"}]
    return [
        {**rest, "name": "report", "description": "Builds the nightly report.", "parameters": [ledger, fmt]},
        {**rest, "name": "ledger", "description": None, "parameters": []},
        {
            **rest,
            "name": "month-end",
            "description": "Closes the month.",
            "parameters": [],
            "steps": steps,
            "ready": False,
            "reason": "ProcessNotFound",
            "message": "step post needs Process ledger2, which does not exist",
        },
    ]


def backfill_rows(now: datetime) -> list[Row]:
    """One backfill that runs."""
    return [
        {
            "namespace": NAMESPACE,
            "name": "nightly-report-backfill",
            "created": instant(now - timedelta(hours=1)),
            "request": "nightly-report",
            "phase": "Running",
            "progress": "12/31",
            "failed": 1,
            "active": 1,
            "from": instant(now - timedelta(days=31)),
            "to": instant(now - timedelta(days=1)),
            "reason": None,
            "by": "ana@example.com",
        }
    ]
