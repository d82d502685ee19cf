"""Prose of a file, by the suffix of its name: `texts` reads Python, pages and hash comments, `delimited` the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prose.delimited import SUFFIXES, delimited_texts
from prose.texts import Kind, Text, hash_texts, python_texts, without_code


def texts_of(path: Path, root: Path) -> Iterator[Text]:
    """The prose of one file below `root`. A file with an unknown suffix has hash comments."""
    content, folder = path.read_text(), path.relative_to(root).parts[0]
    if path.suffix == ".py":
        yield from python_texts(content, folder)
    elif path.suffix in (".md", ".txt"):
        yield Text(Kind.PAGE, 1, without_code(content))
    elif path.suffix in SUFFIXES:
        yield from delimited_texts(content, path.suffix)
    else:
        yield from hash_texts(content)
