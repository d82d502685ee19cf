"""Context of an action: the request that it concerns, and the services that it uses.

A service is a small protocol if tests have an implementation of their own. Neighbour: `executor.py` makes contexts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from process_operator.actions.rejections import blocked_by
from process_operator.cluster.api import Api
from process_operator.cluster.errors import AlreadyExists, ApiError, Forbidden, Invalid, NotFound
from process_operator.cluster.events import EventType
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import KillJob, Notify, ReadLog
from process_operator.resources.kinds import Kind
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import NamespacedName, Object
from process_operator.state.facts import RequestFacts
from process_operator.state.reducer import Observation
from process_operator.state.store import Store

QUOTA_RETRY: Final = timedelta(seconds=15)
"""Time after which the operator tries again what a quota rejected."""


class Logs(Protocol):
    """Reads the logs of runs in the background (`log_reader.py`)."""

    def start(self, key: NamespacedName, action: ReadLog) -> None:
        """Read (or follow) the log of a run's container."""

    async def follow_before_kill(self, key: NamespacedName, action: KillJob) -> None:
        """Open the log of a Job that is about to be killed; returns when the server has begun to send it."""


class Notifications(Protocol):
    """Sends notifications in the background (`notify/notifier.py`)."""

    def start(self, key: NamespacedName, action: Notify) -> None:
        """Send an event to its receivers."""


class Events(Protocol):
    """Writes Kubernetes Events in the background (`cluster/events.py`)."""

    def record(
        self,
        involved: Mapping[str, str],
        reason: str,
        message: str,
        *,
        now: datetime,
        type: EventType = "Normal",  # noqa: A002 - the field's name
        about: str = "",
    ) -> None:
        """Record what happened to an object. Returns at once and never fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Services that all actions share."""

    api: Api
    store: Store
    clock: Callable[[], datetime]
    events: Events
    logs: Logs
    notifications: Notifications
    follow_config_map: Callable[[str, str], Awaitable[None]]
    """Reads a ConfigMap by namespace and name, and watches it from then on."""
    chance: Callable[[], float]
    term: Callable[[], int]
    """Returns the number of clock breaks so far (`clock_guard.py`). What was decided in an earlier term is outdated."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One request as a decision saw it, with the services to act."""

    services: Services
    key: NamespacedName
    snapshot: Snapshot

    @property
    def api(self) -> Api:
        """The API client."""
        return self.services.api

    @property
    def store(self) -> Store:
        """The store."""
        return self.services.store

    @property
    def namespace(self) -> str:
        """The namespace of the request and of all that belongs to it."""
        return self.key[0]

    @property
    def facts(self) -> RequestFacts:
        """Facts that the operator remembers about the request."""
        return self.store.facts(self.key)

    def observe(self, observation: Observation) -> None:
        """Report an observation of an action."""
        self.store.observe(self.key, observation)

    def now(self) -> datetime:
        """The time (UTC)."""
        return self.services.clock()

    def with_run(self, run: ProcessRun) -> ActionContext:
        """Give the context with a run that the operator has just created, which is not in the snapshot."""
        return replace(self, snapshot=replace(self.snapshot, runs=(*self.snapshot.runs, run)))

    def blocked_by(self, what: str, error: ApiError, before: Blocked | None) -> Blocked:
        """Give the observation about a failed call; `before` is the observation about the failure before it."""
        return blocked_by(what, error, before, self.now(), chance=self.services.chance)

    async def create(self, kind: Kind, manifest: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """Create an object. Raises AlreadyExists if its name is taken, whatever else the API server has against it.

        Quotas and admission policies reject an object before the API server compares names. An earlier try without an
        answer may have created the object, and may have filled the quota itself. So may another operator.
        """
        try:
            return await self.api.create(kind, self.namespace, dict(manifest), dry_run=dry_run)
        except (Forbidden, Invalid) as error:
            name = manifest["metadata"]["name"]
            try:
                await self.api.get(kind, self.namespace, name)
            except ApiError:
                raise error from None
            message = f'{kind.plural} "{name}" already exists'
            raise AlreadyExists(message, status=409, reason="AlreadyExists", maybe_done=error.maybe_done) from error

    async def is_replaced(self, kind: Kind, name: str, uid: str) -> bool:
        """Whether the object with this UID is deleted. Then no object has the name, or one with another UID."""
        try:
            current = await self.api.get(kind, self.namespace, name)
        except NotFound:
            current = None
        if current is not None and current["metadata"]["uid"] == uid:
            return False
        self.store.mark_deleted(kind, self.namespace, name, uid=uid)
        return True

    async def get(self, kind: Kind, name: str) -> tuple[Object, Callable[[], None]]:
        """Read an object, and give it with a function that confirms it in the store.

        The store may have marked the object as deleted, because a watch or a list did not show it any more.
        """
        tombstones_added = self.store.cache(kind).tombstones_added
        found = await self.api.get(kind, self.namespace, name)
        return found, lambda: self.store.confirm(kind, found, tombstones_added)


Handlers = dict[type[Any], Callable[[ActionContext, Any], Awaitable[None]]]
"""The function that carries out each kind of action."""


def aimed(patch: Mapping[str, Any], uid: str) -> Object:
    """Give a merge patch that applies to the object with this UID only.

    The API server rejects a patch that would change the UID of another object.
    """
    return {**patch, "metadata": {**(patch.get("metadata") or {}), "uid": uid}}
