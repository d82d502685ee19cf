"""Blocks of pages: those of tutorial and how-to pages are read as tests/pages runs them, and each exception has a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from tests.pages.shell_blocks import Command, SavedFile, blocks, is_like

DOCS: Final = Path(__file__).parents[3] / "docs"
PAGES: Final = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_every_marker_stands_before_its_block(page: Path) -> None:
    for block in blocks(page.read_text()):
        assert not isinstance(block, Command) or not block.reason or len(block.reason.split()) >= 3


def test_a_page_becomes_files_and_commands() -> None:
    page = "<!-- file: a.yaml -->\n\n```yaml\na: 1\n```\n\n<!-- not run: it needs Helm -->\n\n```sh\nhelm list\n```\n\n```console\n$ ls\na.yaml\n$ pwd\n```\n"
    assert blocks(page) == [
        SavedFile("a.yaml", "a: 1\n"),
        Command(10, "helm list\n", reason="it needs Helm"),
        Command(14, "ls\n", ("a.yaml",)),
        Command(14, "pwd\n"),
    ]


def test_a_marker_without_a_block_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in the line before"):
        blocks("<!-- not run: it needs Helm -->\n\nText.\n\n```sh\nhelm list\n```\n")


def test_a_line_of_output_may_differ_in_times_and_generated_names() -> None:
    shown = "close-main-x7k2p9bd   close-main   Succeeded   5s"
    assert is_like(shown, "close-main-abcde    close-main  Succeeded  17s")
    assert not is_like(shown, "close-main-abcde    close-main  Failed  17s")
