"""Bundle of the front end: its size, what must not be in it, and the packages it is made of.

Tests with 14 in their names are line 14 of the monitor's security checklist; the other lines are in tests/contract.
"""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.monitor.simulated_api import STATIC

from release.sbom import bill_of_materials

_REPOSITORY: Final = Path(__file__).parents[2]
_WEB: Final = _REPOSITORY / "web"
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


def test_14_the_scripts_have_no_address_of_another_origin() -> None:
    for name, text in _texts(".js").items():
        found = set(re.findall(r"(?:https?|wss?)://[^\s\"'`)]+", text)) - set(_ADDRESSES_OF_NAMES)
        assert not found, f"{name}: {found}"


def test_14_the_styles_load_nothing() -> None:
    for name, text in _texts(".css").items():
        assert not re.search(r"@import|url\(|https?:", text), name


@pytest.mark.parametrize(
    "forbidden", [r"\beval\(", r"new Function\b", r"document\.write", r"insertAdjacentHTML", r"localStorage"]
)
def test_14_the_scripts_have_nothing_that_makes_code_of_text(forbidden: str) -> None:
    for name, text in _texts(".js").items():
        assert not re.search(forbidden, text), f"{name}: {forbidden}"


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    html = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|<script(?![^>]*\bsrc=)|\son\w+=", html)


def test_14_packages_are_few_pinned_and_name_no_registry() -> None:
    manifest = json.loads((_WEB / "package.json").read_text())
    direct = {**manifest["dependencies"], **manifest["devDependencies"]}
    assert len(direct) <= 10
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in direct.values()), direct
    assert "scripts" not in json.loads((_WEB / "package-lock.json").read_text())["packages"][""]
    assert '"resolved"' not in (_WEB / "package-lock.json").read_text()


def test_14_packages_are_what_the_lock_has_and_run_no_scripts() -> None:
    installs = [
        f"{path.relative_to(_REPOSITORY)}: {line.strip()}"
        for path in (_REPOSITORY / "Dockerfile", _REPOSITORY / "Makefile", *(_REPOSITORY / "hack").rglob("*.sh"))
        for line in path.read_text().splitlines()
        if re.search(r"\b(?:npm|npx|yarn|pnpm)\s+\w", line)
    ]
    assert installs, "the page is built with packages"
    for line in installs:
        assert re.search(r"\bnpm ci\b.*--ignore-scripts", line), line
    lock = json.loads((_WEB / "package-lock.json").read_text())["packages"]
    assert all(package["integrity"].startswith("sha512-") for path, package in lock.items() if path)


def test_14_the_bill_of_materials_has_what_is_installed_in_both_ecosystems() -> None:
    versions = {one["purl"].split("@")[0]: one["version"] for one in bill_of_materials()["components"]}
    shipped = json.loads((_WEB / "package.json").read_text())["dependencies"]
    for name in [*shipped, "@preact/signals-core"]:
        installed = json.loads((_WEB / "node_modules" / name / "package.json").read_text())["version"]
        assert versions["pkg:npm/" + name.replace("@", "%40")] == installed
    carried = set(re.findall(r"^(@?[a-z][\w/.-]*) \d+\.\d+\.\d+$", (STATIC / "licenses.txt").read_text(), re.MULTILINE))
    assert {purl.removeprefix("pkg:npm/").replace("%40", "@") for purl in versions if ":npm/" in purl} == carried
    for name in _required():
        assert f"pkg:pypi/{name}" in versions, name


def test_14_the_bill_of_materials_leaves_out_what_only_builds_or_tests() -> None:
    names = {one["name"] for one in bill_of_materials()["components"]}
    assert not names & {"vite", "vitest", "axe-core", "@biomejs/biome", "pytest", "playwright", "mypy", "ruff"}


def _required() -> set[str]:
    """Names of the packages that the operator needs, directly and through others."""
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [Requirement(line) for line in project["dependencies"]]
    found: set[str] = set()
    while asked:
        requirement = asked.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        for inner in map(Requirement, metadata.requires(name) or []):
            if inner.marker and not any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                continue
            inner.marker = None
            asked.append(inner)
    return found


def test_the_licences_of_the_packages_are_carried() -> None:
    texts = (STATIC / "licenses.txt").read_text()
    for name in json.loads((_WEB / "package.json").read_text())["dependencies"]:
        assert re.search(rf"^{re.escape(name)} \d", texts, re.MULTILINE), name
