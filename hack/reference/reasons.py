"""Page of the conditions and reasons: the enums of `resources/conditions.py`, with the comments that group them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from process_operator.resources import conditions
from process_operator.resources.conditions import (
    BackfillReason,
    ConditionType,
    EventReason,
    LogReason,
    NotifiedReason,
    Reason,
    RunReason,
)
from process_operator.resources.process_run import RunPhase, Trigger
from reference.markdown import NOTE, cell, table

_ENUMS: Final[dict[str, type[StrEnum]]] = {
    "Conditions": ConditionType,
    "Reasons of requests and Processes": Reason,
    "Reasons of runs": RunReason,
    "Reasons of backfills": BackfillReason,
    "Reasons of Notified": NotifiedReason,
    "Reasons of logs": LogReason,
    "Reasons of Events": EventReason,
    "Phases of runs": RunPhase,
    "Triggers of runs": Trigger,
}


def reasons_page() -> str:
    """The page, with one table for each enum."""
    parts = [
        NOTE,
        "# Conditions and reasons\n",
        "All names that the operator writes. [Acceptance](../acceptance.md) and [runs](../runs.md) explain them.\n",
    ]
    for title, enum in _ENUMS.items():
        parts += [f"## {title}\n", f"{inspect.cleandoc(enum.__doc__ or '')}\n"]
        groups = dict(_groups(enum))
        if any(groups.values()):
            parts.append(table(("reason", "used for"), ((f"`{item}`", cell(groups[item.name])) for item in enum)))
        else:
            parts += [*(f"- `{item}`" for item in enum), ""]
    return "\n".join(parts).rstrip() + "\n"


def _groups(enum: type[StrEnum]) -> Iterator[tuple[str, str]]:
    """Members by their names in the code, each with the comment above its group."""
    source = inspect.getsource(enum)
    lines, (tree,) = source.splitlines(), ast.parse(source).body
    assert isinstance(tree, ast.ClassDef)
    begin, comment = tree.body[0].end_lineno or 0, ""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            above = [line.strip() for line in lines[begin : node.lineno - 1] if line.strip().startswith("#")]
            comment = " ".join(line.lstrip("# ") for line in above) or comment
            begin = node.end_lineno or begin
            yield target.id, comment


assert set(_ENUMS.values()) >= {
    value
    for value in vars(conditions).values()
    if isinstance(value, type) and issubclass(value, StrEnum) and value.__name__.endswith("Reason")
}, "an enum of reasons is not on the page"
