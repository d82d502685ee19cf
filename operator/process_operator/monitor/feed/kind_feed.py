"""Feed of one kind: a snapshot in chunks, then changes, and a word whenever it is not live.

The feed keeps no object. It continues a broken watch from the last version that it has seen. If the API server has
dropped that version (410), the feed sends a whole snapshot again, whose first chunk replaces the earlier one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import orjson

from process_operator.cluster.backoff import backoff
from process_operator.cluster.errors import ApiError, Forbidden, Gone, error_from
from process_operator.cluster.watch_event import WatchEvent
from process_operator.monitor.failures import as_failure
from process_operator.monitor.limits import PAGE_ROWS
from process_operator.resources.model import format_instant, whole_second

if TYPE_CHECKING:
    from process_operator.cluster.api import Api
    from process_operator.cluster.transport import Query
    from process_operator.monitor.feed.selection import Item, Selection
    from process_operator.resources.types import Object

Emit = Callable[["Object"], Awaitable[None]]
"""Sends an event to the page. It waits while the page is slow, and so does the watch."""

_WATCH_SECONDS: Final = 300
"""Time after which a watch is opened again, so that the API server checks the credentials again."""
_SILENCE_SECONDS: Final = 70
"""The API server sends a bookmark about once a minute."""
_CHUNK_BYTES: Final = 64 * 1024
_LIVE: Final = 200
_FIRST_PAUSE_SECONDS: Final = 0.25
_MAX_PAUSE_SECONDS: Final = 5.0
_FIRST_PAUSE_AFTER_403_SECONDS: Final = 1.0
_MAX_PAUSE_AFTER_403_SECONDS: Final = 60.0
"""Pauses after a 403. The API server sends it for a moment after its start too, before it knows the RoleBindings."""


class KindFeed:
    """The feed of one kind to one page. `namespace` None means all namespaces."""

    def __init__(self, api: Api, selection: Selection, namespace: str | None, emit: Emit) -> None:
        self._api = api
        self._selection = selection
        self._path = selection.kind.path(namespace)
        self._emit = emit
        self._version = ""
        self._told: int | None = None
        self._since = ""
        self._failures = 0

    async def run(self) -> None:
        """Feed the page until it is canceled. A kind that the API server forbids (403) is tried again more rarely.

        Raises ApiError with status 401 if the credentials are not known any more.
        """
        while True:
            try:
                if not self._version:
                    await self._send_snapshot()
                await self._follow()
            except ApiError as error:
                if error.status == 401:
                    raise
                await self._tell(error)
                if isinstance(error, Gone):
                    self._version = ""
                self._failures += 1
                await asyncio.sleep(self._pause(error))

    def _pause(self, error: ApiError) -> float:
        """Give the seconds until the next try."""
        if isinstance(error, Forbidden):
            return backoff(
                self._failures, error, first=_FIRST_PAUSE_AFTER_403_SECONDS, longest=_MAX_PAUSE_AFTER_403_SECONDS
            )
        return backoff(self._failures, error, first=_FIRST_PAUSE_SECONDS, longest=_MAX_PAUSE_SECONDS)

    # ---- snapshot

    async def _send_snapshot(self) -> None:
        """Send all objects in chunks. A list that expires meanwhile raises Gone, and the next one starts again."""
        query: Query = {"limit": PAGE_ROWS}
        is_first = True
        version = ""
        while True:
            answer = await self._page(query)
            metadata: Object = answer.get("metadata") or {}
            token = metadata.get("continue")
            if is_first:
                version = str(metadata.get("resourceVersion", ""))
            rows = [item.row for item in self._selection.items_of_list(answer)]
            del answer
            await self._send({"type": "snapshot", "first": is_first, "last": not token, "rows": rows})
            if not token:
                break
            query["continue"], is_first = token, False
        self._version = version

    async def _page(self, query: Query) -> Object:
        selection, transport = self._selection, self._api.transport
        return await self._api.retries.run(
            lambda: transport.call("list", selection.kind, "GET", self._path, query=query, accept=selection.accept)
        )

    # ---- changes

    async def _follow(self) -> None:
        """Send changes until the API server ends the watch."""
        query: Query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": _WATCH_SECONDS,
        }
        selection = self._selection
        async with self._api.transport.stream(
            "watch",
            selection.kind,
            self._path,
            query=query,
            silence=_SILENCE_SECONDS,
            follow=True,
            accept=selection.accept,
        ) as response:
            await self._tell(None)
            self._failures = 0
            async for events in _events(response.content.iter_chunked(_CHUNK_BYTES)):
                await self._send_changes(events)

    async def _send_changes(self, events: list[WatchEvent]) -> None:
        """Send what some events changed, each object once. Raises ApiError for an event that is an error."""
        changed: dict[tuple[str, str], Item | None] = {}
        for event in events:
            body = event.body
            if event.type == "ERROR":
                raise error_from(int(body.get("code") or 500), orjson.dumps(body), {})
            self._version = str((body.get("metadata") or {}).get("resourceVersion") or self._version)
            if event.is_bookmark:
                continue
            for item in self._selection.items_of_event(body):
                place = item.key["namespace"], item.key["name"]
                changed[place] = None if event.is_deleted else item
        rows = [item.row for item in changed.values() if item is not None]
        removed = [
            {"namespace": namespace, "name": name} for (namespace, name), item in changed.items() if item is None
        ]
        if changed:
            await self._send({"type": "change", "rows": rows, "removed": removed})

    # ---- events for the page

    async def _tell(self, error: ApiError | None) -> None:
        """Tell the page whether the feed is live and why not, if that has changed. The time is that of the first error."""
        told = _LIVE if error is None else error.status
        if told == self._told:
            return
        if self._told in {None, _LIVE} or told == _LIVE:
            self._since = format_instant(whole_second(datetime.now(UTC)))
        self._told = told
        failure = None if error is None else as_failure(error)
        await self._send({"type": "state", "live": error is None, "since": self._since, "error": failure})

    async def _send(self, event: Object) -> None:
        await self._emit({**event, "kind": self._selection.kind.plural})


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[WatchEvent]]:
    """Split a watch into its events. Events that came in one chunk are yielded together."""
    rest = bytearray()
    async for chunk in chunks:
        rest += chunk
        end = rest.rfind(b"\n")
        if end < 0:
            continue
        lines = bytes(rest[:end]).split(b"\n")
        del rest[: end + 1]
        yield [WatchEvent.decode(line) for line in lines if line]
