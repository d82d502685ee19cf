"""Event recorder: core/v1 Events for `kubectl describe`, at most one a minute for each object and reason.

`EventRecorder.record` sends nothing and cannot fail. The owner of the recorder calls `flush` every few seconds. The
name of an Event follows from its object and its content, so that a repetition after a restart updates the same Event.
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
"""Length limit of the API server, in bytes of UTF-8."""

_INTERVAL: Final = timedelta(minutes=1)
_MAX_CONCURRENT_WRITES: Final = 8
"""Other calls have free connections beside these writes."""
_REMEMBERED: Final = 4096

log = structlog.get_logger("process_operator")

EventType = Literal["Normal", "Warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """An occurrence that happened `count` times, from `first` to `last` (aware datetimes).

    `involved` has apiVersion, kind, name, namespace and uid of the object. `about` distinguishes occurrences with the
    same reason, for example by the name of a run. It is empty if all occurrences of the reason are the same.
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
        """The name of the Event. It follows from the object and the content, not from time or count."""
        said = "\0".join((self.involved["uid"], self.reason, self.about))
        return f"{self.involved['name']}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


class EventRecorder:
    """Event recorder: writes the first occurrence of a reason at the next flush, and later ones once a minute.

    Occurrences in between are combined to one Event with the newest message and their `count`. At most `limit` pairs of
    object and reason are pending. Further ones, and Events that the server rejects, are counted in `dropped`.
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
        """Flush every so many `seconds`, or when the server allows it, until cancelled. `yield_to_due` is awaited before."""
        pause = seconds
        while True:
            await asyncio.sleep(pause)
            await yield_to_due()
            errors = await self.flush(clock())
            pause = max([seconds, *map(retry_after, errors)])
            for error in errors:
                # A namespace that is being deleted takes no Events, and no user would read them.
                if not isinstance(error, NamespaceTerminating | NotFound):
                    log.warning("an Event was not written", error=str(error))

    async def flush(self, now: datetime, *, everything: bool = False) -> list[ApiError]:
        """Write due Events (`everything` at the end of the process), and return the errors for the log.

        Events that the server rejects are dropped. If the server is unreachable, an Event waits one more minute, and
        those after it wait for the next flush. Never raises an ApiError.
        """
        self._quiet_until = {key: until for key, until in self._quiet_until.items() if until > now}
        due = [key for key in self._waiting if everything or key not in self._quiet_until]
        errors: list[ApiError] = []
        for begin in range(0, len(due), _MAX_CONCURRENT_WRITES):
            results = await asyncio.gather(
                *(self._write(key, now) for key in due[begin : begin + _MAX_CONCURRENT_WRITES])
            )
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
    """Write one Event, and return its new count.

    `known` is the count of the Event after its last write. An existing Event without a known count was written before a
    restart, most likely for this occurrence. It is updated without counting again. Raises ApiError.
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
