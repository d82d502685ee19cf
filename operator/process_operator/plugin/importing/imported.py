"""Imported schedule: manifests with the remarks that a person has to read, or the reason why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.yaml_text import yaml_text
from process_operator.plugin.terminal import printable
from process_operator.resources.names import MAX_NAME
from process_operator.resources.schedule import Schedule
from process_operator.resources.validation import object_errors
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import check_schedule

if TYPE_CHECKING:
    from datetime import datetime

    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object

_NOT_OF_NAMES: Final = re.compile(r"[^a-z0-9]+")
_WIDTH: Final = 120


@dataclass(frozen=True, slots=True)
class Imported:
    """Result for one schedule of another system; `source` is its name there.

    `rejected` says why there is no manifest, `left_out` why none is wanted.
    """

    source: str
    manifests: tuple[Object, ...] = ()
    remarks: tuple[str, ...] = ()
    rejected: str = ""
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


def manifest(kind: Kind, name: str, spec: dict[str, Any], **metadata: Any) -> Object:
    """Make a manifest; empty fields of the metadata are left out."""
    given = {key: value for key, value in metadata.items() if value}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name, **given}, "spec": spec}


def checked(found: Imported, *, now: datetime) -> Imported:
    """Remove manifests that the API server or the operator would reject, and keep the reason. `now` is UTC."""
    for body in found.manifests:
        if errors := object_errors(body) or _schedule_errors(body, now):
            return replace(found, manifests=(), rejected="; ".join(map(str, errors)))
    return found


def _schedule_errors(body: Object, now: datetime) -> list[ScheduleError]:
    """Judge the schedule of a request as the operator does. A finishTime that has passed does not count."""
    given = body["spec"].get("timing", {}).get("schedule")
    if given is None:
        return []
    schedule = Schedule.model_validate(given)
    if schedule.finish_time is not None and schedule.finish_time <= now:
        schedule = schedule.model_copy(update={"finish_time": None})
    metadata = body["metadata"]
    try:
        check_schedule(schedule, now=now, key=f"{metadata.get('namespace', '')}/{metadata['name']}")
    except ScheduleError as error:
        return [error]
    return []


def as_yaml(imported: Iterable[Imported]) -> Iterator[str]:
    """Write manifests as YAML documents, each with its remarks as comments."""
    for found in imported:
        for number, body in enumerate(found.manifests):
            remarks = found.remarks if number == 0 else ()
            comments = [_comment(f"{found.source}: {remark}") for remark in remarks]
            yield "\n".join(["---", *comments, yaml_text(body, width=_WIDTH).rstrip("\n")])


def _comment(text: str) -> str:
    """Write a text of another system as one comment line, without characters that control the terminal."""
    return f"# {printable(' '.join(text.split()))}"
