"""Cluster in memory and its API, as far as the API server matters to the operator.

`Cluster` holds the objects and does what the server, its admission and the garbage collector do at once; what takes
time (Jobs, pods, CronJobs) is done by `controllers.py`. `MemoryApi` stands in for `process_operator.cluster.api.Api`,
counts the writes and can die at any of them. `driver.py` puts both together with a real operator.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import orjson
from tests.builders.objects import Object
from tests.flow.status_schema import problems

from process_operator.cluster.api import Api
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Invalid,
    NotFound,
    ServerError,
    Unreachable,
)
from process_operator.cluster.listing import PAGE_SIZE, Listing, Page
from process_operator.resources import types
from process_operator.resources.kind import NOT_OBSERVED
from process_operator.resources.kinds import (
    CONFIG_MAP,
    CRONJOB,
    EVENT,
    JOB,
    POD,
    PROCESS,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.names import SUSPENSION_MARKS
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun, RunPhase
from process_operator.watch.selections import SELECTIONS

KINDS: Final = (PROCESS, PROCESS_REQUEST, PROCESS_BACKFILL, PROCESS_RUN, CRONJOB, JOB, POD, EVENT, CONFIG_MAP)
_WITH_STATUS: Final = frozenset({PROCESS, PROCESS_REQUEST, PROCESS_BACKFILL, PROCESS_RUN, CRONJOB, JOB, POD})
_OURS: Final = {
    PROCESS: Process.definition,
    PROCESS_REQUEST: ProcessRequest.definition,
    PROCESS_BACKFILL: ProcessBackfill.definition,
    PROCESS_RUN: ProcessRun.definition,
}
_FINISHED: Final = frozenset(phase.value for phase in RunPhase if phase.is_finished)
_LATENCY: Final = timedelta(milliseconds=3)
"""Duration of every call on the fake clock: now is never a whole second for long, as in reality."""


class Clock:
    """Clock of a test, UTC."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def text(self) -> str:
        """Now as the API server writes it: whole seconds."""
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class WatchEvent:
    """An event that a watch delivers."""

    kind: Kind
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    body: Object


@dataclass(frozen=True)
class Write:
    """One write of an operator."""

    verb: str
    resource: str
    name: str
    body: Object = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


