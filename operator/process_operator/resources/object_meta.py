"""Validation of object metadata as in the API server: known fields, name, labels and annotations.

CRDs do not contain these checks. Lengths and forms are those of `k8s.io/apimachinery/pkg/util/validation`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_FIELDS: Final = frozenset(
    {
        *("name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers"),
        *("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"),
        *("deletionTimestamp", "deletionGracePeriodSeconds"),
    }
)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME_PART: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def metadata_errors(metadata: object) -> Iterator[tuple[str, str]]:
    """Give each invalid field of the metadata, with the allowed values."""
    if not isinstance(metadata, Mapping):
        yield "metadata", "Required value: an object with a name"
        return
    for field in metadata:
        if field not in _FIELDS:
            yield f"metadata.{field}", "unknown field"
    yield from _name_errors(metadata)
    for field in ("labels", "annotations"):
        yield from _map_errors(metadata.get(field), f"metadata.{field}", values_are_labels=field == "labels")


def _name_errors(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if name is None and metadata.get("generateName"):
        yield "metadata.name", "Required value: kubectl apply rejects generateName, and times can depend on the name"
    elif not name:
        yield "metadata.name", "Required value: name or generateName is required"
    elif not isinstance(name, str):
        yield "metadata.name", "must be of type string; write it in quotes"
    elif not _SUBDOMAIN.fullmatch(name):
        yield (
            "metadata.name",
            f"{name!r} must consist of lower case letters, digits, '-' and '.', with a letter or digit at both ends",
        )
    if namespace and not (isinstance(namespace, str) and _LABEL.fullmatch(namespace)):
        yield "metadata.namespace", f"{namespace!r} must consist of lower case letters, digits and '-', at most 63"


def _map_errors(value: object, field: str, *, values_are_labels: bool) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield field, "must be of type object"
        return
    for key, item in value.items():
        prefix, _, name = key.rpartition("/")
        if not _NAME_PART.fullmatch(name) or ("/" in key and not _SUBDOMAIN.fullmatch(prefix)):
            yield (
                field,
                f"{key!r} must be a name of letters, digits, '-', '_' and '.', with an optional domain and '/' before it",
            )
        if not isinstance(item, str):
            yield f"{field}.{key}", "must be of type string; write it in quotes"
        elif values_are_labels and item and not _NAME_PART.fullmatch(item):
            yield f"{field}.{key}", f"{item!r} must be letters, digits, '-', '_' and '.', at most 63"
