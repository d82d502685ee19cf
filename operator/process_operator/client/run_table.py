"""Run table: many runs, listed and watched as the API server's Table, without their logs.

A ProcessRun with its log takes some 10 KB; a row of the Table takes 0.4 KB. Ten thousand runs stay small that way
(Kubernetes API conventions, "Receiving resources as Tables").
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from process_operator.cluster.errors import Gone
from process_operator.resources.kinds import PROCESS_RUN
from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.cluster.transport import Query
    from process_operator.resources.types import NamespacedName, Object

_TABLE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_PAGE: Final = 500
_WATCH_SECONDS: Final = 1800
_CHUNK_BYTES: Final = 64 * 1024
_CHANGES: Final = frozenset({"ADDED", "MODIFIED"})
FAILED_PHASES: Final = frozenset({"Failed", "Missed", "Unknown"})
"""Phases of runs that a person has to look at."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the Table; `is_wide` columns are for `-o wide` alone."""

    name: str
    is_wide: bool


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as a row of the Table. Times are RFC 3339 in UTC, empty if there is none."""

    namespace: str
    name: str
    created: str
    cells: dict[str, Any]

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def phase(self) -> str:
        """The phase, such as Succeeded."""
        return str(self.cells.get("Status") or "Pending")

    @property
    def due(self) -> str:
        """The tick that the run stands for, or its creation if it has none."""
        return str(self.cells.get("Scheduled") or self.created)


@dataclass(frozen=True, slots=True)
class RunTable:
    """Runs with the columns that the API server gives them; a watch continues from `version`."""

    columns: tuple[Column, ...]
    rows: list[RunRow]
    version: str


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


async def run_table(client: Client, wanted: RunFilter, *, everywhere: bool) -> RunTable:
    """List runs, the newest first. A list that expires while it is read starts again, once. Raises ApiError."""
    try:
        columns, version, found = await _pages(client, wanted, everywhere=everywhere)
    except Gone:
        columns, version, found = await _pages(client, wanted, everywhere=everywhere)
    found.sort(key=lambda row: (row.due, row.namespace, row.name), reverse=True)
    return RunTable(columns, found, version)


async def watch_rows(client: Client, wanted: RunFilter, table: RunTable, *, everywhere: bool) -> AsyncIterator[RunRow]:
    """Watch for rows that are new or changed since a table was listed, until the API server ends the watch."""
    query = {**_query(wanted), "watch": "true", "resourceVersion": table.version, "timeoutSeconds": _WATCH_SECONDS}
    path = PROCESS_RUN.path(None if everywhere else client.namespace)
    names = [column.name for column in table.columns]
    async with client.api.transport.stream(
        "watch", PROCESS_RUN, path, query=query, follow=True, accept=_TABLE
    ) as response:
        rest = b""
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for event in map(orjson.loads, filter(None, lines)):
                if event["type"] == "ERROR":
                    return
                if event["type"] in _CHANGES:
                    for row in (_row(names, row) for row in event["object"].get("rows") or ()):
                        if wanted.selects(row):
                            yield row


async def _pages(
    client: Client, wanted: RunFilter, *, everywhere: bool
) -> tuple[tuple[Column, ...], str, list[RunRow]]:
    path = PROCESS_RUN.path(None if everywhere else client.namespace)
    query: Query = {**_query(wanted), "limit": _PAGE}
    columns: tuple[Column, ...] = ()
    found: list[RunRow] = []
    while True:
        page = await client.api.retries.run(
            lambda: client.api.transport.call("list", PROCESS_RUN, "GET", path, query=query, accept=_TABLE)
        )
        columns = tuple(Column(column["name"], column.get("priority", 0) > 0) for column in page["columnDefinitions"])
        names = [column.name for column in columns]
        found += filter(wanted.selects, (_row(names, row) for row in page.get("rows") or ()))
        metadata = page.get("metadata") or {}
        if not metadata.get("continue"):
            return columns, str(metadata.get("resourceVersion", "")), found
        query["continue"] = metadata["continue"]


def _query(wanted: RunFilter) -> Query:
    return {"labelSelector": wanted.selector, "fieldSelector": wanted.field_selector}


def _row(names: list[str], row: Object) -> RunRow:
    metadata = row["object"]["metadata"]
    cells = dict(zip(names, row["cells"], strict=False))
    return RunRow(metadata["namespace"], metadata["name"], metadata["creationTimestamp"], cells)
