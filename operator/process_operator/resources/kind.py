"""What our kinds have in common: the frame of an object, and what its CRD says beyond the schema.

Neighbours: `process.py`, `process_request.py` and `process_run.py` are the kinds, `model.py` has what their parts are
made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from process_operator.names import API_VERSION, MAX_NAME
from process_operator.resources.cel_rule import CelRule
from process_operator.resources.model import Metadata, Model

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`; `wide` ones show with `-o wide` only."""

    name: str
    type: str
    path: str
    wide: bool = False


AGE: Final = Column("Age", "date", ".metadata.creationTimestamp")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a CRD says about its kind beyond the schema.

    `status_default` is the status of an object that nobody has written a status to.
    """

    kind: str
    plural: str
    singular: str
    short_name: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    status_default: Mapping[str, str] | None = None


class Resource(Model):
    """An object of one of our kinds; subclasses add `spec`, `status` and their `kind`."""

    rules = (
        CelRule(
            rule=f"size(self.metadata.name) <= {MAX_NAME}",
            message=f"metadata.name must be no more than {MAX_NAME} characters",
            field_path=".metadata.name",
        ),
    )
    definition: ClassVar[Definition]

    api_version: str = API_VERSION
    kind: str
    metadata: Metadata
