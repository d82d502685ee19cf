"""Values of parameters: whether a declaration with `enum` or `pattern` allows them.

`parameters.py` has the declarations, `decisions/template/` asks about the values of requests, runs and steps.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from process_operator.resources.parameters import MAX_MATCHED_CHARACTERS
from process_operator.resources.regular_expression import matches_whole, pattern_problem

if TYPE_CHECKING:
    from process_operator.resources.parameters import Parameter

_SHOWN_VALUES: Final = 16


def value_problem(parameter: Parameter, value: str) -> str:
    """Give the values that are allowed, in words, if `value` is not among them; else an empty text.

    The value itself is left out, because messages reach more people than values do.
    """
    if parameter.enum is not None and value not in parameter.enum:
        shown = ", ".join(json.dumps(each, ensure_ascii=False) for each in parameter.enum[:_SHOWN_VALUES])
        more = len(parameter.enum) - _SHOWN_VALUES
        return f"must be one of {shown}{f' and {more} more' if more > 0 else ''}"
    pattern = parameter.pattern
    if pattern is None:
        return ""
    if len(value) > MAX_MATCHED_CHARACTERS:
        return f"must have at most {MAX_MATCHED_CHARACTERS} characters, because the parameter has a pattern"
    # The acceptance of the Process rejects a pattern that cannot be compiled.
    if pattern_problem(pattern) or not matches_whole(pattern, value):
        return f"must match the pattern {pattern} as a whole"
    return ""
