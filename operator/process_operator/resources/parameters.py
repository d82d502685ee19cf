"""Parameters: what a Process declares, and the values that requests and runs set.

`process.py` has the declarations, `process_request.py` and `process_run.py` the values. `decisions/template/` makes
environment variables from them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from process_operator.resources.cel_rule import CelRule
from process_operator.resources.model import SET_LIST, Bool, Model
from process_operator.resources.text_form import TextForm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.config import JsonDict

MAX_PARAMETERS: Final = 64
"""Highest number of parameters of a Process, a request or a run."""
_MAX_NAME: Final = 63
_MAX_USED_BYTES: Final = 4096
"""Size of all values in the status of a run. Ten thousand runs with their values stay small."""
MAX_MATCHED_CHARACTERS: Final = 256
"""Length of a value of a parameter with a pattern. It bounds the time of one match."""

_RESERVED: Final = CelRule(
    "!self.startsWith('PROCESS_')", "must not begin with PROCESS_, because the operator sets variables with this prefix"
)

PARAMETER_NAME: Final = TextForm(
    "[A-Za-z_][A-Za-z0-9_]*",
    "must be the name of an environment variable: letters, digits and _, starting with a letter or _, such as LEDGER_ID",
)
ParameterName = Annotated[
    str, Field(max_length=_MAX_NAME, json_schema_extra=PARAMETER_NAME.schema(_RESERVED)), PARAMETER_NAME.validator
]
"""The name of an environment variable."""

PARAMETER_NAMES: Final[JsonDict] = {
    "x-kubernetes-validations": [
        CelRule(
            f"self.all(name, size(name) <= {_MAX_NAME} && name.matches('^({PARAMETER_NAME.pattern})$'))",
            f"each name {PARAMETER_NAME.message}, of at most {_MAX_NAME} characters",
        ).to_api(),
        CelRule("!self.exists(name, name.startsWith('PROCESS_'))", f"each name {_RESERVED.message}").to_api(),
    ]
}
"""Rules for a map of parameters by their names, for `Field(json_schema_extra=...)`. Keys have no schema of their own."""

ParameterText = Annotated[str, Field(max_length=4096)]
"""The value of a parameter."""

# An error in the pattern is an error of the rule. `in` needs the answer, which `|| true` does not.
_COMPILES: Final = CelRule("''.matches(self) in [true, false]", "must be a regular expression in the syntax of RE2")


class Parameter(Model):
    """A parameter of the process. It becomes an environment variable of every container."""

    rules = (
        CelRule(
            "!(has(self.required) && self.required && has(self.default))",
            "a required parameter cannot have a default",
            ".default",
        ),
        CelRule("!(has(self.enum) && has(self.pattern))", "enum and pattern cannot both be set", ".pattern"),
        CelRule(
            "!has(self.enum) || !has(self.default) || self.default in self.enum",
            "must be one of the values of enum",
            ".default",
        ),
        CelRule(
            f"!has(self.pattern) || !has(self.default) || size(self.default) <= {MAX_MATCHED_CHARACTERS}",
            f"must have at most {MAX_MATCHED_CHARACTERS} characters, because the parameter has a pattern",
            ".default",
        ),
    )

    name: ParameterName = Field(
        description="Name of the environment variable: letters, digits and _, starting with a letter or _."
    )
    description: str | None = Field(None, max_length=1024, description="Purpose of the parameter, for people.")
    required: Bool = Field(default=False, description="Whether every request must set a value. Unset means false.")
    default: ParameterText | None = Field(
        None,
        description="Value for requests that set none. Not allowed together with required. Without a value and a default the "
        "variable is not set.",
    )
    enum: tuple[Annotated[str, Field(max_length=256)], ...] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Values that are allowed. Not allowed together with pattern. Unset means any.",
        json_schema_extra=SET_LIST,
    )
    pattern: str | None = Field(
        None,
        max_length=80,
        description="Regular expression in the syntax of RE2 that the whole value must match, such as 20[0-9]{2}. Values and the "
        "default then have at most 256 characters. Not allowed together with enum. Unset means any value.",
        json_schema_extra={"x-kubernetes-validations": [_COMPILES.to_api()]},
    )


class ParameterValue(Model):
    """The value of one parameter."""

    name: ParameterName = Field(description="Name of the parameter, which is the name of the environment variable.")
    value: ParameterText = Field(
        description="Value of the parameter, a string of at most 4096 characters. Write numbers and booleans in quotes.",
    )


class UsedParameter(Model):
    """A parameter with the value that a run got."""

    name: str = Field(max_length=63, description="Name of the parameter.")
    value: str = Field(max_length=4096, description="Value that the run got, or the beginning of it.")
    truncated: Bool | None = Field(
        None, description="Whether the value is only the beginning of the real one. Unset means false."
    )


def used_parameters(values: Iterable[tuple[str, str]]) -> tuple[UsedParameter, ...]:
    """Give the names and values of a run as a status has them, cut to 4096 bytes of values in UTF-8."""
    room, used = _MAX_USED_BYTES, list[UsedParameter]()
    for name, value in islice(values, MAX_PARAMETERS):
        encoded = value.encode(errors="replace")
        kept = encoded[:room].decode(errors="ignore")
        room -= min(room, len(encoded))
        is_cut = len(kept) < len(value)
        used.append(UsedParameter.model_construct(name=name, value=kept, truncated=True if is_cut else None))
    return tuple(used)
