"""The parts of API bodies that Jobs, CronJobs and pods share: metadata, conditions, counts and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from sys import intern
from typing import Final

from process_operator.resources import names
from process_operator.resources.batch.metadata import Owner, WorkloadMetadata
from process_operator.resources.types import Object

_PREFIXES: Final = (f"{names.GROUP}/", "batch.kubernetes.io/")


def parse_metadata(raw: Object) -> WorkloadMetadata:
    """Read the metadata of an API body."""
    metadata = raw.get("metadata") or {}
    return WorkloadMetadata(
        name=metadata.get("name") or "",
        namespace=intern(metadata.get("namespace") or ""),
        uid=metadata.get("uid") or "",
        resource_version=metadata.get("resourceVersion") or "",
        creation_timestamp=parse_time(metadata.get("creationTimestamp")),
        deletion_timestamp=parse_time(metadata.get("deletionTimestamp")),
        labels=_read_here(metadata.get("labels")),
        annotations=_read_here(metadata.get("annotations")),
        owner_references=tuple(map(_owner, metadata.get("ownerReferences") or ())),
    )


def parse_unversioned(raw: Object) -> WorkloadMetadata:
    """Without the version: two versions that say the same here are equal."""
    return replace(parse_metadata(raw), resource_version="")


def _read_here(texts: Mapping[str, str] | None) -> dict[str, str]:
    """Labels or annotations without those of others, of which some are long."""
    return {key: text for key, text in (texts or {}).items() if key.startswith(_PREFIXES)}


def _owner(raw: Object) -> Owner:
    return Owner(
        kind=intern(raw.get("kind") or ""),
        name=raw.get("name") or "",
        uid=raw.get("uid") or "",
        controller=bool(raw.get("controller")),
    )


def parse_count(raw: Object, field: str, *, default: int = 0) -> int:
    """Read an integer field; `default` if it is absent or null."""
    value = raw.get(field)
    return default if value is None else int(value)


def parse_time(text: str | None) -> datetime | None:
    """A time of the API in UTC; None too for the runtime's zero time, which stands for "never" (1970, or year 1)."""
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return None if instant.year <= 1970 else instant.astimezone(UTC)
