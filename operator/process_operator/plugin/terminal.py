"""Terminal: what a command prints, and what it asks. No text of the cluster controls the terminal."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from process_operator.client.yaml_text import yaml_text
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.forms import Form

_COLORS: Final = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1"}
_GAP: Final = "   "
_KEPT: Final = frozenset("\n\t")
_DEFAULT_WIDTH: Final = 80
_MIN_WIDTH: Final = 20
_ELLIPSIS: Final = "..."


def printable(text: str, *, keep: frozenset[str] = frozenset()) -> str:
    """Replace control and format characters (escape sequences, changes of direction) by visible escapes."""
    return "".join(char if char in keep or char.isprintable() else repr(char)[1:-1] for char in text)


def printable_log(text: str) -> str:
    """The same for a log, whose lines and tabs stay."""
    return printable(text, keep=_KEPT)


def is_colored() -> bool:
    """Check whether colours are wanted: on a terminal, without NO_COLOR (no-color.org) and TERM=dumb."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def colored(text: str, color: str) -> str:
    """Color a text if colors are wanted. The words alone carry the meaning."""
    return f"\x1b[{_COLORS[color]}m{text}\x1b[0m" if is_colored() else text


def width() -> int:
    """Columns of the terminal; 80 if it has none."""
    return shutil.get_terminal_size((_DEFAULT_WIDTH, 24)).columns


def wrapped(text: str, indent: int) -> list[str]:
    """Break a text into lines that fit the terminal after an indent; a word that is too long stays whole."""
    size = max(width() - indent, _MIN_WIDTH)
    return textwrap.wrap(text, size, break_long_words=False, break_on_hyphens=False) or [""]


def takes_utf8() -> bool:
    """Check whether standard output can show characters such as a check mark."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def write_any_character() -> None:
    """Write characters that the encoding of standard output lacks as escapes, instead of an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print a line of the answer."""
    print(text)


def note(text: str) -> None:
    """Print a line for the user beside the answer, to standard error."""
    print(printable(text), file=sys.stderr)


@contextmanager
def spinning(doing: str) -> Iterator[None]:
    """Show a spinner with a text on standard error while something is done, on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - rich takes 0.1 s to import

    with Console(stderr=True).status(f"{doing} ...", spinner="line"):
        yield


def say_json(value: Any) -> None:
    """Print a value as JSON. Control and format characters are escaped, which JSON reads as the same text."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print("".join(char if char == "\n" or char.isprintable() else json.dumps(char)[1:-1] for char in text))


def say_yaml(value: Any) -> None:
    """Print a value as YAML; if it holds control or format characters, all others than ASCII are escaped."""
    print(yaml_text(value), end="")


def say_structured(form: Form, value: Any) -> None:
    """Print a value as JSON or YAML, as `form` says."""
    (say_json if form == Form.JSON else say_yaml)(value)


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    has_header: bool = True,
    widths: Sequence[int] = (),
    fits: bool = False,
) -> list[int]:
    """Print aligned columns, as kubectl does, and return their widths.

    `widths` are the least widths, from an earlier call. With `fits` the last column is cut at the terminal's edge.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    shown = [list(header), *cells] if has_header else cells
    least = widths or [0] * len(header)
    sizes = [max([size, *(len(row[index]) for row in shown)]) for index, size in enumerate(least)]
    for row in shown:
        line = _GAP.join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip()
        print(_cut(line, width()) if fits else line)
    return sizes


def _cut(line: str, size: int) -> str:
    return line if len(line) <= size else line[: size - len(_ELLIPSIS)] + _ELLIPSIS


def confirm(question: str, names: Sequence[str], *, yes: bool) -> None:
    """Ask before a change of several objects. Raises CommandError if the user declines or cannot be asked."""
    if yes or len(names) <= 1:
        return
    listed = ", ".join(names)
    if not sys.stdin.isatty():
        message = f"{question} {listed}. There is no terminal to ask: add --yes to confirm"
        raise CommandError(message, Exit.USAGE)
    print(question, *(f"  {line}" for line in wrapped(printable(listed), 2)), sep="\n", file=sys.stderr)
    if _typed("Continue? [y/N] ").strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was changed")


def _typed(prompt: str) -> str:
    """Show a prompt and read a line of the user. Ctrl-C raises KeyboardInterrupt as soon as the prompt is shown.

    The handler of asyncio would only cancel a task, which cannot end before this read does.
    """
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print(prompt, end="", file=sys.stderr, flush=True)
        return sys.stdin.readline()
    finally:
        signal.signal(signal.SIGINT, handler)
