"""Client of one user: reads and writes of requests, runs and backfills, as that user's rights allow.

Every write is one call to the API server. Neighbours: `opening.py` opens it, `run_table.py` lists many runs.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from process_operator.client.rights import who_am_i
from process_operator.cluster.errors import AlreadyExists, ApiError, NotFound
from process_operator.resources.kinds import (
    CONFIG_MAP,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
)
from process_operator.resources.model import format_instant
from process_operator.resources.names import (
    ANNOTATION_REQUESTED_BY,
    ANNOTATION_RESCHEDULE,
    ANNOTATION_SUSPEND_REASON,
    ANNOTATION_SUSPENDED_BY,
)
from process_operator.resources.user_names import reschedule_value

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import NamespacedName, Object

_MAX_SINGLE_READS: Final = 50
"""Above this number, one list of all runs costs the API server less than a read of each."""
_NAME_ROOM: Final = 50
"""Characters of a request's name in the generated name of its run, so that the whole stays within 63."""
_SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
"""Characters of generated names (Kubernetes, `k8s.io/apimachinery/pkg/util/rand`): without vowels there are no words."""
_SUFFIX_LENGTH: Final = 5


class Client:
    """The objects of process-operator, with `namespace` as the default. Every method raises ApiError."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace

    # ---- read

    async def request(self, name: str) -> Object:
        """Read one ProcessRequest."""
        return await self.api.get(PROCESS_REQUEST, self.namespace, name)

    async def requests(self, *, everywhere: bool = False, selector: str | None = None) -> list[Object]:
        """List ProcessRequests of the namespace, or of all namespaces, by namespace and name."""
        return await self._list(PROCESS_REQUEST, everywhere=everywhere, selector=selector)

    async def processes(self, *, everywhere: bool = False) -> list[Object]:
        """List Processes of the namespace, or of all namespaces."""
        return await self._list(PROCESS, everywhere=everywhere)

    async def process(self, name: str) -> Object:
        """Read one Process."""
        return await self.api.get(PROCESS, self.namespace, name)

    async def run(self, name: str) -> Object:
        """Read one ProcessRun."""
        return await self.api.get(PROCESS_RUN, self.namespace, name)

    async def runs_of(self, request: str) -> list[Object]:
        """List the runs of a request, without those of steps, oldest first."""
        found = await self.api.list(PROCESS_RUN, self.namespace, field_selector=f"spec.request.name={request}")
        own: list[Object] = [run for run in found.items if not run["spec"].get("parent")]
        return sorted(own, key=lambda run: (due_of(run), str(run["metadata"]["name"])))

    async def runs_named(self, names: Sequence[NamespacedName], *, everywhere: bool = False) -> list[Object]:
        """Read runs with their logs, in the given order. A run that was deleted meanwhile is left out."""
        if len(names) > _MAX_SINGLE_READS:
            listed = await self._list(PROCESS_RUN, everywhere=everywhere)
            found = {(run["metadata"]["namespace"], run["metadata"]["name"]): run for run in listed}
            return [found[name] for name in names if name in found]
        bodies = await asyncio.gather(*(self._run_if_any(*name) for name in names))
        return [body for body in bodies if body is not None]

    async def _run_if_any(self, namespace: str, name: str) -> Object | None:
        try:
            return await self.api.get(PROCESS_RUN, namespace, name)
        except NotFound:
            return None

    async def calendar(self, namespace: str, name: str) -> Object | None:
        """Read the ConfigMap of a calendar; None if there is none. Raises Forbidden if the user must not read it."""
        try:
            return await self.api.get(CONFIG_MAP, namespace, name)
        except NotFound:
            return None

    async def user_name(self) -> str | None:
        """Ask the API server for the name of this user; None if it does not answer that question."""
        try:
            return (await who_am_i(self.api)).name or None
        except ApiError:
            return None

    async def _list(self, kind: Kind, *, everywhere: bool, selector: str | None = None) -> list[Object]:
        namespace = None if everywhere else self.namespace
        found = await self.api.list(kind, namespace, label_selector=selector)
        items: list[Object] = list(found.items)
        return sorted(items, key=lambda body: (body["metadata"]["namespace"], body["metadata"]["name"]))

    # ---- write; `by` is the name of this user, for annotations

    async def start_run(
        self,
        request: str,
        *,
        parameters: Mapping[str, str] | None = None,
        by: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Create a Manual run of a request, under a name with a random end. `parameters` are for this run alone."""
        own = {"parameters": dict(parameters)} if parameters else {}
        body = {
            "apiVersion": PROCESS_RUN.api_version,
            "kind": PROCESS_RUN.kind,
            "metadata": _new_metadata(_generated_name(request), self.namespace, by),
            "spec": {"request": {"name": request}, "trigger": "Manual", **own},
        }
        return await self._create(PROCESS_RUN, body, dry_run=dry_run)

    async def cancel(self, kind: Kind, name: str, *, dry_run: bool = False) -> Object:
        """Ask the operator to end a run, or a backfill with its runs. It cannot be taken back."""
        return await self.api.patch(kind, self.namespace, name, {"spec": {"cancel": True}}, dry_run=dry_run)

    async def suspend(
        self, request: str, reason: str | None, *, by: str | None = None, dry_run: bool = False
    ) -> Object:
        """Suspend a request, with the user and the reason as annotations."""
        annotations = {ANNOTATION_SUSPEND_REASON: reason, ANNOTATION_SUSPENDED_BY: by}
        patch = {"metadata": {"annotations": annotations}, "spec": {"suspend": True}}
        return await self.api.patch(PROCESS_REQUEST, self.namespace, request, patch, dry_run=dry_run)

    async def resume(self, request: str, *, dry_run: bool = False) -> Object:
        """Resume a suspended request, and remove the annotations about the suspension."""
        annotations = {ANNOTATION_SUSPEND_REASON: None, ANNOTATION_SUSPENDED_BY: None}
        patch = {"metadata": {"annotations": annotations}, "spec": {"suspend": False}}
        return await self.api.patch(PROCESS_REQUEST, self.namespace, request, patch, dry_run=dry_run)

    async def reschedule(self, request: str, now: datetime, *, by: str | None = None, dry_run: bool = False) -> Object:
        """Start a new activation of a request. `now` (UTC) is the value by which the operator tells two of them apart."""
        patch = {"metadata": {"annotations": {ANNOTATION_RESCHEDULE: reschedule_value(now, by)}}}
        return await self.api.patch(PROCESS_REQUEST, self.namespace, request, patch, dry_run=dry_run)

    async def backfill(
        self,
        request: str,
        start: datetime,
        end: datetime,
        *,
        rerun: str,
        max_active_runs: int | None = None,
        by: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Create a ProcessBackfill of a request for [start, end] (UTC)."""
        at_once = {} if max_active_runs is None else {"maxActiveRuns": max_active_runs}
        body = {
            "apiVersion": PROCESS_BACKFILL.api_version,
            "kind": PROCESS_BACKFILL.kind,
            "metadata": _new_metadata(_generated_name(request), self.namespace, by),
            "spec": {
                "request": {"name": request},
                "from": format_instant(start),
                "to": format_instant(end),
                "rerun": rerun,
                **at_once,
            },
        }
        return await self._create(PROCESS_BACKFILL, body, dry_run=dry_run)

    async def create_request(self, body: Object, *, dry_run: bool = False) -> Object:
        """Create a ProcessRequest."""
        return await self._create(PROCESS_REQUEST, body, dry_run=dry_run)

    async def _create(self, kind: Kind, body: Object, *, dry_run: bool) -> Object:
        """Create an object once, even if the answer to an earlier try was lost.

        The client chooses the name, so a repeated POST finds the object of the earlier one.
        """
        try:
            return await self.api.create(kind, self.namespace, body, dry_run=dry_run)
        except AlreadyExists as error:
            if not error.maybe_done or dry_run:
                raise
            found = await self.api.get(kind, self.namespace, body["metadata"]["name"])
            if not _includes(found["spec"], body["spec"]):
                raise
            return found


def _new_metadata(name: str, namespace: str, by: str | None) -> Object:
    annotations = {"annotations": {ANNOTATION_REQUESTED_BY: by}} if by else {}
    return {"name": name, "namespace": namespace, **annotations}


def _generated_name(request: str) -> str:
    """Make a name for an object of a request, as `generateName` of the API server does."""
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(_SUFFIX_LENGTH))
    return f"{request[:_NAME_ROOM].rstrip('-.')}-{suffix}"


def _includes(found: Any, given: Any) -> bool:
    """Check whether a stored value is the given one, to which the API server may have added defaults."""
    if isinstance(found, dict) and isinstance(given, dict):
        return all(key in found and _includes(found[key], value) for key, value in given.items())
    if isinstance(found, list) and isinstance(given, list):
        return len(found) == len(given) and all(map(_includes, found, given))
    return bool(found == given)


def due_of(run: Object) -> str:
    """Return the time that a run stands for (RFC 3339, UTC): its tick, or its creation if it has none."""
    due: Any = run["spec"].get("scheduledTime") or run["metadata"]["creationTimestamp"]
    return str(due)
