"""Rows of a company for the picture of the docs: requests and runs in all their states, without hostile texts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tests.monitor.simulated_rows import Row, instant, request_row, run_row

_RUNS: Final[tuple[tuple[str, str, int, str, str | None, int | None, Row], ...]] = (
    # request, process, minutes ago, phase, reason, seconds, other fields
    ("sync-stock", "stock", 1, "Running", None, None, {}),
    ("dunning-letters", "letters", 3, "Running", None, None, {"trigger": "Manual", "by": "ana@example.com"}),
    ("send-invoices", "letters", 4, "Pending", "Waiting", None, {}),
    ("exchange-rates", "rates", 9, "Succeeded", None, 4, {}),
    ("post-ledger", "ledger", 14, "Failed", "ExitCode", 76, {"exitCode": 3}),
    ("sync-stock", "stock", 16, "Succeeded", None, 48, {}),
    ("bank-statements", "statements", 24, "Succeeded", None, 131, {}),
    ("sync-stock", "stock", 31, "Skipped", "Overlap", None, {}),
    ("post-ledger", "ledger", 44, "Succeeded", None, 71, {}),
    ("sync-stock", "stock", 46, "Succeeded", None, 952, {}),
    ("sales-report", "report", 58, "Canceled", "Canceled", 20, {"trigger": "Manual", "by": "ben@example.com"}),
    ("sales-report", "report", 61, "Succeeded", None, 395, {"trigger": "Backfill", "by": "ben@example.com"}),
    ("exchange-rates", "rates", 69, "Failed", "StartTimeout", 600, {}),
    ("post-ledger", "ledger", 74, "Succeeded", None, 70, {}),
    ("sync-stock", "stock", 76, "Succeeded", None, 51, {}),
    ("archive-orders", "archive", 84, "Missed", "DeadlinePassed", None, {}),
    ("bank-statements", "statements", 84, "Succeeded", None, 127, {}),
    ("sync-stock", "stock", 91, "Succeeded", None, 49, {}),
    ("post-ledger", "ledger", 104, "Succeeded", None, 73, {}),
    ("sync-stock", "stock", 106, "Succeeded", None, 47, {}),
    ("exchange-rates", "rates", 129, "Succeeded", None, 5, {}),
    ("post-ledger", "ledger", 134, "Succeeded", None, 69, {}),
)


def company_rows(now: datetime) -> dict[str, list[Row]]:
    """The rows by kind, before the present minute."""
    minute = now.replace(second=0)
    requests = sorted({request for request, *_ in _RUNS})
    return {
        "processruns": [_run(minute, number) for number in range(len(_RUNS))],
        "processrequests": [request_row(name, now) for name in requests],
        "processbackfills": [],
        "processes": [],
    }


def _run(minute: datetime, number: int) -> Row:
    request, process, ago, phase, reason, seconds, fields = _RUNS[number]
    due = minute - timedelta(minutes=ago)
    started = None if phase in {"Pending", "Skipped", "Missed"} else due + timedelta(seconds=1)
    ended = None if started is None or seconds is None else started + timedelta(seconds=seconds)
    shown: Row = {
        "request": request,
        "process": process,
        "phase": phase,
        "reason": reason,
        "started": started and instant(started),
        "ended": ended and instant(ended),
        "exitCode": 0 if phase == "Succeeded" else None,
        **fields,
    }
    return run_row(f"{request}-{number}", due, **shown)
