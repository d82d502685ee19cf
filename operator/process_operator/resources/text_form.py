"""Text forms: a pattern for a text field, and the error message for values that do not match it.

A `pattern` of OpenAPI would appear in the error itself (`in body should match '^([01][0-9]|...`). Therefore each form
is a CEL rule, whose message has the allowed values in words and an example. The models check the same pattern.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import AfterValidator

from process_operator.resources.cel_rule import CelRule

if TYPE_CHECKING:
    from pydantic.config import JsonDict

LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
"""The pattern of a DNS label: lower-case letters, digits and -."""


class TextForm:
    """A pattern for a whole text, without quotes and anchors, and a message with the allowed values."""

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
        """The CEL rule for a field of this form."""
        return CelRule(self.condition, self.message)

    @property
    def validator(self) -> AfterValidator:
        """The check of a model for a field of this form."""
        return AfterValidator(self.check)

    def check(self, value: str) -> str:
        """Return the value. Raises ValueError with the message."""
        if not self._compiled.fullmatch(value):
            raise ValueError(self.message)
        return value

    def schema(self, *more: CelRule) -> JsonDict:
        """Give the rules of a field of this form and further rules, for `Field(json_schema_extra=...)`."""
        return {"x-kubernetes-validations": [rule.to_api() for rule in (self.rule, *more)]}
