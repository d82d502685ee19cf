"""`kubectl process runs`: the list of executions, as the ERP's window Process Monitor has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from process_operator.client.run_table import FAILED_PHASES, RunFilter, RunRow, RunTable, run_table, watch_rows
from process_operator.cluster.errors import Gone, ServerError, TooManyRequests, Unreachable
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import note, say, say_structured, table
from process_operator.plugin.times import past
from process_operator.plugin.waiting import POLL_SECONDS, patiently
from process_operator.resources.process_run import RunPhase, Trigger

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.plugin.forms import Form
    from process_operator.resources.types import NamespacedName, Object

_AGES: Final = frozenset({"Age", "Start"})
"""Columns that change with the clock alone."""


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """The options of the command as the user gave them."""

    request: str | None
    everywhere: bool
    selector: str | None
    fields: str | None
    since: str | None
    until: str | None
    phases: tuple[str, ...]
    failed: bool
    process: str | None
    trigger: str | None


def show_runs(
    connecting: Connecting, question: RunQuestion, *, output: Form, has_header: bool, watch: bool = False
) -> None:
    """Print the runs that the user asked for, the newest first; with `watch` each change after them."""
    wanted = _filter(question)
    if watch:
        _watch(connecting, question, wanted, output=output, has_header=has_header)

    async def work(client: Client) -> tuple[str, RunTable, list[Object]]:
        found = await run_table(client, wanted, everywhere=question.everywhere)
        if not output.is_structured:
            return client.namespace, found, []
        bodies = await client.runs_named([row.key for row in found.rows], everywhere=question.everywhere)
        return client.namespace, found, bodies

    namespace, found, bodies = connecting.run(work, doing="Listing runs")
    if output.is_structured:
        say_structured(output, {"apiVersion": "v1", "kind": "List", "items": bodies})
    elif output == "name":
        for row in found.rows:
            say(f"processrun.process-operator.io/{row.name}")
    elif not found.rows:
        note("No runs found." if question.everywhere else f"No runs found in namespace {namespace}.")
    else:
        _Printer(output=output, everywhere=question.everywhere, has_header=has_header).rows(found, found.rows)


def _watch(
    connecting: Connecting, question: RunQuestion, wanted: RunFilter, *, output: Form, has_header: bool
) -> NoReturn:
    """Print runs, the oldest first, then each change. A watch that ends starts again from a new list."""
    if output.is_structured:
        raise CommandError("--watch works with the table, -o wide and -o name", Exit.USAGE)
    printer = _Printer(output=output, everywhere=question.everywhere, has_header=has_header)
    everywhere = question.everywhere

    async def work(client: Client) -> NoReturn:
        seen: dict[NamespacedName, dict[str, Any]] = {}

        def changed(row: RunRow) -> bool:
            facts = {name: cell for name, cell in row.cells.items() if name not in _AGES}
            is_news = seen.get(row.key) != facts
            seen[row.key] = facts
            return is_news

        found = await run_table(client, wanted, everywhere=everywhere)
        while True:
            printer.rows(found, [row for row in reversed(found.rows) if changed(row)])
            try:
                async for row in watch_rows(client, wanted, found, everywhere=everywhere):
                    if changed(row):
                        printer.rows(found, [row])
            except (Gone, ServerError, TooManyRequests, Unreachable):
                pass  # a new list shows what changed meanwhile
            await asyncio.sleep(POLL_SECONDS)
            found = await patiently(lambda: run_table(client, wanted, everywhere=everywhere))

    connecting.run(work)
    raise AssertionError


class _Printer:
    """Prints rows in columns that keep their widths from one call to the next."""

    def __init__(self, *, output: Form, everywhere: bool, has_header: bool) -> None:
        self._output = output
        self._everywhere = everywhere
        self._has_header = has_header
        self._widths: list[int] = []

    def rows(self, found: RunTable, rows: list[RunRow]) -> None:
        """Print some rows of a table."""
        if self._output == "name":
            for row in rows:
                say(f"processrun.process-operator.io/{row.name}")
            return
        if not rows:
            return
        columns = [column.name for column in found.columns if self._output == "wide" or not column.is_wide]
        space = ["NAMESPACE"] if self._everywhere else []
        header = [*space, *(column.upper() for column in columns)]
        cells = (self._cells(row, columns) for row in rows)
        self._widths = table(header, cells, has_header=self._has_header, widths=self._widths)
        self._has_header = False

    def _cells(self, row: RunRow, columns: list[str]) -> list[str]:
        found = [row.cells.get(column) for column in columns]
        space = [row.namespace] if self._everywhere else []
        return [*space, *("<none>" if cell is None else str(cell) for cell in found)]


def _filter(question: RunQuestion) -> RunFilter:
    phases = frozenset(_known("--phase", question.phases, RunPhase))
    return RunFilter(
        request=question.request,
        process=question.process,
        phases=phases | FAILED_PHASES if question.failed else phases,
        trigger=_known("--trigger", (question.trigger,), Trigger)[0] if question.trigger else None,
        since=past("--since", question.since),
        until=past("--until", question.until),
        selector=question.selector,
        fields=question.fields,
    )


def _known(option: str, given: tuple[str, ...], allowed: type[RunPhase | Trigger]) -> list[str]:
    """Read words in any case. Raises CommandError with the allowed ones."""
    by_word = {str(word).lower(): str(word) for word in allowed}
    for text in given:
        if text.lower() not in by_word:
            raise CommandError(f"{option}: {text!r} is unknown; allowed: {', '.join(by_word.values())}", Exit.USAGE)
    return [by_word[text.lower()] for text in given]
