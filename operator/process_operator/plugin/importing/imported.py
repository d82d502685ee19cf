"""Imported schedule: manifests with the remarks that a person has to read, or the reason why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from process_operator.resources.names import API_VERSION, MAX_NAME
from process_operator.resources.validation import object_errors

if TYPE_CHECKING:
    from process_operator.resources.types import Object

_NOT_OF_NAMES: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """Result for one schedule of another system; `source` is its name there.

    `refused` says why there is no manifest, `left_out` why none is wanted.
    """

    source: str
    manifests: tuple[Object, ...] = ()
    remarks: tuple[str, ...] = ()
    refused: str = ""
    left_out: str = ""


@dataclass(slots=True)
class Names:
    """Names that are in use, so that each object gets one of its own."""

    taken: set[str] = field(default_factory=set)

    def unique(self, text: str, *, fallback: str) -> str:
        """Make a name for an object out of a text; a number is added if it is in use."""
        stem = _NOT_OF_NAMES.sub("-", text.lower()).strip("-")[: MAX_NAME - 5].rstrip("-") or fallback
        name, number = stem, 2
        while name in self.taken:
            name, number = f"{stem}-{number}", number + 1
        self.taken.add(name)
        return name


def manifest(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> Object:
    """Make a manifest; empty fields of the metadata are left out."""
    given = {key: value for key, value in metadata.items() if value}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name, **given}, "spec": spec}


def checked(found: Imported) -> Imported:
    """Refuse manifests that the API server would reject, with its reason."""
    for body in found.manifests:
        if errors := object_errors(body):
            return replace(found, manifests=(), refused="; ".join(map(str, errors)))
    return found


def as_yaml(imported: Iterable[Imported]) -> Iterator[str]:
    """Write manifests as YAML documents, each with its remarks as comments."""
    import yaml  # noqa: PLC0415 - only the commands that write YAML need it

    for found in imported:
        for number, body in enumerate(found.manifests):
            remarks = found.remarks if number == 0 else ()
            comments = [f"# {found.source}: {_one_line(remark)}" for remark in remarks]
            text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
            yield "\n".join(["---", *comments, text.rstrip("\n")])


def _one_line(text: str) -> str:
    return " ".join(text.split())
