"""Notes of a release: one version in every file, and the section of the changelog that has it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[3]
_SPEC: Final = importlib.util.spec_from_file_location("notes", REPOSITORY / "hack" / "release" / "notes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
notes: Final = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(notes)

CHANGELOG: Final = (
    "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [0.2.0] - 2027-01-02\n\n- second\n\n## [0.1.0]\n\n- first\n"
)


def release(folder: Path, package: str, chart: str, app: str) -> Path:
    for name in ("operator/process_operator", "charts/process-operator"):
        (folder / name).mkdir(parents=True)
    (folder / "operator/process_operator/__init__.py").write_text(f'"""Text."""\n\n__version__ = "{package}"\n')
    (folder / "charts/process-operator/Chart.yaml").write_text(f"version: {chart}\nappVersion: {app}\n")
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    return folder


def test_the_notes_of_a_tag_are_its_section_alone(tmp_path: Path) -> None:
    assert notes.notes("v0.2.0", release(tmp_path, "0.2.0", "0.2.0", "0.2.0")) == "- second\n"


@pytest.mark.parametrize(
    ("found", "named"),
    [
        pytest.param(("0.1.0", "0.2.0", "0.2.0"), "operator/process_operator/__init__.py has 0.1.0", id="the package"),
        pytest.param(("0.2.0", "0.1.0", "0.2.0"), "charts/process-operator/Chart.yaml has 0.1.0", id="the chart"),
        pytest.param(("0.2.0", "0.2.0", "0.1.0"), r"Chart.yaml \(appVersion\) has 0.1.0", id="the application"),
    ],
)
def test_a_version_that_differs_from_the_tag_stops_the_release(
    tmp_path: Path, found: tuple[str, str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        notes.notes("v0.2.0", release(tmp_path, *found))


@pytest.mark.parametrize("tag", ["0.1.0", "v0.1", "main"])
def test_a_tag_is_v_and_the_version(tmp_path: Path, tag: str) -> None:
    with pytest.raises(ValueError, match=f"the tag is {tag}"):
        notes.notes(tag, release(tmp_path, "0.1.0", "0.1.0", "0.1.0"))


def test_a_version_without_a_section_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no section \[0.3.0\]"):
        notes.notes("v0.3.0", release(tmp_path, "0.3.0", "0.3.0", "0.3.0"))


def test_this_checkout_has_one_version_and_a_section_for_it() -> None:
    (version,) = set(notes.versions().values())
    assert "### Added" in notes.notes(f"v{version}")
