"""Bundle of the front end: its size, and what must not be in it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Final

import pytest
from tests.monitor.simulated_api import STATIC

_WEB: Final = Path(__file__).parents[2] / "web"
_ADDRESSES_OF_NAMES: Final = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1998/Math/MathML",
)


def _texts(suffix: str) -> dict[str, str]:
    found = {path.name: path.read_text() for path in STATIC.rglob(f"*{suffix}")}
    assert found, f"no {suffix} in {STATIC}: make monitor"
    return found


@pytest.mark.parametrize(("suffix", "limit"), [(".js", 80_000), (".css", 12_000)])
def test_the_size_stays_in_its_budget(suffix: str, limit: int) -> None:
    sizes = {name: len(gzip.compress(text.encode(), 9)) for name, text in _texts(suffix).items()}
    assert sum(sizes.values()) <= limit, sizes


def test_the_scripts_have_no_address_of_another_origin() -> None:
    for name, text in _texts(".js").items():
        found = set(re.findall(r"(?:https?|wss?)://[^\s\"'`)]+", text)) - set(_ADDRESSES_OF_NAMES)
        assert not found, f"{name}: {found}"


def test_the_styles_load_nothing() -> None:
    for name, text in _texts(".css").items():
        assert not re.search(r"@import|url\(|https?:", text), name


@pytest.mark.parametrize(
    "forbidden", [r"\beval\(", r"new Function\b", r"document\.write", r"insertAdjacentHTML", r"localStorage"]
)
def test_the_scripts_have_nothing_that_makes_code_of_text(forbidden: str) -> None:
    for name, text in _texts(".js").items():
        assert not re.search(forbidden, text), f"{name}: {forbidden}"


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    html = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son\w+=", html)


def test_packages_are_few_pinned_and_name_no_registry() -> None:
    manifest = json.loads((_WEB / "package.json").read_text())
    direct = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert len(direct) <= 10
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in direct.values()), direct
    assert "scripts" not in json.loads((_WEB / "package-lock.json").read_text())["packages"][""]
    assert '"resolved"' not in (_WEB / "package-lock.json").read_text()


def test_the_licences_of_the_packages_are_carried() -> None:
    texts = (STATIC / "licenses.txt").read_text()
    for name in json.loads((_WEB / "package.json").read_text())["dependencies"]:
        assert re.search(rf"^{re.escape(name)} \d", texts, re.MULTILINE), name
