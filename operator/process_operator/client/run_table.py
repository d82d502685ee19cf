"""Run table: many runs, listed as the API server's Table, without their logs.

A ProcessRun with its log takes some 10 KB; a row of the Table takes 0.4 KB. Ten thousand runs stay small that way
(Kubernetes API conventions, "Receiving resources as Tables").
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.resources.types import Object

_TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PAGE: Final = 500
FAILED_PHASES: Final = frozenset({"Failed", "Missed", "Unknown"})
"""Phases of runs that a person has to look at."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as a row of the Table. Times are RFC 3339 in UTC, empty if there is none."""

    namespace: str
    name: str
    created: str
    cells: dict[str, Any]

    @property
    def phase(self) -> str:
        """The phase, such as Succeeded."""
        return str(self.cells.get("Status") or "Pending")

    @property
    def due(self) -> str:
        """The tick that the run stands for, or its creation if it has none."""
        return str(self.cells.get("Scheduled") or self.created)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; an empty field selects all. `since` and `until` (UTC) limit the due time."""

    request: str | None = None
    process: str | None = None
    phases: frozenset[str] = frozenset()
    trigger: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    selector: str | None = None
    fields: str | None = None

    @property
    def field_selector(self) -> str | None:
        """The part that the API server can select."""
        parts = [self.fields] if self.fields else []
        if self.request:
            parts.append(f"spec.request.name={self.request}")
        if len(self.phases) == 1:
            parts.append(f"status.phase={next(iter(self.phases))}")
        return ",".join(parts) or None

    def selects(self, row: RunRow) -> bool:
        """Check the part that only the client can select."""
        if self.phases and row.phase not in self.phases:
            return False
        if self.process and row.cells.get("Process") != self.process:
            return False
        if self.trigger and row.cells.get("Trigger") != self.trigger:
            return False
        if self.since is None and self.until is None:
            return True
        due = parse_instant(row.due)
        return (self.since is None or due >= self.since) and (self.until is None or due <= self.until)


async def run_rows(client: Client, wanted: RunFilter, *, everywhere: bool) -> list[RunRow]:
    """List runs as rows, the newest first. Raises ApiError."""
    found = [row async for row in _rows(client, wanted, everywhere=everywhere) if wanted.selects(row)]
    return sorted(found, key=lambda row: (row.due, row.namespace, row.name), reverse=True)


async def _rows(client: Client, wanted: RunFilter, *, everywhere: bool) -> AsyncIterator[RunRow]:
    path = PROCESS_RUN.path(None if everywhere else client.namespace)
    token: str | None = None
    while True:
        query: dict[str, str | int | None] = {
            "limit": _PAGE,
            "labelSelector": wanted.selector,
            "fieldSelector": wanted.field_selector,
            "continue": token,
        }
        page = await client.api.retries.run(
            lambda query=query: client.api.transport.call("list", PROCESS_RUN, "GET", path, query=query, accept=_TABLE)  # type: ignore[misc]
        )
        names = [column["name"] for column in page["columnDefinitions"]]
        for row in page.get("rows") or ():
            yield _row(names, row)
        token = (page.get("metadata") or {}).get("continue")
        if not token:
            return


def _row(names: list[str], row: Object) -> RunRow:
    metadata = row["object"]["metadata"]
    cells = dict(zip(names, row["cells"], strict=False))
    return RunRow(metadata["namespace"], metadata["name"], metadata["creationTimestamp"], cells)
