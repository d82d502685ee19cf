"""Links and paths in the pages: each relative link leads to a file and a heading, each path of a module exists.

Decisions are included, because a page with the old name of a module leads no reader to it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
PACKAGE: Final = ROOT / "operator" / "process_operator"
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IDS: Final = [str(page.relative_to(ROOT)) for page in PAGES]
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
MODULE: Final = re.compile(r"`([\w/.-]+\.(?:py|sh|toml|lua))`")


def _anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _is_dead(page: Path, link: str) -> bool:
    if link.startswith(("http:", "https:")):
        return False
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return not target.exists() or (bool(anchor) and anchor not in _anchors(target))


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if _is_dead(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_module_that_is_named_exists(page: Path) -> None:
    named = set(MODULE.findall(page.read_text()))
    assert [path for path in sorted(named) if not _exists(path)] == []


def _exists(path: str) -> bool:
    """Whether a path exists from the root, in the package, or anywhere below one of its folders (`decisions/run/`)."""
    return (ROOT / path).exists() or (PACKAGE / path).exists() or any(PACKAGE.rglob(path))
