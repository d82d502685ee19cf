"""Log tail of a container: read at once, or followed while its pod terminates.

With a byte limit the log API keeps the *first* bytes of the window of lines, so the operator sends none. It requests a
window of lines, and keeps its last bytes in a ring while it streams. This module detects texts that replace a log;
`decisions/run/log_text.py` cleans the bytes and chooses what is stored without a log.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from process_operator.cluster.errors import TIMEOUT, ApiError, Invalid, NotFound, ServerError, Unreachable
from process_operator.resources.conditions import LogReason
from process_operator.resources.kinds import POD
from process_operator.resources.kubelet_logs import is_runtime_error_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from process_operator.cluster.api import Api
    from process_operator.cluster.transport import Query

KUBELET_RETRIES: Final = (1.0, 5.0, 25.0)
"""Seconds before each further try if the kubelet does not answer."""

SILENCE_SECONDS: Final = 12.0
"""Longest time without a byte of a log. The API server itself reports a silent kubelet after 10 seconds."""

_RECORD_BYTES: Final = 16 * 1024
"""The largest record of the runtime. `tailLines` counts records, not lines."""

NO_NODE: Final = 204
"""The HTTP status for a pod that has no node yet."""

_ENLARGEMENTS: Final = 2
_ENLARGEMENT: Final = 4
_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class TailResult:
    """The last bytes of a log, raw. `cut`: bytes before them exist, or may exist. `gone`: why there is no log."""

    data: bytes = b""
    cut: bool = False
    gone: LogReason | None = None


class Ring:
    """Ring buffer of the last `size` bytes of a stream. It counts all bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept = bytearray()
        self._bytes_seen = 0
        self._newlines_seen = 0

    def append(self, chunk: bytes) -> None:
        """Add to the end; holds at most twice the size and one chunk."""
        self._bytes_seen += len(chunk)
        self._newlines_seen += chunk.count(b"\n")
        self._kept += chunk
        if len(self._kept) > 2 * self._size:
            del self._kept[: -self._size]

    def is_short(self, lines: int) -> bool:
        """Whether a larger window than these lines would bring more that fits: it was full of short lines."""
        return self._bytes_seen < self._size and self._fills(lines)

    def result(self, lines: int) -> TailResult:
        """The tail at the end of a window of `lines` lines."""
        data = bytes(self._kept[-self._size :])
        cut = self._bytes_seen > self._size
        if not cut and is_runtime_error_text(data):
            return TailResult(gone=LogReason.POD_GONE)
        return TailResult(data=data, cut=cut or self._fills(lines))

    def _fills(self, lines: int) -> bool:
        return self._newlines_seen + self._bytes_seen // _RECORD_BYTES + 1 >= lines


async def read_tail(  # noqa: PLR0913 - all parts of a request
    api: Api,
    *,
    namespace: str,
    pod: str,
    container: str,
    tail_bytes: int,
    previous: bool = False,
    retries: Sequence[float] = (),
    silence_seconds: float = SILENCE_SECONDS,
) -> TailResult:
    """Read the last `tail_bytes` of the log of a container. With `previous` it is the log of the previous attempt.

    If the kubelet is unreachable, or silent for `silence_seconds`, the request is repeated after each of `retries`
    (seconds; `KUBELET_RETRIES`). The result is `NeverStarted` also for an attempt that did not exist. Raises ApiError if
    the API server itself fails: missing rights, overload, outage.
    """
    if tail_bytes <= 0:
        return TailResult()
    path = POD.path(namespace, pod, "log")
    query: Query = {"container": container, "previous": "true" if previous else None}

    async def once() -> TailResult:
        try:
            return await _read(api, path, query, tail_bytes, silence_seconds)
        except ApiError as error:
            gone = why_gone(error, pod)
            if gone is None:
                raise
            return TailResult(gone=gone)

    result = await api.retries.run(once)
    for wait in retries:
        if result.gone is not LogReason.KUBELET_UNREACHABLE:
            break
        await api.retries.sleep(wait)
        result = await api.retries.run(once)
    return result


