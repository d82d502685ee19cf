"""Command of the prose checker: selects the files, prints the findings, and fails if a clean path has one."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from prose.files import texts_of
from prose.rules import Finding, Rules

ROOT: Final = Path(__file__).parents[2]
WORDS: Final = Path(__file__).with_name("words.toml")
TODO: Final = Path(__file__).with_name("todo.txt")
PATTERNS: Final = (
    *("*.py", "*.md", "*.yaml", "*.toml", "*.sh", "*NOTES.txt", "Makefile", "Dockerfile"),
    *("*.ts", "*.tsx", "*.css", "*.tpl", "*.lua"),
)
GENERATED: Final = (
    "docs/reference/generated/*",
    "crds/*",
    "charts/process-operator/files/crds/*",
    "hack/prose/words.toml",
)
"""Paths without prose of their own. The CRDs repeat docstrings of the models, and the lists name what they exclude."""


def main() -> int:
    """Check the files; 1 if a path outside the patterns of `todo.txt` has a finding."""
    parser = argparse.ArgumentParser(prog="prose", description="Check the prose of docstrings, comments and pages.")
    parser.add_argument("--todo", action="store_true", help="also print the findings of paths that are not clean yet")
    parser.add_argument("paths", nargs="*", type=Path, help="check these files alone, also if they are not clean yet")
    options = parser.parse_args()
    rules = Rules.read(WORDS)
    if options.paths:
        return min(_report([path.resolve() for path in options.paths], rules), 1)
    clean, todo = split(tracked_files(), read_todo(TODO))
    count = _report(clean, rules)
    for pattern, paths in todo.items():
        if not any(findings_of(path, rules) for path in paths):
            print(f"prose: {pattern} is clean: remove it from {TODO.relative_to(ROOT)}")
        elif options.todo:
            _report(paths, rules)
    return min(count, 1)


def tracked_files() -> list[Path]:
    """Files of the checkout that may have prose, ignored and generated ones left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PATTERNS]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    chosen = (name for name in names if not any(fnmatch(name, pattern) for pattern in GENERATED))
    return [ROOT / name for name in chosen if (ROOT / name).exists()]


def read_todo(path: Path) -> tuple[str, ...]:
    """Patterns of paths, one a line; a line that begins with # is a comment."""
    return tuple(line for line in path.read_text().splitlines() if line and not line.startswith("#"))


def split(paths: Iterable[Path], patterns: Iterable[str]) -> tuple[list[Path], dict[str, list[Path]]]:
    """The paths that no pattern matches, and for each pattern its paths."""
    clean: list[Path] = []
    todo: dict[str, list[Path]] = {pattern: [] for pattern in patterns}
    for path in paths:
        name = str(path.relative_to(ROOT))
        pattern = next((pattern for pattern in todo if fnmatch(name, pattern)), None)
        (clean if pattern is None else todo[pattern]).append(path)
    return clean, todo


def findings_of(path: Path, rules: Rules) -> list[Finding]:
    """All findings of one file, by line."""
    return sorted(finding for text in texts_of(path, ROOT) for finding in rules.check(text))


def _report(paths: Iterable[Path], rules: Rules) -> int:
    """Print the findings, one a line; their number."""
    count = 0
    for path in paths:
        for finding in findings_of(path, rules):
            print(f"{path.relative_to(ROOT)}:{finding.line}: {finding.message}")
            count += 1
    return count
