"""Lease (coordination/v1) for leader election: acquired, renewed and released by one candidate.

The rules are those of client-go's leader election. A foreign hold is over if its record has not changed *here* for its
duration. The clock in the record does not count, so clocks may differ between machines. The pod of the holder owns the
Lease, so the garbage collector deletes the Lease with the pod. The next candidate need not wait then, even if the pod
could not release the Lease because an uninstall had removed its rights. Neighbour: `service/leader_election.py` decides
when.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from process_operator.cluster.api import Api
from process_operator.cluster.errors import AlreadyExists, Conflict, NotFound
from process_operator.resources.kinds import LEASE, POD
from process_operator.resources.types import Object

_MICRO_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class _Seen(NamedTuple):
    """The record as it was last read, and when it was first seen so (monotonic seconds)."""

    version: str
    holder: str
    transitions: int
    since: float


class Pod(NamedTuple):
    """The pod of a candidate, in the namespace of the Lease."""

    name: str
    uid: str


class Lease:
    """One Lease, as one candidate sees it.

    `identity` must be unique for each process, also after a restart. Other candidates may acquire the Lease `duration`
    seconds after the last renewal. `pod` owns the Lease. `clock` (UTC) is only written into it; `monotonic` (seconds)
    decides.
    """

    def __init__(  # noqa: PLR0913 - the fields of a Lease, and two clocks
        self,
        api: Api,
        *,
        namespace: str,
        name: str,
        identity: str,
        duration: float,
        pod: Pod | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.identity = identity
        self._api = api
        self._place = (namespace, name)
        self._duration = duration
        self._pod = pod
        self._clock = clock
        self._monotonic = monotonic
        self._seen: _Seen | None = None

    @property
    def holder(self) -> str:
        """Identity of the holder at the last read; empty if there was none."""
        return self._seen.holder if self._seen is not None else ""

    async def hold(self) -> bool:
        """Acquire or renew the Lease; whether this candidate holds it now. Raises ApiError."""
        if self.holder != self.identity:
            if not await self._look():
                return await self._create()
            if not self._is_free():
                return False
        return await self._write()

    async def release(self) -> None:
        """Release the Lease if this candidate holds it, so that another one need not wait. Raises ApiError."""
        seen = self._seen
        if seen is None or seen.holder != self.identity:
            return
        self._seen = None
        body = {
            "metadata": {"resourceVersion": seen.version},
            "spec": {"holderIdentity": "", "leaseDurationSeconds": 1},
        }
        try:
            await self._api.patch(LEASE, *self._place, body)
        except (Conflict, NotFound):
            return  # it is another's already

    def _is_free(self) -> bool:
        seen = self._seen
        if seen is None or seen.holder in ("", self.identity):
            return True
        return self._monotonic() - seen.since >= self._duration

    async def _look(self) -> bool:
        try:
            self._take_in(await self._api.get(LEASE, *self._place))
        except NotFound:
            self._seen = None
            return False
        return True

    async def _create(self) -> bool:
        body = {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._place[1], "namespace": self._place[0], **self._owner()},
            "spec": {**self._spec(), "acquireTime": self._now(), "leaseTransitions": 0},
        }
        try:
            self._take_in(await self._api.create(LEASE, self._place[0], body))
        except AlreadyExists:
            await self._look()
        return self.holder == self.identity

    async def _write(self) -> bool:
        seen = self._seen
        assert seen is not None
        spec = self._spec()
        metadata: dict[str, Any] = {"resourceVersion": seen.version}
        if seen.holder != self.identity:
            spec |= {"acquireTime": self._now(), "leaseTransitions": seen.transitions + 1}
            metadata |= self._owner()
        try:
            body = {"metadata": metadata, "spec": spec}
            self._take_in(await self._api.patch(LEASE, *self._place, body))
        except NotFound:
            return await self._create()
        except Conflict:
            # Another candidate was faster, or the answer to an earlier try was lost.
            await self._look()
        return self.holder == self.identity

    def _owner(self) -> dict[str, Any]:
        # A holder without a pod writes this too, because the pod of the former holder may be deleted at any time.
        pod = self._pod
        owners = (
            [] if pod is None else [{"apiVersion": POD.api_version, "kind": POD.kind, "name": pod.name, "uid": pod.uid}]
        )
        return {"ownerReferences": owners}

    def _spec(self) -> dict[str, Any]:
        return {
            "holderIdentity": self.identity,
            # The API takes whole seconds, at least one.
            "leaseDurationSeconds": max(1, round(self._duration)),
            "renewTime": self._now(),
        }

    def _now(self) -> str:
        return self._clock().strftime(_MICRO_TIME)

    def _take_in(self, raw: Object) -> None:
        version, spec = raw["metadata"]["resourceVersion"], raw.get("spec") or {}
        if self._seen is not None and self._seen.version == version:
            return
        holder, transitions = spec.get("holderIdentity") or "", int(spec.get("leaseTransitions") or 0)
        self._seen = _Seen(version, holder, transitions, self._monotonic())
