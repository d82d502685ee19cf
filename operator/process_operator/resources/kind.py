"""Resource base class of the four kinds, and the parts of their CRDs that are not in the schema.

`model.py` has the types of their fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field

from process_operator.resources.cel_rule import CelRule
from process_operator.resources.kinds import Kind
from process_operator.resources.model import Int64, Metadata, Model
from process_operator.resources.names import API_VERSION, MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`. A `wide` column is shown with `-o wide` only."""

    name: str
    type: str
    path: str
    wide: bool = False


NOT_OBSERVED: Final = -1
"""Default of `status.observedGeneration`, for objects that the operator has not observed. No generation is -1.

Programs that wait for an object by kstatus (Flux, Helm, kpt) treat an object without the field as finished.
"""

ObservedGeneration = Annotated[
    Int64,
    Field(
        ge=NOT_OBSERVED,
        description="The metadata.generation that the operator observed last. -1 means that it has observed none.",
    ),
]

AGE: Final = Column("Age", "date", ".metadata.creationTimestamp")


@dataclass(frozen=True, slots=True)
class Definition:
    """The parts of a CRD that are not in the schema.

    `status_default` has the defaults of the status beside `observedGeneration: -1`.
    """

    kind: Kind
    short_name: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    status_default: Mapping[str, str] = field(default_factory=dict)


class Resource(Model):
    """An object of one of the four kinds. Subclasses add `spec`, `status` and their `kind`."""

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
