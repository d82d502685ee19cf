"""CEL rule: what the API server checks of an object beyond types and limits, and what it says.

Neighbours: `text_form.py` makes rules of patterns, `model.py` has the rules of classes, `schema.py` writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic.config import JsonDict


@dataclass(frozen=True, slots=True)
class CelRule:
    """One `x-kubernetes-validations` entry.

    `field_path` is relative to the object that carries the rule (`.finishTime`); else the error names that object.
    """

    rule: str
    message: str
    field_path: str | None = None

    def to_api(self) -> JsonDict:
        """Give the entry as the CRD holds it."""
        entry: JsonDict = {"rule": self.rule, "message": self.message}
        if self.field_path is not None:
            entry["fieldPath"] = self.field_path
        return entry
