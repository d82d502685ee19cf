"""Navigation of the site: each page of docs/ is in it, and each entry of it is a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[3]


def _files(entry: Any) -> Iterator[str]:
    """The files of a part of the navigation: a name, a list, or a title with one of both."""
    if isinstance(entry, str):
        yield entry
    else:
        for item in entry.values() if isinstance(entry, dict) else entry:
            yield from _files(item)


def test_the_navigation_has_every_page_once() -> None:
    listed = list(_files(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    decisions = {page for page in pages if page.startswith("decisions/")} - {"decisions/README.md"}
    assert sorted(listed) == sorted(pages - decisions)
