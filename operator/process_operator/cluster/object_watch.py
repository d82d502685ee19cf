"""Watch of one object by its name, for the few objects that the operator watches one by one.

kopf watches all other objects. `connection.py` opens the session, `errors.py` maps errors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import orjson

from process_operator.cluster.connection import Connection, Session
from process_operator.cluster.errors import Unreachable, error_from
from process_operator.cluster.watch_event import WatchEvent
from process_operator.resources.kinds import Kind

_TIMEOUT_SECONDS: Final = 1800
"""Seconds after which the API server ends a watch."""


class ObjectWatch:
    """Watches that share one session without a limit on connections, apart from the session of the calls.

    A watch fails after `silence` seconds without a byte; the API server sends bookmarks more often than that.
    """

    def __init__(self, connection: Connection, *, silence: float) -> None:
        self._connection = connection
        self._limits = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        self._session: Session | None = None

    async def events(self, kind: Kind, namespace: str, name: str, version: str) -> AsyncIterator[WatchEvent]:
        """Give the events of one object after a version, until the server ends the watch.

        Raises ApiError. It is Gone if the version is too old; the caller must read the object again then.
        """
        if self._session is None:
            self._session = self._connection.new_session(limit=0)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(_TIMEOUT_SECONDS),
        }
        url = f"{self._session.server}{kind.path(namespace)}"
        try:
            async with self._session.session.get(url, params=query, timeout=self._limits) as response:
                if response.status >= 400:
                    data = await response.read()
                    raise error_from(response.status, data, response.headers, http_reason=response.reason or "")
                async for line in response.content:
                    yield _event(line)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Unreachable(str(error) or type(error).__name__, reason=type(error).__name__) from error

    async def close(self) -> None:
        """Close the session. The next watch opens another one."""
        session, self._session = self._session, None
        if session is not None:
            await session.session.close()


def _event(line: bytes) -> WatchEvent:
    event = WatchEvent.decode(line)
    if event.type == "ERROR":
        raise error_from(int(event.body.get("code") or 500), orjson.dumps(event.body), {})
    return event
