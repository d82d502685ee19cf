"""Prose of languages whose comments have delimiters: TypeScript, CSS, Lua and the templates of Helm.

A `/** */` comment is a docstring; on the first line of a file it is the docstring of the module. A string of TypeScript
is a message, as in `texts`. Regular expressions find both, so text between JSX tags is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from prose.texts import Kind, Text, is_message, without_code

_TYPESCRIPT: Final = re.compile(
    r"(?P<docstring>/\*\*.*?\*/)"
    r"|(?P<comment>/\*.*?\*/|(?:^[ \t]*//[^\n]*(?:\n|\Z))+|//[^\n]*)"
    r'|"(?P<message>(?:\\.|[^"\\\n])*)"'
    r"|`(?P<template>(?:\\.|[^`\\])*)`",
    re.DOTALL | re.MULTILINE,
)
_PATTERNS: Final = {
    ".ts": _TYPESCRIPT,
    ".tsx": _TYPESCRIPT,
    ".css": re.compile(r"(?P<comment>/\*.*?\*/)", re.DOTALL),
    ".tpl": re.compile(
        r"\{\{-?\s*(?P<comment>/\*.*?\*/)|(?P<hash>(?:^[ \t]*#[^\n]*(?:\n|\Z))+)", re.DOTALL | re.MULTILINE
    ),
    ".lua": re.compile(r"(?P<comment>(?:^[ \t]*--[^\n]*(?:\n|\Z))+)", re.MULTILINE),
}
"""Regular expressions by suffix. A match has one group, whose name tells the kind of the text."""
_DELIMITER: Final = re.compile(r"^[ \t]*(?:/\*\*?|\*(?!/)|//|--|#+)? ?|[ \t]*\*/\s*$", re.MULTILINE)
_INSERTED: Final = re.compile(r"\$\{[^}]*\}")
SUFFIXES: Final = frozenset(_PATTERNS)


def delimited_texts(content: str, suffix: str) -> Iterator[Text]:
    """Prose of a file with a suffix of `SUFFIXES`. Adjacent lines of comments are one text."""
    for match in _PATTERNS[suffix].finditer(content):
        group, found = match.lastgroup or "", match[match.lastgroup or 0]
        line = content.count("\n", 0, match.start(group)) + 1
        if group in ("message", "template"):
            text = _INSERTED.sub("x", found)
            if is_message(text):
                yield Text(Kind.MESSAGE, line, text)
        else:
            yield Text(_kind(group, match.start()), line, without_code(_DELIMITER.sub("", found)).rstrip("\n"))


def _kind(group: str, position: int) -> Kind:
    if group != "docstring":
        return Kind.COMMENT
    return Kind.DOCSTRING if position else Kind.MODULE
