"""Index of the decisions: it names every page of the folder, in their order and with their titles."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[3] / "docs" / "decisions"
PAGES: Final = sorted(FOLDER.glob("[0-9]*.md"))


def test_the_index_has_the_number_and_the_title_of_every_page() -> None:
    index = (FOLDER / "README.md").read_text()
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+) \|$", index, re.MULTILINE)
    headings = [page.read_text().partition("\n")[0].removeprefix("# ").partition(": ") for page in PAGES]
    assert rows == [(number, page.name, title) for page, (number, _, title) in zip(PAGES, headings, strict=True)]


def test_the_name_of_a_page_begins_with_the_number_of_its_title() -> None:
    assert all(page.read_text().startswith(f"# {page.name[:3]}: ") for page in PAGES)
