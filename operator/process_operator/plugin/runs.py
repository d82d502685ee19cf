"""`kubectl process runs`: the list of executions, as the ERP's window Process Monitor has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.client.run_table import FAILED_PHASES, RunFilter, RunRow, run_rows
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.terminal import note, say, say_json, say_yaml, table
from process_operator.plugin.times import past
from process_operator.resources.process_run import RunPhase, Trigger

if TYPE_CHECKING:
    from process_operator.client.client import Client
    from process_operator.plugin.connection import Connecting
    from process_operator.plugin.forms import Form
    from process_operator.resources.types import Object

_COLUMNS: Final = ("Request", "Scheduled", "Status", "Started", "Duration", "Reason")
_WIDE: Final = (*_COLUMNS, "Process", "Trigger", "End", "Exit", "Job", "Parent")


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


def show_runs(connecting: Connecting, question: RunQuestion, *, output: Form, has_header: bool) -> None:
    """Print the runs that the user asked for, the newest first."""
    wanted = _filter(question)

    async def work(client: Client) -> tuple[list[RunRow], list[Object]]:
        rows = await run_rows(client, wanted, everywhere=question.everywhere)
        if output not in {"json", "yaml"}:
            return rows, []
        return rows, await client.runs_named([(row.namespace, row.name) for row in rows])

    rows, bodies = connecting.run(work)
    if output == "json":
        say_json({"apiVersion": "v1", "kind": "List", "items": bodies})
    elif output == "yaml":
        say_yaml({"apiVersion": "v1", "kind": "List", "items": bodies})
    elif output == "name":
        for row in rows:
            say(f"processrun.process-operator.io/{row.name}")
    elif not rows:
        note(
            "No runs found." if question.everywhere else f"No runs found in namespace {connecting.namespace_in_words}."
        )
    else:
        columns = _WIDE if output == "wide" else _COLUMNS
        header = ["NAME", *(column.upper() for column in columns)]
        space = ["NAMESPACE"] if question.everywhere else []
        table(
            [*space, *header],
            (_cells(row, columns, everywhere=question.everywhere) for row in rows),
            has_header=has_header,
        )


def _cells(row: RunRow, columns: tuple[str, ...], *, everywhere: bool) -> list[str]:
    found = [row.cells.get(column) for column in columns]
    space = [row.namespace] if everywhere else []
    return [*space, row.name, *("" if cell is None else str(cell) for cell in found)]


def _filter(question: RunQuestion) -> RunFilter:
    return RunFilter(
        request=question.request,
        process=question.process,
        phases=FAILED_PHASES if question.failed else frozenset(_known("--phase", question.phases, RunPhase)),
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