async def _read(api: Api, path: str, query: Query, tail_bytes: int, silence_seconds: float) -> TailResult:
    """Request a window of lines, then larger ones while short lines fill the window."""
    lines = _window(tail_bytes)
    largest = lines * _ENLARGEMENT**_ENLARGEMENTS
    while True:
        ring = Ring(tail_bytes)
        async with api.transport.stream(
            "get", POD, path, query={**query, "tailLines": lines}, silence=silence_seconds
        ) as response:
            if response.status == NO_NODE:
                return TailResult(gone=LogReason.NEVER_STARTED)
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                ring.append(chunk)
        if lines >= largest or not ring.is_short(lines):
            return ring.result(lines)
        lines *= _ENLARGEMENT


class LogFollower:
    """Collects the end of a log that is still being written, because its pod is about to go.

    Opened before the pod is killed it gets every line up to the last words, and outlives the pod object.
    """

    def __init__(self, api: Api, *, namespace: str, pod: str, container: str, tail_bytes: int) -> None:
        self._api = api
        self._pod = pod
        # It cannot ask again for a larger window, so it begins with one.
        self._lines = _window(tail_bytes) * _ENLARGEMENT
        self._path = POD.path(namespace, pod, "log")
        self._query: Query = {"container": container, "follow": "true", "tailLines": self._lines}
        self._ring = Ring(tail_bytes)
        self._opened = False
        self._gone = LogReason.KUBELET_UNREACHABLE
        self._answered = asyncio.Event()
        self._following = asyncio.create_task(self._follow()) if tail_bytes > 0 else None

    @classmethod
    async def open(
        cls, api: Api, *, namespace: str, pod: str, container: str, tail_bytes: int, wait: float = 1.0
    ) -> LogFollower:
        """Start, and return after any answer of the server, or after `wait` seconds.

        Never raises an ApiError, because the kill must continue; `finish` returns the result.
        """
        follower = cls(api, namespace=namespace, pod=pod, container=container, tail_bytes=tail_bytes)
        if follower._following is not None:
            answered = asyncio.create_task(follower._answered.wait())
            await asyncio.wait({answered}, timeout=wait)
            answered.cancel()
        return follower

    @property
    def has_no_log(self) -> bool:
        """Whether the API server has answered, and with no log."""
        return self._answered.is_set() and not self._opened

    async def finish(self, timeout: float) -> TailResult:  # noqa: ASYNC109 - it ends with a result, not with an error
        """Wait at most `timeout` seconds for the end of the stream, close it, and return its tail.

        `gone` is set if nothing was ever followed (then `read_tail` may still find something). A broken stream returns
        the part that arrived. `cut` may be true of a complete log with very many, very short lines.
        """
        if self._following is None:
            return TailResult()
        try:
            await asyncio.wait({self._following}, timeout=timeout)
        finally:
            self._following.cancel()
        await asyncio.wait({self._following})
        if not self._opened:
            return TailResult(gone=self._gone)
        return self._ring.result(self._lines)

    async def _follow(self) -> None:
        try:
            async with self._api.transport.stream("get", POD, self._path, query=self._query, follow=True) as response:
                self._opened = response.status != NO_NODE
                self._gone = LogReason.NEVER_STARTED
                self._answered.set()
                async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                    self._ring.append(chunk)
        except ApiError as error:
            self._gone = why_gone(error, self._pod) or self._gone
        finally:
            self._answered.set()


def _window(tail_bytes: int) -> int:
    """Number of lines to request; a usual line has 64 bytes."""
    return max(64, tail_bytes // 64)


def why_gone(error: ApiError, pod: str) -> LogReason | None:
    """Why a log is gone, from the answer to its request; None if the answer is about the API server or rights.

    The texts are those of the kubelet and of the API server's proxy to it (seen on Kubernetes 1.36).
    """
    match error:
        case NotFound():
            # If the Node object is deleted, `details.name` is the node, although the text calls it a pod.
            about_pod = error.details.get("name") == pod or error.details.get("kind") == "namespaces"
            return LogReason.POD_GONE if about_pod else LogReason.NODE_GONE
        case Invalid() if "is waiting to start" in error.message or "previous terminated container" in error.message:
            return LogReason.NEVER_STARTED
        case ServerError() if "/containerLogs/" in error.message:
            return LogReason.KUBELET_UNREACHABLE
        case Unreachable() if error.reason == TIMEOUT:
            return LogReason.KUBELET_UNREACHABLE
    return None
