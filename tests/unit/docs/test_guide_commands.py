"""Commands of `kubectl process` on the pages: each can be read by the program, and each patch has its command beside it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main

from process_operator.plugin import app as command_line

REPOSITORY: Final = Path(__file__).resolve().parents[3]
PAGES: Final = ("README.md", *sorted(str(page.relative_to(REPOSITORY)) for page in (REPOSITORY / "docs").rglob("*.md")))
GROUP: Final[Any] = typer.main.get_command(command_line.app)
_COMMAND: Final = re.compile(r"kubectl process(?: [^`#;\n]*)?(?=[`#;\n]|$)")
_REDIRECTION: Final = re.compile(r" (?:> \S+|\|\|? .*)$")
_BUTTONS: Final = re.compile(r'^kubectl (?:patch|annotate) .*(?:"suspend"|"cancel"|/reschedule=).*$', re.MULTILINE)


def commands(page: str) -> list[str]:
    """Commands of a page, in code blocks and in the text; a backslash joins lines."""
    text = (REPOSITORY / page).read_text(encoding="utf-8").replace("\\\n", " ")
    found = (_REDIRECTION.sub("", " ".join(match.split())) for match in _COMMAND.findall(text))
    return sorted({command for command in found if command != "kubectl process"})


def parse(command: str) -> None:
    """Let the program read the words of a command. Raises an error of typer if it cannot."""
    group, words = GROUP, shlex.split(command)[2:]
    while words and hasattr(group, "commands") and words[0] in group.commands:
        group = group.commands[words.pop(0)]
    assert not hasattr(group, "commands") or words == ["--help"], f"no command {words}"
    if words:  # a sentence may name a command without its arguments
        group.make_context("kubectl process", words)


@pytest.mark.parametrize("command", [command for page in PAGES for command in commands(page)])
def test_command_can_be_read(command: str) -> None:
    try:
        parse(command)
    except typer.Exit:
        assert command.endswith("--help")


def test_a_wrong_command_cannot() -> None:
    with pytest.raises(typer.TyperException, match="No such option"):
        parse("kubectl process runs --nosuch")
    with pytest.raises(AssertionError, match="no command"):
        parse("kubectl process nosuch")


def test_each_patch_of_the_recipes_has_its_command_beside_it() -> None:
    recipes = (REPOSITORY / "docs" / "how-to" / "kubectl-recipes.md").read_text(encoding="utf-8")
    patches = _BUTTONS.findall(recipes)
    assert len(patches) == 4
    for patch in patches:
        assert "# kubectl process " in patch
