"""Preview command (`process-operator preview`): prints when the requests of some manifests would run, without a cluster.

This module reads the options and prints; `preview.py` has the answers. Results go to standard output and problems to
standard error, one line each. Every problem that is an error makes the exit status 2.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from process_operator.preview.manifest_files import read_manifests
from process_operator.preview.manifest_set import GivenRequest, manifest_set
from process_operator.preview.output import Named, Output, as_json, as_lines, as_table
from process_operator.preview.preview import Period, Preview, preview
from process_operator.resources.model import parse_instant, whole_second

DEFAULT_COUNT: Final = 10
_EXIT_PROBLEMS: Final = 2


@dataclass(frozen=True, slots=True)
class Question:
    """The options of the command as they were given; `start` and `end` are `--from` and `--to`."""

    sources: Sequence[str]
    start: str | None = None
    end: str | None = None
    count: int | None = None
    request: str | None = None
    output: Output = Output.LINES
    namespace: str = "default"


@dataclass(slots=True)
class _Complaints:
    """Writer of standard error, which counts the errors."""

    errors: int = field(default=0)

    def error(self, text: str) -> None:
        self.errors += 1
        self.note(text)

    def note(self, text: str) -> None:
        # One line each, whatever a manifest holds: also no escape sequence reaches the terminal.
        print("".join(char if char.isprintable() else repr(char)[1:-1] for char in text), file=sys.stderr)


def answer(question: Question, now: datetime) -> int:
    """Print the preview and return the exit status: 0, or 2 after any error."""
    complaints = _Complaints()
    period = _period(question, now, complaints)
    if period is None:
        return _EXIT_PROBLEMS
    problems: list[str] = []
    found = manifest_set(read_manifests(question.sources, problems), namespace=question.namespace)
    for problem in (*problems, *found.problems):
        complaints.error(problem)
    chosen = _chosen(found.requests, question.request)
    if not chosen and not complaints.errors:
        wanted = f"named {question.request} " if question.request else ""
        complaints.error(f"there is no ProcessRequest {wanted}in {', '.join(question.sources)}")
    previews = _previews(chosen, _display_names(found.requests), period, complaints)
    if question.output == Output.JSON:
        lines = as_json(previews)
    elif question.output == Output.TABLE:
        lines = as_table(previews)
    else:
        lines = as_lines(previews, prefixed=len(found.requests) > 1 and question.request is None)
    for line in lines:
        print(line)
    return _EXIT_PROBLEMS if complaints.errors else 0


def _period(question: Question, now: datetime, complaints: _Complaints) -> Period | None:
    given: dict[str, datetime | None] = {}
    for option, text in (("--from", question.start), ("--to", question.end)):
        try:
            given[option] = None if text is None else parse_instant(text)
        except ValueError as error:
            complaints.error(f"{option}: {error}")
    if complaints.errors:
        return None
    start, end = given["--from"] or whole_second(now), given["--to"]
    if end is not None and end < start:
        complaints.error("--to: must not be before --from")
        return None
    return Period(start, end, question.count or (DEFAULT_COUNT if end is None else None))


def _chosen(requests: Sequence[GivenRequest], wanted: str | None) -> list[GivenRequest]:
    """The requests that `--request` names, by name or by namespace and name; without it all."""
    return [given for given in requests if wanted in (None, given.name, f"{given.namespace}/{given.name}")]


def _display_names(requests: Sequence[GivenRequest]) -> dict[tuple[str, str], str]:
    """The label of each request: its name, with the namespace if two namespaces have a request of that name."""
    keys = {(given.namespace, given.name) for given in requests}
    taken = Counter(name for _, name in keys)
    return {(space, name): name if taken[name] == 1 else f"{space}/{name}" for space, name in keys}


def _previews(
    chosen: Sequence[GivenRequest], names: dict[tuple[str, str], str], period: Period, complaints: _Complaints
) -> Iterator[Named]:
    for given in chosen:
        name = names[given.namespace, given.name]
        shown = _preview(given, period)
        if shown.error is not None:
            complaints.error(f"{name}: {shown.error}")
        elif given.lacks_process and given.request is not None and given.request.spec.process is not None:
            process = given.request.spec.process.name
            complaints.note(f"{name}: spec.process.name: there is no Process {process} here, so it is not checked")
        if shown.note:
            complaints.note(f"{name}: {shown.note}")
        yield Named(name, f"{given.namespace}/{given.name}", shown)


def _preview(given: GivenRequest, period: Period) -> Preview:
    if given.request is None:
        return Preview(schedule="", error=given.error)
    return preview(given.request, given.process, period, given.calendars, given.step_processes)
