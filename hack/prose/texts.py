"""Prose of source text: docstrings, comments and messages of Python, and hash comments. `without_code` masks code in it.

Messages count in the package and in tests, whose ids and assertions are sentences. Code inside prose (fences, backticks,
targets of links) is masked, so that no rule sees it; masked text keeps its length and its lines.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

_FENCE: Final = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"``[^`]+``|`[^`]+`")
_LINK_TARGET: Final = re.compile(r"\]\([^)]*\)")
_PRAGMA: Final = re.compile(r"#\s*(?:noqa|type:|pragma|fmt:|!|ruff:|mypy:)")
_HASH_COMMENT: Final = re.compile(r"^\s*#+(?: --)? ?(.*)$|.*\s## (.*)$")
_MESSAGE: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){3}")
"""Four plain words in a row: a literal with them is a sentence for a user, and no name, pattern or path."""


class Kind(StrEnum):
    """The kinds of prose that have rules of their own."""

    MODULE = "module docstring"
    DOCSTRING = "docstring"
    COMMENT = "comment"
    MESSAGE = "message"
    PAGE = "page"


class _Comment(NamedTuple):
    line: int
    text: str
    has_own_line: bool


class Text(NamedTuple):
    """A piece of prose, its code masked, with the line (from 1) on which it begins."""

    kind: Kind
    line: int
    text: str


def without_code(text: str) -> str:
    """Text of the same length and lines: fences are blank, other code is one word of the letter x."""
    text = _FENCE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    text = _LINK_TARGET.sub(lambda match: "]" + " " * (len(match[0]) - 1), text)
    return _CODE.sub(lambda match: re.sub(r"[^\n]", "x", match[0]), text)


def python_texts(source: str, folder: str = "") -> Iterator[Text]:
    """Prose of Python source from a top folder; in `operator` and `tests` messages too."""
    tree = ast.parse(source)
    strings = {id(node.value): node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    module = tree.body[0].value if tree.body and isinstance(tree.body[0], ast.Expr) else None
    if module is not None and (text := _string(module)) is not None:
        yield Text(Kind.MODULE, module.lineno, without_code(text))
    for node in strings.values():
        if node is not module and (text := _string(node)) is not None:
            yield Text(Kind.DOCSTRING, node.lineno, without_code(text))
    if folder in ("operator", "tests"):
        yield from _messages(tree, source.splitlines(), set(strings))
    yield from _blocks(_python_comments(source))


def _messages(tree: ast.Module, lines: list[str], docstrings: set[int]) -> Iterator[Text]:
    """String literals that are sentences. A comment `# prose: WHY` on the line exempts one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            text = _string(node)
            if text is not None and is_message(text) and "# prose:" not in lines[node.lineno - 1]:
                yield Text(Kind.MESSAGE, node.lineno, text)


def _string(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def hash_texts(content: str) -> Iterator[Text]:
    """Comments of a file of YAML, TOML, shell, make or of a Dockerfile."""
    return _blocks(_hash_comments(content))


def is_message(text: str) -> bool:
    """Whether a string literal is a sentence for a user."""
    return _MESSAGE.search(text) is not None


def _python_comments(source: str) -> Iterator[_Comment]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not _PRAGMA.match(token.string):
            has_own_line = token.line.lstrip().startswith("#")
            yield _Comment(token.start[0], token.string.lstrip("#").strip(), has_own_line)


def _hash_comments(content: str) -> Iterator[_Comment]:
    """Comments that begin with # on a line of their own, and the help of make targets (`target: ## help`)."""
    for number, line in enumerate(content.splitlines(), start=1):
        if not _PRAGMA.match(line) and (match := _HASH_COMMENT.match(line)):
            yield _Comment(number, (match[1] or match[2] or "").strip(), match[2] is None)


def _blocks(comments: Iterable[_Comment]) -> Iterator[Text]:
    """Comments on adjacent lines as one text; a comment behind code is text of its own."""
    block: list[_Comment] = []
    for comment in comments:
        if block and not (block[-1].line + 1 == comment.line and block[-1].has_own_line and comment.has_own_line):
            yield _joined(block)
            block = []
        block.append(comment)
    if block:
        yield _joined(block)


def _joined(block: list[_Comment]) -> Text:
    return Text(Kind.COMMENT, block[0].line, without_code("\n".join(comment.text for comment in block)))
