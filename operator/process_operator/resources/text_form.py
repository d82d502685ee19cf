"""Form of a text field: a pattern, and the sentence that the API server says where a value does not match it.

A `pattern` of OpenAPI would be shown as it is: `in body should match '^([01][0-9]|...`. So each form is a CEL rule
whose message says in words what is allowed, with an example, and the models check the same. Neighbour: `model.py` has
the rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import AfterValidator

from process_operator.resources.cel_rule import CelRule

if TYPE_CHECKING:
    from pydantic.config import JsonDict

LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
"""Lower-case letters, digits and -, as DNS labels are."""


class TextForm:
    """What a whole text has to match; `pattern` holds no quotes and no anchors, `message` says what is allowed."""

    def __init__(self, pattern: str, message: str) -> None:
        self.pattern = pattern
        self.message = message
        self._compiled = re.compile(pattern)

    @property
    def condition(self) -> str:
        """The condition in CEL."""
        return f"self.matches('^({self.pattern})$')"

    @property
    def rule(self) -> CelRule:
        """The rule of a field of this form."""
        return CelRule(self.condition, self.message)

    @property
    def validator(self) -> AfterValidator:
        """What a model checks of such a field. The error is the message."""
        return AfterValidator(self.check)

    def check(self, value: str) -> str:
        """Give the value back. Raises ValueError."""
        if not self._compiled.fullmatch(value):
            raise ValueError(self.message)
        return value

    def schema(self, *more: CelRule) -> JsonDict:
        """The rules of a field of this form, with further ones, for `Field(json_schema_extra=...)`."""
        return {"x-kubernetes-validations": [rule.to_api() for rule in (self.rule, *more)]}
