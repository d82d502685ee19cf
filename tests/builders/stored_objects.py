"""Objects of one request with versions, and a store that sees them. Neighbour: `snapshots.py` has parsed objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import template

from process_operator.resources.kinds import Kind
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

CLOSE: NamespacedName = ("erp", "close")


class Seen(Store):
    """A store that notes which requests it marked as dirty."""

    def __init__(self) -> None:
        self.now = at("12:00")
        self.dirty: list[NamespacedName] = []
        self.changed: list[NamespacedName] = []
        super().__init__(on_dirty=self.dirty.append, on_process=self.changed.append, clock=self.clock)

    def clock(self) -> datetime:
        return self.now

    def see(self, kind: Kind, body: Object, *, deleted: bool = False) -> bool:
        return self.apply(kind, body, deleted=deleted)


def body(name: str, version: int, uid: str | None = None, **parts: Any) -> Object:
    metadata = {
        "name": name,
        "namespace": "erp",
        "uid": uid or f"uid-of-{name}",
        "resourceVersion": str(version),
        "creationTimestamp": "2027-03-01T12:00:00Z",
        **parts.pop("metadata", {}),
    }
    return {"metadata": metadata, **parts}


def a_request(version: int = 1, uid: str | None = None, **spec: Any) -> Object:
    if "process" not in spec:
        spec["jobTemplate"] = template()
    return body("close", version, uid, spec={"timing": {"runImmediately": {}}, **spec})


def a_run(version: int = 1, phase: str = "Pending", name: str = "run", uid: str | None = None) -> Object:
    spec = {"request": {"name": "close"}, "trigger": "Manual"}
    return body(name, version, uid, spec=spec, status={"phase": phase})


LABELS = {"labels": {"process-operator.io/request": "close", "process-operator.io/request-uid": "uid-of-close"}}
OF_RUN = {"ownerReferences": [{"kind": "ProcessRun", "name": "run", "uid": "uid-of-run", "controller": True}]}


def a_job(version: int = 1, name: str = "run", **parts: Any) -> Object:
    metadata = {**LABELS, **OF_RUN, **parts.pop("metadata", {})}
    return body(name, version, metadata=metadata, spec=parts.pop("spec", {}), status=parts)


def a_pod(version: int = 1, phase: str = "Succeeded", job: str = "run") -> Object:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": f"uid-of-{job}", "controller": True}
    return body(
        f"{job}-abcde", version, metadata={**LABELS, "ownerReferences": [owner]}, spec={}, status={"phase": phase}
    )


DONE = [{"type": "Complete", "status": "True"}]
