"""Blocks of a page that a test can run: shell blocks with their expected output, and files to save, in their order.

Markers are HTML comments in the line before a fence: `<!-- file: NAME -->` names the file that a block is, and
`<!-- not run: REASON -->` keeps a shell block out of the test.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = re.compile(
    r"(?:^ *<!-- (?P<marker>file|not run): (?P<value>[^\n]+?) -->\n\n?)?^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_MARKER: Final = re.compile(r"<!-- (?:file|not run):")


@dataclass(frozen=True, slots=True)
class Command:
    """Lines of shell, with the line of the page (from 1). `expected` is the output that a console block shows."""

    line: int
    shell: str
    expected: tuple[str, ...] = ()
    reason: str = ""
    """The reason for which no test runs it."""


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that the reader saves."""

    name: str
    content: str


def blocks(page: str) -> list[Command | SavedFile]:
    """The files and commands of a page. Raises ValueError for a marker without its block."""
    found: list[Command | SavedFile] = []
    markers = 0
    for match in _BLOCK.finditer(page):
        marker, value, language = match["marker"], match["value"], match["language"]
        body = textwrap.dedent(match["body"])
        line = page[: match.start("body")].count("\n") + 1
        markers += marker is not None
        if marker == "file":
            found.append(SavedFile(value, body))
        elif language == "sh":
            found.append(Command(line, body, reason=value or ""))
        elif language == "console":
            found += _console(line, body, value or "")
        elif marker:
            raise ValueError(f"line {line}: a block of {language} cannot run")
    if markers != len(_MARKER.findall(page)):
        raise ValueError("a marker is not in the line before its block")
    return found


def _console(line: int, body: str, reason: str) -> list[Command]:
    """Commands after `$ `, each with the lines that follow it."""
    found = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        shell, _, output = part.partition("\n")
        found.append(Command(line, shell + "\n", tuple(output.rstrip().splitlines()), reason))
    return found


_VARIABLE: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z|-[a-z0-9]{5,10}\b|\b(?:\d+[dhms])+\b")
"""Times, suffixes of names and durations differ in each run."""


def is_like(expected: str, line: str) -> bool:
    """Whether a line of output is the expected one, but for times, durations, generated names and blanks."""
    parts = [re.escape(part) for part in _VARIABLE.split(" ".join(expected.split()))]
    return re.fullmatch(r"\S+".join(parts), " ".join(line.split())) is not None
