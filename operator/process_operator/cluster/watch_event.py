"""Events of a watch, as the API server sends them: one JSON object in each line of the answer."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from process_operator.resources.types import Object


class WatchEvent(NamedTuple):
    """One event: ADDED, MODIFIED, DELETED or BOOKMARK with the object, or ERROR with a Status."""

    type: str
    body: Object

    @classmethod
    def decode(cls, line: bytes) -> WatchEvent:
        """Read one line. Raises ValueError if it is not JSON."""
        raw = orjson.loads(line)
        return cls(raw["type"], raw["object"])

    @property
    def version(self) -> str:
        """The resourceVersion after which another watch continues."""
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def is_bookmark(self) -> bool:
        """Whether the event carries a version only."""
        return self.type == "BOOKMARK"

    @property
    def is_deleted(self) -> bool:
        """Whether the object is deleted."""
        return self.type == "DELETED"

    @property
    def has_object(self) -> bool:
        """Whether the event carries a new version of an object."""
        return self.type in ("ADDED", "MODIFIED", "DELETED")
