"""Parsing of the common parts of Jobs, CronJobs and pods: metadata, counts and times."""

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
        labels=_known(metadata.get("labels")),
        annotations=_known(metadata.get("annotations")),
        owner_references=tuple(map(_owner, metadata.get("ownerReferences") or ())),
    )


def parse_unversioned(raw: Object) -> WorkloadMetadata:
    """Read the metadata without the resourceVersion, so that versions with the same content are equal."""
    return replace(parse_metadata(raw), resource_version="")


def _known(texts: Mapping[str, str] | None) -> dict[str, str]:
    """Drop labels or annotations of other programs, because some of them are long."""
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
    """Read an RFC 3339 timestamp as UTC.

    The zero time of the container runtime (1970, or the year 1) means "never" and is read as None.
    """
    if not text:
        return None
    instant = datetime.fromisoformat(text)
    return None if instant.year <= 1970 else instant.astimezone(UTC)
