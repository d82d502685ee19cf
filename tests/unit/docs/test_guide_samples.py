"""The samples of the guide and the README are what the commands print: `preview`, and the columns of `kubectl get`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from process_operator.__main__ import app
from process_operator.resources.schema import KINDS

ROOT: Final = Path(__file__).parents[3]
DEFINITIONS: Final = {
    name: model.definition
    for model in KINDS
    for name in (model.definition.kind.plural, model.definition.kind.kind.lower(), model.definition.short_name)
}


def _samples(prefix: str) -> list[tuple[str, list[str]]]:
    """Each command of the console blocks that begins so, with the lines that follow it."""
    found: list[tuple[str, list[str]]] = []
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for block in re.findall(r"```console\n(.*?)```", file.read_text(), re.DOTALL):
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                found.append((command, output.rstrip().splitlines()))
    return [(command, lines) for command, lines in found if command.startswith(prefix)]


PREVIEWS: Final = _samples("process-operator preview")
TABLES: Final = [
    (command, lines) for command, lines in _samples("kubectl get") if lines and lines[0].startswith("NAME ")
]


def test_there_are_samples() -> None:
    assert len(PREVIEWS) >= 2
    assert len(TABLES) >= 4


@pytest.mark.parametrize(("command", "lines"), PREVIEWS, ids=[command for command, _ in PREVIEWS])
def test_a_preview_prints_what_the_guide_shows(command: str, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    answer = CliRunner().invoke(app, shlex.split(command)[1:])
    assert (answer.stdout.splitlines(), answer.exit_code) == (lines, 0)


@pytest.mark.parametrize(("command", "lines"), TABLES, ids=[command for command, _ in TABLES])
def test_a_table_has_the_columns_of_the_kind(command: str, lines: list[str]) -> None:
    columns = DEFINITIONS[command.split()[2]].columns
    shown = [column.name.upper() for column in columns if "-o wide" in command or not column.wide]
    wide = [column.name.upper() for column in columns if column.wide]
    narrow_first = [name for name in shown if name not in wide] + [name for name in shown if name in wide]
    assert re.split(r" {2,}", lines[0]) == ["NAME", *narrow_first]
