"""In-memory object cache for one kind: indexed by name and by request, and never older than an observed version.

Neighbour: `store.py` has one cache for each kind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from process_operator.resources.types import NamespacedName

T = TypeVar("T")

_TOMBSTONES: Final = 20_000
EVERY_VERSION: Final = 2**63
"""Newer than any version. An object with this tombstone does not come back."""


@dataclass(slots=True)
class Entry(Generic[T]):
    """One object in its newest observed version."""

    version: int
    uid: str
    key: NamespacedName
    value: T
    gone: bool = False
    """Deleted on the server, and kept because its run is not recorded yet."""


class ObjectCache(Generic[T]):
    """The objects of one kind, by name and by request, and by `group` if they have one."""

    def __init__(self, group: Callable[[T], str | None] = lambda _: None) -> None:
        self.entries: dict[tuple[str, str], Entry[T]] = {}
        self._by_key: dict[NamespacedName, dict[str, Entry[T]]] = {}
        self._group = group
        self._by_group: dict[tuple[str, str], dict[str, Entry[T]]] = {}
        self._tombstones: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """The version of each tombstone and its number, by UID."""
        self.tombstones_added = 0
        """Number of tombstones that were added so far."""

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, namespace: str, name: str) -> Entry[T] | None:
        """The object of that name."""
        return self.entries.get((namespace, name))

    def by_request(self, key: NamespacedName) -> Mapping[str, Entry[T]]:
        """The objects of a request, by name."""
        return self._by_key.get(key, {})

    def by_group(self, namespace: str, group: str) -> Mapping[str, Entry[T]]:
        """The objects of a group, by name."""
        return self._by_group.get((namespace, group), {})

    def keys(self) -> Iterable[NamespacedName]:
        """The requests that have objects here."""
        return self._by_key.keys()

    def is_newer(self, namespace: str, name: str, uid: str, version: int) -> bool:
        """Whether this version of this object is newer than the known one."""
        held = self.get(namespace, name)
        if held is not None and version <= held.version:
            return False
        return self._tombstones.get(uid, (0, 0))[0] < version

    def put(self, namespace: str, name: str, entry: Entry[T]) -> None:
        """Store an object in place of its older version."""
        self.discard(namespace, name)
        self.entries[namespace, name] = entry
        self._by_key.setdefault(entry.key, {})[name] = entry
        group = self._group(entry.value)
        if group is not None:
            self._by_group.setdefault((namespace, group), {})[name] = entry

    def discard(self, namespace: str, name: str) -> Entry[T] | None:
        """Evict an object."""
        entry = self.entries.pop((namespace, name), None)
        if entry is not None:
            _remove_from_index(self._by_key, entry.key, name)
            group = self._group(entry.value)
            if group is not None:
                _remove_from_index(self._by_group, (namespace, group), name)
        return entry

    def remove_tombstone(self, name: str, namespace: str, uid: str, before: int) -> None:
        """Remove the tombstone of an object that the API server still has, unless it is newer than number `before`."""
        if self._tombstones.get(uid, (0, 0))[1] > before:
            return
        self._tombstones.pop(uid, None)
        held = self.get(namespace, name)
        if held is not None and held.uid == uid and held.gone:
            held.version = 0

    def add_tombstone(self, uid: str, version: int) -> None:
        """Record the deletion of an object, so that an older list does not bring the object back."""
        self.tombstones_added += 1
        self._tombstones[uid] = max(version, self._tombstones.pop(uid, (0, 0))[0]), self.tombstones_added
        while len(self._tombstones) > _TOMBSTONES:
            self._tombstones.popitem(last=False)


def _remove_from_index(index: dict[tuple[str, str], dict[str, Entry[T]]], of: tuple[str, str], name: str) -> None:
    siblings = index[of]
    del siblings[name]
    if not siblings:
        del index[of]
