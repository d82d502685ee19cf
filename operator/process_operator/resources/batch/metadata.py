"""The few fields read of the metadata of Jobs, CronJobs and pods, as a small frozen value.

Jobs are kept as long as the records of their runs, so ten thousands of these are held at a time. Neighbours:
`parsing.py` reads them, `model.py` has the metadata of our own kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who an object belongs to; `controller` is true for the one that manages it."""

    kind: str
    name: str
    uid: str
    controller: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadMetadata:
    """Who an object is, whose it is, and what programs noted on it. Times are UTC."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    """Ours, and those of Kubernetes' batch API."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """The same."""
    owner_references: tuple[Owner, ...] = ()

    @property
    def controller(self) -> Owner | None:
        """The owner that manages the object; None where it has none."""
        return next((owner for owner in self.owner_references if owner.controller), None)
