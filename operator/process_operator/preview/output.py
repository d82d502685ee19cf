"""Output of a preview: as lines for programs and people, as a table for people, as JSON.

Neighbours: `preview.py` computes the preview, `command.py` prints it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from process_operator.preview.preview import Preview, PreviewTick
from process_operator.resources.model import format_instant

_HEADER: Final = ("REQUEST", "LOCAL TIME", "OFFSET", "ENGINE", "REMARKS")
_NONE: Final = "-"


class Output(StrEnum):
    """The forms of `--output`."""

    LINES = "lines"
    TABLE = "table"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Named:
    """A preview, with the name that people know the request by and its full name (`namespace/name`)."""

    name: str
    full_name: str
    preview: Preview


def as_lines(previews: Iterable[Named], *, prefixed: bool) -> Iterator[str]:
    """One RFC 3339 instant in UTC for each tick. With `prefixed` it follows the name and a tab."""
    for named in previews:
        prefix = f"{named.name}\t" if prefixed else ""
        for tick in named.preview.ticks:
            yield prefix + format_instant(tick.due)


def as_table(previews: Iterable[Named]) -> Iterator[str]:
    """Aligned columns, of which the remarks come last; a request without ticks has a row that says why."""
    rows = [_HEADER]
    for named in previews:
        shown = named.preview
        if shown.error is not None:
            continue
        engine = shown.engine or _NONE
        before = len(rows)
        rows += [(named.name, *_clock(tick), engine, tick.remark) for tick in shown.ticks]
        if len(rows) == before:
            rows.append((named.name, _NONE, _NONE, engine, shown.note or "no run in this time"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def as_json(previews: Iterable[Named]) -> Iterator[str]:
    """A list with an object for each request, one on each line."""
    entries = [
        {
            "request": named.full_name,
            "engine": named.preview.engine,
            "schedule": named.preview.schedule,
            "ticks": [format_instant(tick.due) for tick in named.preview.ticks],
            "error": named.preview.error,
        }
        for named in previews
    ]
    yield "[\n" + ",\n".join(map(_as_text, entries)) + "\n]"


def _as_text(entry: object) -> str:
    """As JSON. Half of a surrogate pair, which JSON may hold and no output takes, stays escaped."""
    text = json.dumps(entry, ensure_ascii=False)
    return json.dumps(entry) if any("\ud800" <= letter <= "\udfff" for letter in text) else text


def _clock(tick: PreviewTick) -> tuple[str, str]:
    """The local time with its weekday, and the offset from UTC."""
    local = tick.local
    fraction = f".{local.microsecond:06}" if local.microsecond else ""
    offset = local.isoformat(timespec="seconds")[19:]
    return f"{local:%a} {local.replace(tzinfo=None, microsecond=0).isoformat(' ')}{fraction}", offset
