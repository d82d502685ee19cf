"""A watch of one object by its name, for the few objects that are watched one by one.

The many are watched by kopf. Neighbours: `connection.py` makes the session, `errors.py` says what came back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import aiohttp
import orjson

from process_operator.cluster.connection import Connection, Session
from process_operator.cluster.errors import ApiError, Unreachable, error_from
from process_operator.resources.kinds import Kind
from process_operator.resources.types import Object

_SECONDS: Final = 1800
"""So long the server lets a watch last."""


class Event(NamedTuple):
    """What a watch delivers: ADDED, MODIFIED, DELETED or BOOKMARK, with the object."""

    type: str
    body: Object

    @property
    def version(self) -> str:
        """The resourceVersion from which another watch would go on."""
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def is_bookmark(self) -> bool:
        """Whether it only tells the version."""
        return self.type == "BOOKMARK"

    @property
    def is_deleted(self) -> bool:
        """Whether the object is gone."""
        return self.type == "DELETED"


class ObjectWatch:
    """Watches over one session, as many as are asked for, apart from the calls, which have a limit.

    `silence`: seconds without a byte, not even a bookmark, after which a watch is taken for dead.
    """

    def __init__(self, connection: Connection, *, silence: float) -> None:
        self._connection = connection
        self._limits = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        self._session: Session | None = None

    async def events(self, kind: Kind, namespace: str, name: str, version: str) -> AsyncIterator[Event]:
        """Give the events of one object after a version, until the server ends the watch. Raises ApiError.

        A version that is too old is Gone: read the object anew then.
        """
        if self._session is None:
            self._session = self._connection.new_session(limit=0)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(_SECONDS),
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
        """End the session; another one is opened when it is needed."""
        session, self._session = self._session, None
        if session is not None:
            await session.session.close()


def _event(line: bytes) -> Event:
    raw = orjson.loads(line)
    if raw["type"] == "ERROR":
        raise _error(raw["object"])
    return Event(raw["type"], raw["object"])


def _error(status: dict[str, Any]) -> ApiError:
    return error_from(int(status.get("code") or 500), orjson.dumps(status), {})
