"""Events on our objects: hints for people who run `kubectl describe`, one a minute for each object and reason.

`EventRecorder.record` is called wherever something happens; it sends nothing and cannot fail. The owner of the recorder
calls `flush` every few seconds. An Event has the same name whenever the same is said about the same object, so that
what is said again after a restart is the same Event.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from process_operator.cluster.backoff import retry_after
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    NamespaceTerminating,
    NotFound,
    ServerError,
    TooManyRequests,
    Unreachable,
)
from process_operator.resources.kinds import EVENT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from process_operator.cluster.api import Api

COMPONENT: Final = "process-operator"
MAX_MESSAGE: Final = 1024
"""Bytes of UTF-8: what the API server allows."""

_INTERVAL: Final = timedelta(minutes=1)
_AT_ONCE: Final = 8
"""Events written at the same time; the other connections are for what matters."""
_REMEMBERED: Final = 4096

log = structlog.get_logger("process_operator")

EventType = Literal["Normal", "Warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """Something to be said `count` times, from `first` to `last` (aware datetimes).

    `involved` holds apiVersion, kind, name, namespace and uid of the object. `about` is what tells this occurrence from
    others of the same reason (the name of a run, for one); empty where it is always the same thing.
    """

    involved: Mapping[str, str]
    reason: str
    message: str
    type: EventType
    about: str
    count: int
    first: datetime
    last: datetime

    @property
    def name(self) -> str:
        """Of the Event: what it says about which object, not when or how often."""
        said = "\0".join((self.involved["uid"], self.reason, self.about))
        return f"{self.involved['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


class EventRecorder:
    """Gathers what happens, and writes it: the first of a reason at the next flush, the rest once a minute.

    What came meanwhile is one Event with the newest message, its `count` says how often. At most `limit` objects and
    reasons wait at a time; what is too much is counted in `dropped`, as is what the server refuses.
    """

    def __init__(self, api: Api, *, limit: int = 10_000) -> None:
        self.dropped = 0
        self._api = api
        self._limit = limit
        self._waiting: dict[tuple[str, str], Occurrence] = {}
        self._quiet_until: dict[tuple[str, str], datetime] = {}
        self._counts: OrderedDict[str, int] = OrderedDict()

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
        """Note it for the next flush; arguments as in `Occurrence`."""
        self._add(
            Occurrence(
                involved=involved,
                reason=reason,
                message=message,
                type=type,
                about=about,
                count=1,
                first=now,
                last=now,
            )
        )

    async def run(
        self, clock: Callable[[], datetime], *, seconds: float, yield_to_due: Callable[[], Awaitable[None]]
    ) -> None:
        """Flush for ever, every so many `seconds`, or when the server allows it; `yield_to_due` is awaited before."""
        pause = seconds
        while True:
            await asyncio.sleep(pause)
            await yield_to_due()
            errors = await self.flush(clock())
            pause = max([seconds, *map(retry_after, errors)])
            for error in errors:
                # A namespace that is being deleted takes no Events, and nobody would read them.
                if not isinstance(error, NamespaceTerminating | NotFound):
                    log.warning("an Event was not written", error=str(error))

    async def flush(self, now: datetime, *, everything: bool = False) -> list[ApiError]:
        """Write what is due (`everything` when the process ends), and give what went wrong, for the log.

        What the server refuses is dropped; what does not reach it waits for another minute, and what comes after it
        for the next flush. Never raises an ApiError.
        """
        self._quiet_until = {key: until for key, until in self._quiet_until.items() if until > now}
        due = [key for key in self._waiting if everything or key not in self._quiet_until]
        errors: list[ApiError] = []
        for begin in range(0, len(due), _AT_ONCE):
            results = await asyncio.gather(*(self._write(key, now) for key in due[begin : begin + _AT_ONCE]))
            errors += [error for error in results if error is not None]
            if any(_is_passing(error) for error in errors):
                break
        return errors

    async def _write(self, key: tuple[str, str], now: datetime) -> ApiError | None:
        occurrence = self._waiting.pop(key, None)
        if occurrence is None:
            return None  # another flush was faster
        self._quiet_until[key] = now + _INTERVAL
        try:
            written = await emit(self._api, occurrence, known=self._counts.get(occurrence.name))
        except ApiError as error:
            if _is_passing(error):
                self._add(occurrence)
            else:
                self.dropped += occurrence.count
            return error
        self._counts[occurrence.name] = written
        self._counts.move_to_end(occurrence.name)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return None

    def _add(self, occurrence: Occurrence) -> None:
        key = (occurrence.involved["uid"], occurrence.reason)
        other = self._waiting.get(key)
        if other is None and len(self._waiting) >= self._limit:
            self.dropped += occurrence.count
            return
        if other is not None:
            newer = occurrence if occurrence.last >= other.last else other
            count, first = occurrence.count + other.count, min(occurrence.first, other.first)
            occurrence = replace(newer, count=count, first=first)
        self._waiting[key] = occurrence


async def emit(api: Api, occurrence: Occurrence, *, known: int | None = None) -> int:
    """Write one Event at once, and give its count as it is now.

    `known` is the count that an Event of this name had when it was last written. One that exists and is not known was
    written before a restart, most likely for this very occurrence: it is brought up to date and not counted again.
    Raises ApiError.
    """
    namespace, name = occurrence.involved["namespace"], occurrence.name
    change: dict[str, Any] = {"message": _fitting(occurrence.message), "lastTimestamp": _timestamp(occurrence.last)}
    if known is not None:
        count = known + occurrence.count
        try:
            await api.patch(EVENT, namespace, name, {**change, "count": count})
        except NotFound:
            pass  # Events live for an hour; this is a new one
        else:
            return count
    try:
        await api.create(EVENT, namespace, _event(occurrence) | change)
    except AlreadyExists:
        existing = await api.patch(EVENT, namespace, name, change)
        return int(existing.get("count") or 1)
    return occurrence.count


def _event(occurrence: Occurrence) -> dict[str, Any]:
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": occurrence.name, "namespace": occurrence.involved["namespace"]},
        "involvedObject": dict(occurrence.involved),
        "reason": occurrence.reason,
        "type": occurrence.type,
        "count": occurrence.count,
        "firstTimestamp": _timestamp(occurrence.first),
        # kubectl shows the first, newer tools the second.
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
    }


def _is_passing(error: ApiError) -> bool:
    return isinstance(error, Unreachable | ServerError | TooManyRequests)


def _fitting(message: str) -> str:
    encoded = message.encode("utf-8", "replace")
    if len(encoded) <= MAX_MESSAGE:
        return encoded.decode()
    return encoded[: MAX_MESSAGE - 3].decode(errors="ignore") + "..."


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
