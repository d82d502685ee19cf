"""CEL rules: checks of the API server beyond types and limits, with their error messages.

`text_form.py` makes rules from patterns, `model.py` holds the rules of classes, `schema.py` writes them to the CRDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic.config import JsonDict


@dataclass(frozen=True, slots=True)
class CelRule:
    """One `x-kubernetes-validations` entry.

    `field_path` is relative to the object with the rule (`.finishTime`). Without it the error names that object.
    """

    rule: str
    message: str
    field_path: str | None = None

    def to_api(self) -> JsonDict:
        """Give the entry of the CRD."""
        entry: JsonDict = {"rule": self.rule, "message": self.message}
        if self.field_path is not None:
            entry["fieldPath"] = self.field_path
        return entry