class Cluster:
    """Objects of a cluster, with all deleted ones.

    A body that is held here is never changed: a write puts another one in its place. Reads return it uncopied, and a
    caller must not change it. `MemoryApi` copies what the operator sends and gets.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.objects: dict[Kind, dict[tuple[str, str], Object]] = {kind: {} for kind in KINDS}
        self.deleted: dict[Kind, list[Object]] = {kind: [] for kind in KINDS}
        self.made: dict[Kind, Counter[str]] = {kind: Counter() for kind in KINDS}
        """Number of creations by name."""
        self.writes: list[Write] = []
        """Writes of all operators, without dry runs and Events."""
        self.rejections: dict[tuple[str, Kind], Callable[[Object], ApiError | None]] = {}
        """Errors that the server returns in place of success, by verb and kind."""
        self.webhooks: dict[Kind, Callable[[Object], None]] = {}
        """Changes of admission to an object that is being created, also in a dry run, by kind."""
        self.collector_away = False
        self.foreign_uids: set[str] = set()
        """UIDs of owners of kinds that are not held here."""
        self._version = 1000
        self._uids = 0
        self._watchers: list[deque[WatchEvent]] = []

    # ---- what tests ask

    def all(self, kind: Kind) -> list[Object]:
        """Every object of a kind, by name."""
        return [self.objects[kind][key] for key in sorted(self.objects[kind])]

    def find(self, kind: Kind, name: str, namespace: str = "default") -> Object | None:
        """One object, or None."""
        return self.objects[kind].get((namespace, name))

    def read(self, kind: Kind, name: str, namespace: str = "default") -> Object:
        """One object; raises NotFound."""
        body = self.find(kind, name, namespace)
        if body is None:
            raise NotFound(f'{kind.plural} "{name}" not found', status=404, reason="NotFound")
        return body

    # ---- what people and controllers do

    def create(self, kind: Kind, body: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        """POST."""
        made: Object = copied(body)
        metadata = made["metadata"]
        namespace = metadata.setdefault("namespace", "default")
        if "name" not in metadata:
            self._uids += 1
            metadata["name"] = f"{metadata.pop('generateName')}{self._uids:05d}"
        if kind in self.webhooks:
            self.webhooks[kind](made)
        self._admit("create", kind, made)
        if (namespace, metadata["name"]) in self.objects[kind]:
            message = f'{kind.plural}.{kind.group} "{metadata["name"]}" already exists'
            raise AlreadyExists(message, status=409, reason="AlreadyExists")
        if kind in _WITH_STATUS:
            made["status"] = {"phase": "Pending"} if kind is POD else {}
        if kind in _OURS:
            made["status"] = {"observedGeneration": NOT_OBSERVED, **_OURS[kind].status_default}
        if kind is PROCESS_BACKFILL:
            made["spec"] = {"maxActiveRuns": 1, "cancel": False, **made["spec"]}
        if kind is PROCESS_RUN:
            made["spec"] = {"trigger": "Manual", "cancel": False, **made["spec"]}
            _check_run(None, made)
        if dry_run:
            return made
        self._uids += 1
        metadata["uid"] = f"{self._uids:08d}-0000-4000-8000-000000000000"
        metadata["creationTimestamp"] = self.clock.text()
        metadata["generation"] = 1
        self.made[kind][metadata["name"]] += 1
        return self._store(kind, made)

    def patch(
        self, kind: Kind, namespace: str, name: str, patch: Object | list[Object], *, subresource: str | None = None
    ) -> Object:
        """PATCH: a merge patch, or a JSON patch if it is a list."""
        before = self.read(kind, name, namespace)
        expected = None if isinstance(patch, list) else (patch.get("metadata") or {}).get("resourceVersion")
        if expected is not None and expected != before["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified", status=409, reason="Conflict")
        if not isinstance(patch, list) and (patch.get("metadata") or {}).get("uid") not in (
            None,
            before["metadata"]["uid"],
        ):
            raise _invalid("metadata.uid: field is immutable")
        wanted = _json_patched(before, patch) if isinstance(patch, list) else _merged(before, patch)
        if kind in _WITH_STATUS:
            if subresource == "status":
                # The status of a CronJob takes metadata along, that of our own kinds does not.
                metadata = wanted["metadata"] if kind is CRONJOB else before["metadata"]
                wanted = {**before, "metadata": metadata, "status": wanted.get("status") or {}}
            else:
                wanted = {**wanted, "status": before.get("status")}
        if kind is PROCESS_RUN:
            wanted = {**wanted, "status": {"phase": "Pending", **wanted["status"]}}
            _check_run(before, wanted)
        if kind in _OURS and subresource == "status" and (found := problems(kind, wanted["status"])):
            raise _invalid(f'{kind.plural}.{kind.group} "{name}" is invalid: {"; ".join(found)}')
        self._admit("patch", kind, wanted)
        if wanted == before:
            return before
        if wanted.get("spec") != before.get("spec"):
            generation = before["metadata"]["generation"] + 1
            wanted = {**wanted, "metadata": {**wanted["metadata"], "generation": generation}}
        return self._store(kind, wanted)

    def delete(self, kind: Kind, name: str, namespace: str = "default", *, propagation: str = "Background") -> None:
        """DELETE. Owned objects are collected at once, or orphaned; pods are left to their node."""
        body = self.objects[kind].get((namespace, name))
        if body is None:
            raise NotFound(f'{kind.plural} "{name}" not found', status=404, reason="NotFound")
        if kind is POD and "deletionTimestamp" not in body["metadata"]:
            self.patch(POD, namespace, name, {"metadata": {"deletionTimestamp": self.clock.text()}})
            return
        if propagation == "Orphan":
            self._orphan(body["metadata"]["uid"])
        self.remove(kind, name, namespace)
        self.collect_garbage()

    def remove(self, kind: Kind, name: str, namespace: str = "default") -> None:
        """Take an object out of the store, and tell the watchers."""
        before = self.objects[kind].pop((namespace, name))
        body = {**before, "metadata": {**before["metadata"], "resourceVersion": self._next_version()}}
        self.deleted[kind].append(body)
        self._tell(kind, before, None, body)

    def collect_garbage(self) -> None:
        """Delete objects whose owners are all deleted."""
        while not self.collector_away:
            alive = {
                body["metadata"]["uid"] for kind in KINDS for body in self.objects[kind].values()
            } | self.foreign_uids
            found = [
                (kind, body["metadata"])
                for kind in KINDS
                for body in self.objects[kind].values()
                if (owners := body["metadata"].get("ownerReferences"))
                and not {owner["uid"] for owner in owners} & alive
                if not (kind is POD and "deletionTimestamp" in body["metadata"])
            ]
            if not found:
                return
            for kind, metadata in found:
                if kind is POD:
                    self.delete(POD, metadata["name"], metadata["namespace"])
                else:
                    self.remove(kind, metadata["name"], metadata["namespace"])

    def list(
        self, kind: Kind, namespace: str | None, labels: str | None = None, fields: str | None = None
    ) -> tuple[list[Object], str]:
        """Matching objects, and the version of the list."""
        bodies = [
            body
            for body in self.all(kind)
            if namespace in (None, body["metadata"]["namespace"]) and _matches(body, labels, fields)
        ]
        return bodies, str(self._version)

    def watch(self) -> deque[WatchEvent]:
        """Start a watch of all kinds of the operator; events are appended to the returned queue."""
        events: deque[WatchEvent] = deque()
        self._watchers.append(events)
        return events

    def unwatch(self, events: deque[WatchEvent]) -> None:
        """End a watch."""
        self._watchers = [watcher for watcher in self._watchers if watcher is not events]

    # ---- inside

    def _admit(self, verb: str, kind: Kind, body: Object) -> None:
        reject = self.rejections.get((verb, kind))
        error = reject(body) if reject is not None else None
        if error is not None:
            raise error

    def _store(self, kind: Kind, body: Object) -> Object:
        metadata = {**body["metadata"], "resourceVersion": self._next_version()}
        stored: Object = {**body, "metadata": metadata}
        key = (metadata["namespace"], metadata["name"])
        before = self.objects[kind].get(key)
        self.objects[kind][key] = stored
        self._tell(kind, before, stored, stored)
        return stored

    def _next_version(self) -> str:
        self._version += 1
        return str(self._version)

    def _tell(self, kind: Kind, before: Object | None, after: Object | None, newest: Object) -> None:
        selection = next((selection for selection in SELECTIONS if selection.kind is kind), None)
        if selection is None:
            return
        was = before is not None and _matches(before, selection.labels, selection.fields)
        is_now = after is not None and _matches(after, selection.labels, selection.fields)
        if not was and not is_now:
            return
        if is_now:
            event = WatchEvent(kind, "MODIFIED" if was else "ADDED", newest)
        elif after is None:
            event = WatchEvent(kind, "DELETED", newest)
        else:
            # It left the selection: the server shows it as it was, with the new version.
            assert before is not None
            version = newest["metadata"]["resourceVersion"]
            left = {**before, "metadata": {**before["metadata"], "resourceVersion": version}}
            event = WatchEvent(kind, "DELETED", left)
        for watcher in self._watchers:
            watcher.append(event)

    def _orphan(self, uid: str) -> None:
        for kind in KINDS:
            for (namespace, name), body in list(self.objects[kind].items()):
                owners = body["metadata"].get("ownerReferences") or []
                kept = [owner for owner in owners if owner["uid"] != uid]
                if kept != owners:
                    self.patch(kind, namespace, name, {"metadata": {"ownerReferences": kept or None}})


class Crash(BaseException):
    """The operator's process ends here: nothing catches this but the driver."""


