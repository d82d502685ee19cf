"""Notes of a release, from CHANGELOG.md: `notes.py v0.1.0` prints the section of that version.

It fails unless the tag, the package, the chart and its appVersion have the same version. The release workflow calls it
before it publishes anything.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_VERSIONS: Final = {
    "operator/process_operator/__init__.py": r'^__version__ = "(.+)"$',
    "charts/process-operator/Chart.yaml": r"^version: (.+)$",
    "charts/process-operator/Chart.yaml (appVersion)": r"^appVersion: (.+)$",
}


def versions(repository: Path = REPOSITORY) -> dict[str, str]:
    """The version that each file names. Raises ValueError if a file names none."""
    found = {}
    for place, pattern in _VERSIONS.items():
        content = (repository / place.partition(" ")[0]).read_text(encoding="utf-8")
        match = re.search(pattern, content, re.MULTILINE)
        if match is None:
            raise ValueError(f"{place} names no version")
        found[place] = match.group(1).strip('"')
    return found


def section(changelog: str, version: str) -> str:
    """The text below the heading of a version. Raises ValueError if the version has no heading or no text."""
    heading = rf"^## \[{re.escape(version)}\][^\n]*"
    match = re.search(rf"{heading}\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    if match is None or not match.group(1).strip():
        raise ValueError(f"CHANGELOG.md has no section [{version}]")
    return match.group(1).strip() + "\n"


def notes(tag: str, repository: Path = REPOSITORY) -> str:
    """The notes of a tag such as v0.1.0. Raises ValueError if a file has another version, or the changelog no section."""
    version = tag.removeprefix("v")
    for place, found in versions(repository).items():
        if f"v{found}" != tag:
            raise ValueError(f"the tag is {tag}, and {place} has {found}")
    return section((repository / "CHANGELOG.md").read_text(encoding="utf-8"), version)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: notes.py TAG, such as v0.1.0")
    try:
        print(notes(sys.argv[1]), end="")
    except ValueError as error:
        sys.exit(f"notes: {error}")
