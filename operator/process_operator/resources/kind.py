"""What our kinds have in common: the frame of an object, and what its CRD says beyond the schema.

Neighbours: `process.py`, `process_request.py` and `process_run.py` are the kinds, `model.py` has what their parts are
made of.
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
    """One column of `kubectl get`; `wide` ones show with `-o wide` only."""

    name: str
    type: str
    path: str
    wide: bool = False


NOT_OBSERVED: Final = -1
"""`status.observedGeneration` of an object that the operator has not looked at: no generation is -1.

Programs that wait for an object (kstatus: Flux, Helm, kpt) take one without the field for finished.
"""

ObservedGeneration = Annotated[
    Int64,
    Field(ge=NOT_OBSERVED, description="The metadata.generation that was last looked at; -1 before the first look."),
]

AGE: Final = Column("Age", "date", ".metadata.creationTimestamp")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a CRD says about its kind beyond the schema.

    `status_default` is the status of an object that nobody has written a status to, beside `observedGeneration: -1`.
    """

    kind: Kind
    short_name: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    status_default: Mapping[str, str] = field(default_factory=dict)


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