Moment = Literal["before", "after", "failed", "unanswered"]


@dataclass(frozen=True)
class CrashPoint:
    """A failure at one write (of all operators).

    `before` and `after`: the process ends before or after the write's effect. `failed`: the server answers 500 and
    does nothing. `unanswered`: the server does it, and the answer is lost.
    """

    write: int
    moment: Moment


class MemoryApi(Api):
    """The Api of one operator process. `cluster.writes` counts; `crash_at` ends the process."""

    def __init__(self, cluster: Cluster, crash_at: CrashPoint | None = None) -> None:
        self._cluster = cluster
        self._crash_at = crash_at
        self.reads = 0
        self.before_answer: Callable[[], object] = lambda: None
        """Hook between the effect of a call and its answer."""

    async def _write(self, write: Write, do: Callable[[], Object | None]) -> Object:
        self._cluster.clock.now += _LATENCY
        self._cluster.writes.append(write)
        moment = None
        if self._crash_at is not None and self._crash_at.write == len(self._cluster.writes):
            moment = self._crash_at.moment
        if moment == "before":
            raise Crash(str(write))
        if moment == "failed":
            raise ServerError("etcdserver: leader changed", status=500)
        try:
            answer = do()
        finally:
            if moment == "after":
                raise Crash(str(write))
        await self._under_way()
        if moment == "unanswered":
            raise Unreachable("connection reset by peer", maybe_done=True)
        found: Object = copied(answer or {})
        return found

    async def _read(self) -> None:
        self._cluster.clock.now += _LATENCY
        self.reads += 1
        await self._under_way()

    async def _under_way(self) -> None:
        self.before_answer()
        await asyncio.sleep(0)  # other operators have their turn

    async def create(self, kind: Kind, namespace: str, body: types.Object, *, dry_run: bool = False) -> Object:
        """POST."""
        body = {**body, "metadata": {**body["metadata"], "namespace": namespace}}
        if dry_run:
            await self._read()
            tried: Object = copied(self._cluster.create(kind, body, dry_run=True))
            return tried
        write = Write("POST", kind.plural, body["metadata"].get("name", ""), body)
        return await self._write(write, lambda: self._cluster.create(kind, body))

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """GET."""
        found = self._cluster.find(kind, name, namespace)
        await self._read()
        answer: Object = copied(found if found is not None else self._cluster.read(kind, name, namespace))
        return answer

    async def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: types.Object | list[types.Object],
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """PATCH. The operator patches nothing as a dry run."""
        assert not dry_run
        self._check_resume(kind, namespace, name, body)
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        shown = body if isinstance(body, dict) else {"operations": body}
        return await self._write(
            Write("PATCH", resource, name, shown),
            lambda: self._cluster.patch(kind, namespace, name, copied(body), subresource=subresource),
        )

    def _check_resume(self, kind: Kind, namespace: str, name: str, body: types.Object | list[types.Object]) -> None:
        """Whatever the scenario: the operator only resumes a Job that it suspended itself, as a mark on the Job
        says."""
        if kind is not JOB or isinstance(body, list) or body.get("spec", {}).get("suspend") is not False:
            return
        found = self._cluster.find(kind, name, namespace)
        if found is not None and found["spec"].get("suspend"):
            marks = set(found["metadata"].get("annotations") or {}) & set(SUSPENSION_MARKS)
            assert marks, f"Job {name} is resumed, which another controller suspended"

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> None:
        """DELETE."""
        assert not dry_run, "the operator deletes, or does not"

        def do() -> None:
            found = self._cluster.find(kind, name, namespace)
            if found is not None and uid in (None, found["metadata"]["uid"]):
                self._cluster.delete(kind, name, namespace, propagation=propagation)

        await self._write(Write("DELETE", kind.plural, name), do)

    async def pages(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> AsyncIterator[Page]:
        """GET of a collection, in pages."""
        found, version = self._cluster.list(kind, namespace, label_selector, field_selector)
        items = copied(found)
        await self._read()
        for begin in range(0, max(1, len(items)), page_size):
            yield Page(items=items[begin : begin + page_size], resource_version=version, first=begin == 0)

    async def list(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Listing:
        """GET of a collection."""
        del page_size
        self._cluster._admit("list", kind, {})
        found, version = self._cluster.list(kind, namespace, label_selector, field_selector)
        items = copied(found)
        await self._read()
        return Listing(items=items, resource_version=version)


def copied(body: Any) -> Any:
    """A deep copy of JSON."""
    return orjson.loads(orjson.dumps(body))


# ---- validation


def _check_run(before: Object | None, after: Object) -> None:
    """The CEL rules of ProcessRun that concern what the operator writes."""
    status, spec = after["status"], after["spec"]
    old = (before or {}).get("status") or {}
    if old.get("phase") in _FINISHED and status.get("phase") != old["phase"]:
        raise _invalid("status.phase: the phase of a finished run cannot be changed")
    start, end = status.get("startTime"), status.get("endTime")
    if start and end and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        raise _invalid("status.endTime: endTime must not be before startTime")
    if spec["trigger"] in ("Later", "Schedule", "CatchUp", "Backfill") and "scheduledTime" not in spec:
        raise _invalid("spec.scheduledTime: must be set")
    types = [condition["type"] for condition in status.get("conditions") or ()]
    if len(types) != len(set(types)):
        raise _invalid("status.conditions: Duplicate value")
    if before is not None and {**before["spec"], "cancel": False} != {**spec, "cancel": False}:
        raise _invalid("spec: only cancel can be changed")


def _invalid(message: str) -> Invalid:
    return Invalid(message, status=422, reason="Invalid")


# ---- patches


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), value)
    return result


