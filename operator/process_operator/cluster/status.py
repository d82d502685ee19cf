"""Status writes: the whole status of one object in one PATCH, without loss of conditions that other programs wrote.

An object is shared. Another program may add a condition between the snapshot of a decision and the write that follows.
The PATCH therefore names the version of the snapshot. If only foreign conditions or the metadata have changed since, it
is repeated with them. Any other change means that the decision is out of date.
"""

from __future__ import annotations

from typing import Final

from process_operator.cluster.api import Api
from process_operator.cluster.errors import Conflict, Invalid
from process_operator.resources.conditions import own_conditions, with_those_of_others
from process_operator.resources.kinds import Kind
from process_operator.resources.process import Process, ProcessStatus
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus
from process_operator.resources.types import Object

AnyStatus = ProcessStatus | ProcessRunStatus | ProcessBackfillStatus

_TRIES: Final = 5


class StatusChanged(Conflict):
    """The object was replaced, or its status has changed since the snapshot. `current` is the present object."""

    def __init__(self, current: Object) -> None:
        name = current["metadata"]["name"]
        super().__init__(f"{name} has changed since it was read", status=409, reason="Conflict")
        self.current = current


async def replace_status(
    api: Api, kind: Kind, seen: Process | ProcessRun | ProcessBackfill, status: AnyStatus
) -> Object:
    """Replace the status of `seen`, keep the conditions of other programs, and return the written object.

    Raises NotFound, StatusChanged, Conflict if other programs write all the time, and Invalid if the API server rejects
    the status itself.
    """
    metadata = seen.metadata
    version, there = metadata.resource_version, seen.status.to_api().get("conditions") or ()
    for _ in range(_TRIES):
        wanted = status.to_api()
        wanted["conditions"] = with_those_of_others(wanted.get("conditions") or (), there)
        try:
            return await api.patch(
                kind,
                metadata.namespace,
                metadata.name,
                status_patch(metadata.uid, version, wanted),
                subresource="status",
            )
        except Invalid:
            # It is the API server's answer to a failed test, too.
            current = await api.get(kind, metadata.namespace, metadata.name)
            if current["metadata"]["resourceVersion"] == version:
                raise
        found = type(seen).model_validate(current)
        if found.metadata.uid == metadata.uid and _ours(found.status) == _ours(status):
            return current  # written by an earlier try, whose answer was lost
        if found.metadata.uid != metadata.uid or _ours(found.status) != _ours(seen.status):
            raise StatusChanged(current)
        version = current["metadata"]["resourceVersion"]
        there = (current.get("status") or {}).get("conditions") or ()
    raise Conflict(f"{metadata.name} is written by others all the time", status=409, reason="Conflict")


def status_patch(uid: str, version: str, status: Object) -> list[Object]:
    """The JSON patch that sets the status of exactly this version of an object to `status`.

    It tests the UID itself, because the API server ignores the UID of a merge patch on a status.
    """
    return [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/status", "value": status},
    ]


def _ours(status: AnyStatus) -> AnyStatus:
    """Drop the conditions of other programs from a status."""
    return status.model_copy(update={"conditions": own_conditions(status.conditions)})
