"""`kubectl process status`: everything at a glance, or one request."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.judged import judged_requests
from process_operator.client.run_table import FAILED_PHASES, RunFilter, RunRow, run_table
from process_operator.client.states import reason_of
from process_operator.client.upcoming import Upcoming, upcoming_of
from process_operator.plugin.terminal import (
    colored,
    note,
    printable,
    say,
    say_structured,
    table,
    takes_utf8,
    wrapped,
)
from process_operator.plugin.times import now
from process_operator.resources.model import format_instant, parse_instant
from process_operator.resources.process_request_status import ActivationCause
from process_operator.resources.status_text import cut

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.plugin.forms import Form
    from process_operator.resources.types import Object

_RECENT: Final = timedelta(hours=24)
_LAST: Final = 10
_NEXT: Final = 3
_NEXT_OF_ALL: Final = 5
_LABEL_WIDTH: Final = 11
_MAX_SHOWN_REASON: Final = 256
"""Highest number of characters of a reason on the terminal. The forms json and yaml have all of it."""
_MARKS: Final = {
    "Succeeded": "✓",
    "Failed": "✗",
    "Missed": "\N{EN DASH}",
    "Skipped": "s",
    "Canceled": "c",
    "Unknown": "?",
}
_LETTERS: Final = {"Succeeded": "S", "Failed": "F", "Missed": "M", "Skipped": "s", "Canceled": "c", "Unknown": "?"}
_COLORS: Final = {"Succeeded": "green", "Failed": "red", "Missed": "yellow", "Unknown": "yellow"}
_HEALTHY: Final = {
    "Accepted": "True",
    "Ready": "True",
    "NotificationsReady": "True",
    "CalendarsReady": "True",
    "Stalled": "False",
    "Reconciling": "False",
}
_OPEN: Final = frozenset({"Pending", "Running"})


def strip(phases: list[str]) -> str:
    """Draw the last runs as one character each, the oldest first. They are letters if the terminal has no UTF-8."""
    marks = _MARKS if takes_utf8() else _LETTERS
    return "".join(colored(marks.get(phase, "."), _COLORS.get(phase, "cyan")) for phase in phases)


# ---- one request


def show_request(connecting: Connecting, name: str, *, output: Form) -> None:
    """Print one request: its timing, what comes, what was, and what is not well."""

    async def work(client: Client) -> tuple[Object, Upcoming, list[RunRow], str | None]:
        body = await client.request(name)
        ((given, unread),) = await judged_requests(client, [body])
        found = await run_table(client, RunFilter(request=name), everywhere=False)
        rows = [row for row in found.rows if not row.cells.get("Parent")]
        return body, upcoming_of(given, unread, now(), None, _NEXT), rows, await _last_log(client, rows)

    body, upcoming, rows, log_url = connecting.run(work, doing="Reading the request")
    if output.is_structured:
        say_structured(output, {**_facts(body, upcoming, rows), "lastLogUrl": log_url})
        return
    status, spec = _status(body), body["spec"]
    lines = [
        ("Request", f"{name} (namespace {body['metadata']['namespace']})"),
        ("Process", (spec.get("process") or {}).get("name", "its own Job template")),
        ("Description", spec.get("description", "")),
        ("Status", status.get("phase", "not looked at by an operator yet")),
        ("Suspended", _suspended(body)),
        ("Rescheduled", _rescheduled(status)),
        ("Schedule", upcoming.schedule or status.get("schedule", "")),
        ("Next", "\n".join(tick.local.isoformat(sep=" ", timespec="seconds") for tick in upcoming.ticks)),
        ("", upcoming.note),
        ("Parameters", ", ".join(f"{p['name']}={p.get('value', '')}" for p in spec.get("parameters") or ())),
        ("Last runs", strip([row.phase for row in reversed([r for r in rows if r.phase not in _OPEN][:_LAST])])),
        ("Last log", log_url or ""),
        ("Open runs", "\n".join(_open_run(row) for row in rows if row.phase in _OPEN)),
        ("Counts", _counts(status.get("counts") or {})),
        ("Not well", "\n".join(_bad_conditions(status))),
    ]
    width = max(len(label) for label, _ in lines) + 2
    for label, text in lines:
        # The strip has colours already, and ten characters. A URL is copied whole.
        is_whole = label in {"Last runs", "Last log"}
        parts = [part for line in text.split("\n") if line for part in _lines(line, width, is_whole=is_whole)]
        for number, line in enumerate(parts):
            say(f"{f'{label}:' if label and not number else '':<{width}}{line}")


def _lines(text: str, indent: int, *, is_whole: bool) -> list[str]:
    return [text] if is_whole else wrapped(printable(text), indent)


async def _last_log(client: Client, rows: list[RunRow]) -> str | None:
    """Return the URL of the whole log of the newest run that has ended, if it has one."""
    ended = next((row.key for row in rows if row.phase not in _OPEN), None)
    for run in await client.runs_named([ended] if ended else []):
        url: str | None = ((run.get("status") or {}).get("log") or {}).get("url")
        return printable(url) if url else None
    return None


def _status(body: Object) -> dict[str, Any]:
    """Return the status of an object; empty before the operator has looked at it."""
    return body.get("status") or {}


def _suspended(body: Object) -> str:
    if not body["spec"].get("suspend"):
        return ""
    reason, user = cut(reason_of(body) or "", _MAX_SHOWN_REASON), _suspended_by(body)
    since = _suspended_since(body)
    when = f", since {since}" if since else ""
    return f"yes{when}{f', by {user}' if user else ''}{f': {reason}' if reason else ''}"


def _suspended_since(body: Object) -> str | None:
    """Return the time (RFC 3339, UTC) since which a request is suspended, if the operator has observed it."""
    since: str | None = _status(body).get("suspendedSince") if body["spec"].get("suspend") else None
    return since


def _suspended_by(body: Object) -> str | None:
    """Return the verified name of the user who suspended a request, if the operator has looked at this suspension."""
    status = _status(body)
    if not body["spec"].get("suspend") or status.get("observedGeneration") != body["metadata"].get("generation"):
        return None
    user: str | None = status.get("suspendedBy")
    return user


def _rescheduled(status: dict[str, Any]) -> str:
    """Describe the reschedule that started the present activation, if the name of its user is verified."""
    user, activation = status.get("rescheduledBy"), status.get("activation") or {}
    is_rescheduled = activation.get("cause") == ActivationCause.RESCHEDULED
    return f"{activation.get('since')}, by {user}" if user and is_rescheduled else ""


def _open_run(row: RunRow) -> str:
    reason = row.cells.get("Reason")
    user = row.cells.get("By")
    return f"{row.name} {row.phase}{f' ({reason})' if reason else ''}{f', by {user}' if user else ''}"


def _counts(counts: dict[str, Any]) -> str:
    words = ("succeeded", "failed", "missed", "skipped", "canceled", "unknown")
    return ", ".join(f"{counts[word]} {word}" for word in words if counts.get(word))


def _bad_conditions(status: dict[str, Any]) -> list[str]:
    """Describe the conditions that a healthy request does not have."""
    return [
        f"{condition['type']} is {condition['status']} ({condition['reason']}): {condition['message']}"
        for condition in status.get("conditions") or ()
        if _HEALTHY.get(condition["type"], condition["status"]) != condition["status"]
    ]


def _facts(body: Object, upcoming: Upcoming, rows: list[RunRow]) -> dict[str, Any]:
    """The same facts as the page, for programs."""
    status, spec = _status(body), body["spec"]
    return {
        "namespace": body["metadata"]["namespace"],
        "name": body["metadata"]["name"],
        "process": (spec.get("process") or {}).get("name"),
        "description": spec.get("description"),
        "phase": status.get("phase"),
        "suspended": bool(spec.get("suspend")),
        "suspendReason": reason_of(body),
        "suspendedSince": _suspended_since(body),
        "suspendedBy": _suspended_by(body),
        "rescheduledBy": status.get("rescheduledBy"),
        "schedule": upcoming.schedule,
        "next": [format_instant(tick.due) for tick in upcoming.ticks],
        "note": upcoming.note,
        "parameters": spec.get("parameters") or [],
        "lastRuns": [{"name": row.name, "phase": row.phase} for row in rows if row.phase not in _OPEN][:_LAST],
        "openRuns": [{"name": row.name, "phase": row.phase} for row in rows if row.phase in _OPEN],
        "counts": status.get("counts") or {},
        "notWell": _bad_conditions(status),
    }


# ---- everything


def show_all(connecting: Connecting, *, everywhere: bool, output: Form) -> None:
    """Print counts by phase, what needs a person, what failed lately, and what comes next."""
    present = now()

    async def work(client: Client) -> tuple[list[Object], list[RunRow], list[Upcoming]]:
        bodies = await client.requests(everywhere=everywhere)
        found = await run_table(client, RunFilter(), everywhere=everywhere)
        judged = await judged_requests(client, _soonest(bodies, present))
        return bodies, found.rows, [upcoming_of(given, unread, present, None, 1) for given, unread in judged]

    bodies, rows, upcoming = connecting.run(work, doing="Reading requests and runs")
    phases = Counter(_status(body).get("phase") or "New" for body in bodies)
    runs = Counter(row.phase for row in rows)
    since = format_instant(present - _RECENT)
    failed = [row for row in rows if row.phase in FAILED_PHASES and row.due >= since]
    needy = [body for body in bodies if _status(body).get("phase") in {"Invalid", "Failed"} or _is_stalled(body)]
    following = sorted((one for one in upcoming if one.ticks), key=lambda one: one.ticks[0].due)[:_NEXT_OF_ALL]
    if output.is_structured:
        facts = {
            "requests": dict(phases),
            "runs": dict(runs),
            "needAttention": [_named(body) for body in needy],
            "failedSince": since,
            "failed": [{"namespace": row.namespace, "name": row.name, "phase": row.phase} for row in failed],
            "next": [
                {"namespace": one.namespace, "name": one.name, "at": format_instant(one.ticks[0].due)}
                for one in following
            ],
        }
        say_structured(output, facts)
        return
    if not bodies and not rows:
        note("No requests found.")
        return
    for label, counts in (("Requests:", phases), ("Runs:", runs)):
        for number, line in enumerate(wrapped(_in_words(counts), _LABEL_WIDTH)):
            say(f"{'' if number else label:<{_LABEL_WIDTH}}{line}")
    _section("Need a person", ["REQUEST", "STATUS", "WHY"], [_needy_row(body, everywhere=everywhere) for body in needy])
    failed_rows = [
        [_place(r.namespace, r.name, everywhere=everywhere), r.phase, str(r.cells.get("Reason") or "")] for r in failed
    ]
    _section("Failed in the last 24 h", ["RUN", "STATUS", "REASON"], failed_rows)
    next_rows = [
        [
            _place(one.namespace, one.name, everywhere=everywhere),
            one.ticks[0].local.isoformat(sep=" ", timespec="seconds"),
        ]
        for one in following
    ]
    _section("Next", ["REQUEST", "TIME"], next_rows)


def _soonest(bodies: list[Object], present: datetime) -> list[Object]:
    """Select the requests among which are those that run next, by the times that the operator recorded.

    The operator does not keep the time of schedules faster than a minute up to date, so those in the past count too.
    """
    live = [body for body in bodies if not body["spec"].get("suspend")]
    timed = [(parse_instant(text), body) for body in live if (text := _status(body).get("nextRunTime"))]
    past = [body for due, body in timed if due <= present]
    future = sorted(((due, body) for due, body in timed if due > present), key=lambda pair: pair[0])
    return [*past, *(body for _, body in future[:_NEXT_OF_ALL])]


def _section(title: str, header: list[str], rows: list[list[str]]) -> None:
    if rows:
        say(f"\n{colored(title, 'bold')}")
        table(header, rows, fits=True)


def _in_words(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {phase}" for phase, count in sorted(counts.items())) or "none"


def _place(namespace: str, name: str, *, everywhere: bool) -> str:
    return f"{namespace}/{name}" if everywhere else name


def _named(body: Object) -> dict[str, Any]:
    return {"namespace": body["metadata"]["namespace"], "name": body["metadata"]["name"]}


def _needy_row(body: Object, *, everywhere: bool) -> list[str]:
    metadata, bad = body["metadata"], _bad_conditions(_status(body))
    why = bad[0].partition(": ")[2] if bad else ""
    return [
        _place(metadata["namespace"], metadata["name"], everywhere=everywhere),
        _status(body).get("phase", ""),
        why,
    ]


def _is_stalled(body: Object) -> bool:
    conditions = _status(body).get("conditions") or ()
    return any(c["type"] == "Stalled" and c["status"] == "True" for c in conditions)