def _json_patched(target: Object, operations: list[Object]) -> Object:
    result: Object = copied(target)
    for operation in operations:
        *parents, last = [
            part.replace("~1", "/").replace("~0", "~") for part in operation["path"].removeprefix("/").split("/")
        ]
        place: Any = result
        for parent in parents:
            place = place[parent]
        match operation["op"]:
            case "add" if last == "-":
                place.append(copied(operation["value"]))
            case "add" | "replace":
                place[last] = copied(operation["value"])
            case "remove":
                del place[last]
            case "test":
                if place.get(last) != operation["value"]:
                    raise _invalid(f"testing path {operation['path']} value failed")
    return result


# ---- selectors


def _matches(body: Object, labels: str | None, fields: str | None) -> bool:
    return _labels_match(body["metadata"].get("labels") or {}, labels) and _fields_match(body, fields)


def _labels_match(labels: Mapping[str, str], selector: str | None) -> bool:
    for term in _terms(selector or ""):
        if " in (" in term:
            name, _, values = term.partition(" in (")
            if labels.get(name) not in values.removesuffix(")").split(","):
                return False
        elif "=" in term:
            name, _, value = term.partition("=")
            if labels.get(name) != value:
                return False
        elif term not in labels:
            return False
    return True


def _terms(selector: str) -> Iterator[str]:
    depth, term = 0, ""
    for letter in selector:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            yield term
            term = ""
        else:
            term += letter
    if term:
        yield term


def _fields_match(body: Object, selector: str | None) -> bool:
    for term in (selector or "").split(",") if selector else ():
        unequal = "!=" in term
        path, _, value = term.partition("!=" if unequal else "=")
        found: Any = body
        for part in path.split("."):
            found = (found or {}).get(part)
        if (str(found or "") == value) == unequal:
            return False
    return True
