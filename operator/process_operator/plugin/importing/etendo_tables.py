"""Export of the ERP's tables, as CSV or JSON: rows by column name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from process_operator.plugin.importing.etendo_timing import Row

REQUESTS: Final = "AD_PROCESS_REQUEST"
PROCESSES: Final = "AD_PROCESS"
GROUPS: Final = "AD_PROCESS_GROUP"
MEMBERS: Final = "AD_PROCESS_GROUP_LIST"
NEEDED: Final = ("AD_PROCESS_REQUEST_ID", "TIMING_OPTION")
"""Columns of the requests without which nothing can be imported."""
_DELIMITERS: Final = ",;\t|"
_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(slots=True)
class Tables:
    """Rows of the ERP's tables, by column name in capitals; empty texts for null.

    There may be very many requests, because the ERP keeps those that have run: they can be read once, one by one.
    """

    requests: Iterable[Row] = ()
    processes: list[Row] = field(default_factory=list)
    groups: list[Row] = field(default_factory=list)
    members: list[Row] = field(default_factory=list)


def read_tables(text: str) -> Tables:
    """Read an export: CSV of AD_PROCESS_REQUEST, its rows as JSON, or a JSON object with several tables by name.

    The columns of a CSV file are separated by commas, semicolons, tabs or bars. Raises ValueError.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if not text.lstrip().startswith(("[", "{")):
        return Tables(requests=_csv(text))
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the file is not JSON: {error}") from error
    if isinstance(found, list):
        found = {REQUESTS: found}
    tables = {str(name).upper(): rows for name, rows in found.items()}
    if REQUESTS not in tables:
        raise ValueError(f"the file has no table {REQUESTS}; it has: {', '.join(tables) or 'none'}")
    requests, *others = (_json(name, tables.get(name)) for name in (REQUESTS, PROCESSES, GROUPS, MEMBERS))
    if requests:
        _require({column for row in requests for column in row})
    return Tables(requests, *others)


def _csv(text: str) -> list[Row]:
    header = next(iter(text.split("\n")), "")
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        _require({str(column).strip().upper() for column in reader.fieldnames or ()})
        return _rows(reader)
    except csv.Error as error:
        raise ValueError(f"the file is not CSV: {error}") from error


def _json(name: str, found: Any) -> list[Row]:
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError(f"the file has no list of objects as the rows of {name}")
    return _rows(found)


def _require(columns: set[str]) -> None:
    """Raise ValueError if the requests have no column for their id or their timing."""
    if missing := [column for column in NEEDED if column not in columns]:
        raise ValueError(f"the file has no column {' and no column '.join(missing)}; export all of {REQUESTS}")


def _rows(found: Iterable[Mapping[str, Any]]) -> list[Row]:
    return [
        {str(column).strip().upper(): _text(value) for column, value in row.items() if column is not None}
        for row in found
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
