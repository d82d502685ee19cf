"""Annotations of a released chart for Artifact Hub, which depend on the place and on the version of the release.

`artifact_hub.py FOLDER --homepage URL --image IMAGE` adds changes, images, links and screenshots to FOLDER/Chart.yaml, which
is a copy of the chart. The other annotations are in the chart itself. Artifact Hub describes them all:
https://artifacthub.io/docs/topics/annotations/helm/
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"
KINDS: Final = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""The kinds of changes of Artifact Hub, which are the headings of Keep a Changelog."""
UNRELEASED: Final = "Unreleased"
_PREFIX: Final = "artifacthub.io"


def changes(changelog: str, version: str) -> list[dict[str, str]]:
    """The changes of a version: the first sentence of each item. Raises ValueError if there are none.

    A version without a section of its own has the unreleased changes.
    """
    sections = {
        match[1]: match[2]
        for match in re.finditer(r"^## \[(.+?)\].*?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    }
    section = sections.get(version) or sections.get(UNRELEASED, "")
    found = [
        {"kind": kind, "description": sentence}
        for heading, items in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", section, re.MULTILINE | re.DOTALL)
        if (kind := heading.lower()) in KINDS
        for sentence in _first_sentences(items)
    ]
    if not found:
        raise ValueError(f"the changelog has no changes of {version}")
    return found


def _first_sentences(items: str) -> Iterator[str]:
    for item in re.split(r"^- ", items, flags=re.MULTILINE)[1:]:
        text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(item.split())).replace("`", "")
        yield re.split(r"(?<=[.;:])\s", text, maxsplit=1)[0].rstrip(".;:")


def annotations_of(version: str, homepage: str, image: str) -> dict[str, list[dict[str, str]]]:
    """The annotations that a release adds, by their names without the prefix."""
    pages = f"{homepage}/blob/v{version}/docs"
    return {
        "changes": changes(CHANGELOG.read_text(encoding="utf-8"), version),
        "images": [{"name": "process-operator", "image": image}],
        "links": [
            {"name": "source", "url": homepage},
            {"name": "support", "url": f"{homepage}/issues"},
            {"name": "documentation", "url": f"{pages}/index.md"},
            {"name": "changelog", "url": f"{homepage}/blob/v{version}/CHANGELOG.md"},
        ],
        "screenshots": [
            {"title": "Runs in the Process Monitor", "url": f"{homepage}/raw/v{version}/docs/monitor-runs.png"}
        ],
    }


def stamp(chart: Path, homepage: str, image: str) -> None:
    """Add the annotations to a Chart.yaml. Raises ValueError if they are there already."""
    text = chart.read_text(encoding="utf-8")
    version = re.findall(r"^version: (\S+)$", text, re.MULTILINE)[0]
    added = annotations_of(version, homepage, image)
    twice = [name for name in added if f"{_PREFIX}/{name}:" in text]
    if twice or re.findall(r"^(\w+):", text, re.MULTILINE)[-1] != "annotations":
        raise ValueError(f"{chart}: annotations must be the last key, and must not have {', '.join(added)}")
    chart.write_text(text + "".join(_annotation(name, items) for name, items in added.items()), encoding="utf-8")


def _annotation(name: str, items: list[dict[str, str]]) -> str:
    """One annotation as YAML, whose flow style is JSON."""
    lines = (f"    - {json.dumps(item, ensure_ascii=False)}\n" for item in items)
    return f"  {_PREFIX}/{name}: |\n{''.join(lines)}"


def main() -> int:
    """Stamp a chart, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="copy of the chart's folder")
    parser.add_argument("--homepage", required=True, help="URL of the repository, without a slash at its end")
    parser.add_argument("--image", required=True, help="image with its registry and its tag")
    options = parser.parse_args()
    try:
        stamp(options.folder / "Chart.yaml", options.homepage.rstrip("/"), options.image)
    except ValueError as error:
        print(f"artifact_hub: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
