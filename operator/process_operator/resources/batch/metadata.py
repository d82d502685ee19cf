"""Metadata of Jobs, CronJobs and pods, as a small frozen value.

`parsing.py` reads it from API bodies. `resources/model.py` has the metadata of our own kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from process_operator.resources import names
from process_operator.resources.model import parse_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An owner reference. `controller` is true for the owner that manages the object."""

    kind: str
    name: str
    uid: str
    controller: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadMetadata:
    """The metadata fields that decisions read. Times are UTC."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the operator and of Kubernetes' batch API only."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Annotations of the operator and of Kubernetes' batch API only."""
    owner_references: tuple[Owner, ...] = ()

    @property
    def controller(self) -> Owner | None:
        """The owner that manages the object; None if it has no such owner."""
        return next((owner for owner in self.owner_references if owner.controller), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The part that Jobs and CronJobs share: metadata, and the annotations that the operator writes to both."""

    metadata: WorkloadMetadata

    @property
    def template_hash(self) -> str | None:
        """Hash of the template that the object was made from; None if the operator did not make it."""
        return self.metadata.annotations.get(names.ANNOTATION_TEMPLATE_HASH)

    def _annotated_time(self, annotation: str) -> datetime | None:
        """Read an annotation that holds an instant; None if it is absent or another program wrote it."""
        try:
            return parse_instant(self.metadata.annotations.get(annotation))
        except ValueError:
            return None
