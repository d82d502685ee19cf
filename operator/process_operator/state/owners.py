"""Owner index: which request an object belongs to, and which requests use a Process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from process_operator.resources import names
from process_operator.resources.kinds import (
    CRONJOB,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.process import Process
from process_operator.resources.types import NamespacedName, Object
from process_operator.state.caches import Caches
from process_operator.state.codec import process_named_in
from process_operator.state.object_cache import Entry


class OwnerIndex:
    """Finds the request of an object by its controller or its label, and the users of a Process."""

    def __init__(self, caches: Caches) -> None:
        self._caches = caches
        self._users: dict[NamespacedName, set[NamespacedName]] = {}
        """Requests by the Process that they name."""
        self._groups: dict[NamespacedName, set[NamespacedName]] = {}
        """Processes with steps by the Process that a step names."""

    def key_of(self, kind: Kind, raw: Object) -> NamespacedName | None:
        """Give the request of an object, or None if it is unknown. A Process has its own key."""
        metadata = raw["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        if kind is PROCESS_REQUEST or kind is PROCESS:
            return namespace, name
        if kind is PROCESS_RUN or kind is PROCESS_BACKFILL:
            return namespace, raw["spec"]["request"]["name"]
        owner = next((owner for owner in metadata.get("ownerReferences") or () if owner.get("controller")), None)
        of_owner = self._key_of_owner(kind, namespace, owner) if owner is not None else None
        if of_owner is not None:
            return of_owner
        request = (metadata.get("labels") or {}).get(names.LABEL_REQUEST)
        return (namespace, request) if request is not None else None

    def _key_of_owner(self, kind: Kind, namespace: str, owner: Object) -> NamespacedName | None:
        """Give the request of a controller. An owner reference proves it, and a label does not."""
        if kind is CRONJOB:
            key = namespace, owner["name"]
            return key if self._caches.is_held(key, owner["uid"]) else None
        held: Entry[Any] | None = self._caches.of(JOB if kind is POD else PROCESS_RUN).get(namespace, owner["name"])
        return held.key if held is not None and held.uid == owner["uid"] else None

    def users(self, process: NamespacedName) -> set[NamespacedName]:
        """Give the requests that name a Process."""
        return self._users.get(process, set())

    def affected_by(self, process: NamespacedName) -> Iterator[NamespacedName]:
        """Give a Process and all Processes that have it as a step."""
        yield process
        yield from sorted(self._groups.get(process, ()))

    def index_request(self, key: NamespacedName, raw: Object | None) -> None:
        """Index the Process of a new version of a request; None if the request is deleted."""
        held = self._caches.requests.get(*key)
        before = held.value.process() if held is not None else None
        if before is not None:
            self._users[key[0], before].discard(key)
        if raw is not None and (process := process_named_in(raw["spec"])) is not None:
            self._users.setdefault((key[0], process), set()).add(key)

    def index_process(self, key: NamespacedName, process: Process | None) -> None:
        """Index the steps of a new version of a Process; None if the Process is deleted."""
        held = self._caches.processes.get(*key)
        for step in held.value.spec.steps or () if held is not None else ():
            self._groups.get((key[0], step.process.name), set()).discard(key)
        for step in process.spec.steps or () if process is not None else ():
            self._groups.setdefault((key[0], step.process.name), set()).add(key)
