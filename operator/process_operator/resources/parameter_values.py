"""Values of parameters: whether a declaration with `enum` or `pattern` allows them.

`parameters.py` has the declarations, `decisions/template/` checks the values of requests, runs and steps with it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from process_operator.resources.parameters import MAX_MATCHED_CHARACTERS
from process_operator.resources.regular_expression import matches_whole, pattern_problem
from process_operator.resources.status_text import cut, listed

if TYPE_CHECKING:
    from process_operator.resources.parameters import Parameter

_SHOWN_VALUES: Final = 16
_MAX_SHOWN_VALUE: Final = 64
"""Highest number of characters of a value in a message. A longer value is cut."""


def value_problem(parameter: Parameter, value: str) -> str:
    """Give the values that are allowed, in words, if `value` is not among them; else an empty text.

    The value itself is left out, because messages reach more people than values do.
    """
    if parameter.enum is not None and value not in parameter.enum:
        values = [json.dumps(cut(each, _MAX_SHOWN_VALUE), ensure_ascii=False) for each in parameter.enum]
        return f"must be one of {listed(values, max_shown=_SHOWN_VALUES)}"
    pattern = parameter.pattern
    if pattern is None:
        return ""
    if len(value) > MAX_MATCHED_CHARACTERS:
        return f"must have at most {MAX_MATCHED_CHARACTERS} characters, because the parameter has a pattern"
    # The acceptance of the Process rejects a pattern that cannot be compiled.
    if pattern_problem(pattern) or not matches_whole(pattern, value):
        return f"must match the pattern {pattern} as a whole"
    return ""
