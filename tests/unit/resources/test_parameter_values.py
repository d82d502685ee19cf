"""Values of parameters: which a pattern allows, and how long they can be."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.resources.parameter_values import value_problem
from process_operator.resources.parameters import Parameter

_TOO_LONG = "must have at most 256 characters, because the parameter has a pattern"


@pytest.mark.parametrize(
    ("declared", "value", "problem"),
    [
        pytest.param({}, "a" * 4096, "", id="a long value without a pattern"),
        pytest.param({"enum": ["a", "b"]}, "c" * 4096, 'must be one of "a", "b"', id="a long value and an enum"),
        pytest.param({"pattern": "a*"}, "a" * 256, "", id="the longest value with a pattern"),
        pytest.param({"pattern": "€*"}, "€" * 256, "", id="characters are counted, not bytes"),
        pytest.param({"pattern": "a*"}, "a" * 257, _TOO_LONG, id="a longer one"),
        pytest.param({"pattern": "("}, "a" * 257, _TOO_LONG, id="a longer one, before the pattern is compiled"),
        pytest.param({"pattern": "("}, "(", "must match the pattern ( as a whole", id="a pattern of another syntax"),
    ],
)
def test_values(declared: dict[str, Any], value: str, problem: str) -> None:
    assert value_problem(Parameter.model_validate({"name": "A", **declared}), value) == problem
