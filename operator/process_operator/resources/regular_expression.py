"""Regular expressions that users write, matched by RE2 as in the API server.

RE2 needs time in proportion to the program of a pattern and to the text. Both have a limit, so that no pattern of a user
can stop the operator. Neighbours: `parameter_values.py` checks values, `validation.py` evaluates CEL rules,
`decisions/acceptance/process.py` limits all patterns of a Process together.

https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

_MAX_PROGRAM_BYTES: Final = 64 * 1024
"""Memory of one compiled pattern."""
_MAX_INSTRUCTIONS: Final = 3000
"""Instructions of one compiled pattern. RE2 needs about 10 ns for each instruction and character at worst."""


def pattern_problem(pattern: str) -> str:
    """Give the problem with a pattern, in words; empty if RE2 can compile it."""
    try:
        _compiled(pattern)
    except ValueError as error:
        return str(error)
    return ""


def instructions(pattern: str) -> int:
    """Count the instructions of a compiled pattern, 3000 at most. A pattern that RE2 cannot compile has 3000 too."""
    try:
        return int(_compiled(pattern).programsize)
    except ValueError:
        return _MAX_INSTRUCTIONS


def matches_whole(pattern: str, text: str) -> bool:
    """Whether a pattern matches all of a text. Raises ValueError for a pattern that RE2 cannot compile."""
    return bool(_compiled(pattern).fullmatch(_encodable(text)))


def matches_part(pattern: str, text: str) -> bool:
    """Whether a pattern matches some part of a text, as `matches` of CEL. Raises ValueError as `matches_whole`."""
    return bool(_compiled(pattern).search(_encodable(text)))


def _encodable(text: str) -> str:
    """Replace lone surrogates, which only the command line can bring and which UTF-8 cannot hold."""
    return text.encode(errors="replace").decode()


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _MAX_PROGRAM_BYTES
    options.log_errors = False
    try:
        compiled = re2.compile(_encodable(pattern), options)
    except re2.error as error:
        (reason,) = error.args
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None
    if compiled.programsize > _MAX_INSTRUCTIONS:
        raise ValueError(f"pattern too large - {compiled.programsize} instructions, at most {_MAX_INSTRUCTIONS}")
    return compiled
