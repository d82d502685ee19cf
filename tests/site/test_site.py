"""Built site in a browser: its diagrams, its search, its navigation and narrow screens, without another origin."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect
from tests.site.conftest import Reader

_DOCS: Final = Path(__file__).parents[2] / "docs"
_DIAGRAM: Final = re.compile(r"^```mermaid$", re.MULTILINE)
_DIAGRAMS: Final = {
    page.relative_to(_DOCS).with_suffix(".html").as_posix(): count
    for page in sorted(_DOCS.rglob("*.md"))
    if (count := len(_DIAGRAM.findall(page.read_text(encoding="utf-8"))))
}
"""Number of diagrams in each page that has one."""
_PAGES: Final = (
    "index.html",
    "tutorial.html",
    "how-to/backfill.html",
    "reference/generated/processrequest.html",
    "explanation/architecture.html",
)
_PHONE: Final = {"width": 390, "height": 844}
# The labels of a diagram are HTML inside of the picture. Their brightness is 0 for black and 1 for white.
_DRAWN: Final = """diagrams => diagrams.map(diagram => {
  const picture = diagram.shadowRoot.querySelector("svg"), size = picture.getBoundingClientRect()
  const canvas = new OffscreenCanvas(1, 1).getContext("2d")
  canvas.fillStyle = getComputedStyle(picture.querySelector(".nodeLabel")).color
  canvas.fillRect(0, 0, 1, 1)
  const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data
  return {
    labels: picture.textContent.trim().length,
    shapes: picture.querySelectorAll("path, rect, polygon, circle").length,
    brightness: (red + green + blue) / 765,
    wide: size.width, high: size.height,
    error: picture.getAttribute("aria-roledescription") === "error",
  }
})"""


def test_some_page_has_a_diagram() -> None:
    assert "explanation/architecture.html" in _DIAGRAMS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", _DIAGRAMS)
def test_every_diagram_of_a_page_becomes_a_picture(browser: Browser, origin: str, path: str, scheme: str) -> None:
    reader = Reader(browser, origin, color_scheme=scheme)
    page = reader.open(path)
    expect(page.locator("div.mermaid")).to_have_count(_DIAGRAMS[path])
    expect(page.locator("pre.mermaid")).to_have_count(0)
    for drawn in page.locator("div.mermaid").evaluate_all(_DRAWN):
        assert not drawn["error"], "mermaid does not understand the diagram"
        assert drawn["labels"] > 20, drawn
        assert drawn["shapes"] > 5, drawn
        assert (drawn["brightness"] > 0.5) == (scheme == "dark"), drawn
        assert drawn["wide"] > 100, drawn
        assert drawn["high"] > 100, drawn
    reader.close()


def test_a_page_without_a_diagram_does_not_load_mermaid(browser: Browser, origin: str) -> None:
    reader = Reader(browser, origin)
    page = reader.open("tutorial.html")
    assert page.evaluate("typeof mermaid") == "undefined"
    reader.close()


def test_the_search_finds_a_page_for_a_word(browser: Browser, origin: str) -> None:
    reader = Reader(browser, origin)
    page = reader.open("index.html")
    _search(page, "backfill")
    expect(page).to_have_url(re.compile(r"\.html"))
    expect(page.locator("article h1")).to_contain_text(re.compile("backfill", re.IGNORECASE))
    reader.close()


def test_the_navigation_names_every_page_of_mkdocs_yml(browser: Browser, origin: str) -> None:
    reader = Reader(browser, origin)
    page = reader.open("tutorial.html")
    links = page.locator("nav.md-nav--primary a.md-nav__link[href]").evaluate_all(
        "links => links.map(link => [new URL(link.href).pathname, link.textContent.trim(), link.hash])"
    )
    named = {path.removeprefix("/") for path, text, fragment in links if text and not fragment}
    listed = yaml.safe_load((_DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert named == {re.sub(r"README\.md$", "index.md", file).removesuffix(".md") + ".html" for file in _files(listed)}
    headings = [text for path, text, _ in links if path.endswith("/decisions/index.html")]
    assert headings == ["Decisions"]
    reader.close()


def _files(entry: object) -> list[str]:
    """Paths below docs/ in a part of the navigation."""
    if isinstance(entry, str):
        return [entry]
    parts = entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else []
    return [file for part in parts for file in _files(part)]


def _search(page: Page, word: str) -> None:
    """Search for a word, and open the first result."""
    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox").fill(word)
    page.get_by_role("option").first.click()


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_fits_a_narrow_screen(browser: Browser, origin: str, path: str) -> None:
    reader = Reader(browser, origin, viewport=_PHONE)
    page = reader.open(path)
    expect(page.locator("article h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    broken = page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.src)")
    assert broken == []
    reader.close()
