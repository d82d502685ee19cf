"""Pages of the command lines: each command with its help text, arguments and options, from typer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import typer

from reference.markdown import NOTE, cell, table

_COMMAND: Final = re.compile(r"\bkubectl process [a-z]+")


def commands_page(program: str, root: Any) -> str:
    """The page of a program whose root is a command of typer."""
    parts = [NOTE, f"# Options of {program}\n", f"{inspect.cleandoc(root.help)}\n"]
    for name, command in _commands(program, root):
        parts += [f"## {name}\n", _text(command)]
        if rows := list(_rows(command)):
            parts.append(table(("option", "meaning"), rows))
    return "\n".join(parts).rstrip() + "\n"


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Commands below a group, with the words that call them."""
    for word, child in getattr(command, "commands", {}).items():
        if getattr(child, "hidden", False):
            continue
        if hasattr(child, "commands"):
            yield from _commands(f"{name} {word}", child)
        else:
            yield f"{name} {word}", child


def _text(command: Any) -> str:
    """Help text of a command; the examples in it become a block of code."""
    lines: list[str] = []
    for line in inspect.cleandoc(command.help or "").splitlines():
        example = line.removeprefix("Example: ")
        lines += (
            ["```text", example, "```"]
            if example != line
            else [_COMMAND.sub(r"`\g<0>`", line.replace("*", "\\*").replace("<", "&lt;"))]
        )
    return "\n".join(lines) + "\n"


def _rows(command: Any) -> Iterator[tuple[str, str]]:
    context = typer.Context(command)
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is None or parameter.name == "help":
            continue
        names, meaning = record
        yield f"`{names}`".replace("|", "\\|"), cell(" ".join(meaning.split()))
