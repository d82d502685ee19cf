"""Shape of a CronJob in a file, which no API server has checked: the types of the fields that the import reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

_WORDS: Final[dict[type, str]] = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}
_NEEDED: Final = (
    ("metadata", dict),
    ("metadata.name", str),
    ("spec", dict),
    ("spec.schedule", str),
    ("spec.jobTemplate", dict),
    ("spec.jobTemplate.spec", dict),
)
_OPTIONAL: Final = (
    ("metadata.namespace", str),
    ("metadata.labels", dict),
    ("metadata.annotations", dict),
    ("metadata.ownerReferences", list),
    ("spec.timeZone", str),
    ("spec.concurrencyPolicy", str),
    ("spec.startingDeadlineSeconds", int),
    ("spec.successfulJobsHistoryLimit", int),
    ("spec.failedJobsHistoryLimit", int),
    ("spec.jobTemplate.metadata", dict),
    ("spec.jobTemplate.spec.template", dict),
    ("spec.jobTemplate.spec.template.spec", dict),
)


def name_of(body: Mapping[str, Any]) -> str:
    """Return the name of an object; empty if it has none."""
    return str(_at(body, "metadata.name") or "")


def shape_errors(body: Mapping[str, Any]) -> Iterator[str]:
    """Give an error for each field that is missing or has another type. Null counts as missing."""
    for path, kind in (*_NEEDED, *_OPTIONAL):
        value = _at(body, path)
        if value is None and (path, kind) in _OPTIONAL:
            continue
        if not isinstance(value, kind) or isinstance(value, bool):
            yield f"{path} must be {_WORDS[kind]}"
    owners = _at(body, "metadata.ownerReferences")
    if isinstance(owners, list) and not all(isinstance(owner, dict) for owner in owners):
        yield "metadata.ownerReferences must have objects"


def _at(body: Mapping[str, Any], path: str) -> Any:
    """Return the value of a field; None if it or an object above it is missing."""
    value: Any = body
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value
