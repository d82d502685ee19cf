"""In-memory object cache for one kind, indexed by name, by request and by group. It never goes back to an older version.

It resembles `cache.Indexer` of client-go. Neighbour: `caches.py` has one cache for each kind.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from process_operator.resources.types import NamespacedName

T = TypeVar("T")

_MAX_TOMBSTONES: Final = 20_000
EVERY_VERSION: Final = 2**63
"""Version that is newer than any other. An object with a tombstone of this version cannot come back."""


@dataclass(slots=True)
class Entry(Generic[T]):
    """Newest known version of one object."""

    version: int
    uid: str
    key: NamespacedName
    value: T
    gone: bool = False
    """Whether the object is deleted on the server. It is kept until its run is recorded."""


class ObjectCache(Generic[T]):
    """Objects of one kind, indexed by name, by request, and by the result of `group` if it gives one."""

    def __init__(self, group: Callable[[T], str | None] = lambda _: None) -> None:
        self.entries: dict[tuple[str, str], Entry[T]] = {}
        self._by_key: dict[NamespacedName, dict[str, Entry[T]]] = {}
        self._group = group
        self._by_group: dict[tuple[str, str], dict[str, Entry[T]]] = {}
        self._tombstones: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Version and number of each tombstone, by UID."""
        self.tombstones_added = 0
        """Number of tombstones that were ever added."""

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, namespace: str, name: str) -> Entry[T] | None:
        """Give the object of a name."""
        return self.entries.get((namespace, name))

    def by_request(self, key: NamespacedName) -> Mapping[str, Entry[T]]:
        """Give the objects of a request, by name."""
        return self._by_key.get(key, {})

    def by_group(self, namespace: str, group: str) -> Mapping[str, Entry[T]]:
        """Give the objects of a group, by name."""
        return self._by_group.get((namespace, group), {})

    def keys(self) -> Iterable[NamespacedName]:
        """Give the requests that have objects in this cache."""
        return self._by_key.keys()

    def is_newer(self, namespace: str, name: str, uid: str, version: int) -> bool:
        """Whether this version of an object is newer than the cached one and than its tombstone."""
        held = self.get(namespace, name)
        if held is not None and version <= held.version:
            return False
        return self._tombstones.get(uid, (0, 0))[0] < version

    def put(self, namespace: str, name: str, entry: Entry[T]) -> None:
        """Replace an object by a newer version."""
        self.evict(namespace, name)
        self.entries[namespace, name] = entry
        self._by_key.setdefault(entry.key, {})[name] = entry
        group = self._group(entry.value)
        if group is not None:
            self._by_group.setdefault((namespace, group), {})[name] = entry

    def evict(self, namespace: str, name: str) -> Entry[T] | None:
        """Remove an object from the cache. Its tombstone, if it has one, stays."""
        entry = self.entries.pop((namespace, name), None)
        if entry is not None:
            _remove_from_index(self._by_key, entry.key, name)
            group = self._group(entry.value)
            if group is not None:
                _remove_from_index(self._by_group, (namespace, group), name)
        return entry

    def remove_tombstone(self, name: str, namespace: str, uid: str, before: int) -> None:
        """Remove the tombstone of an object that the API server still has.

        A tombstone stays if its number is above `before`, because the object may have been deleted since then.
        """
        if self._tombstones.get(uid, (0, 0))[1] > before:
            return
        self._tombstones.pop(uid, None)
        held = self.get(namespace, name)
        if held is not None and held.uid == uid and held.gone:
            held.version = 0

    def add_tombstone(self, uid: str, version: int) -> None:
        """Note that an object is deleted, so that an older list cannot bring it back."""
        self.tombstones_added += 1
        self._tombstones[uid] = max(version, self._tombstones.pop(uid, (0, 0))[0]), self.tombstones_added
        while len(self._tombstones) > _MAX_TOMBSTONES:
            self._tombstones.popitem(last=False)


def _remove_from_index(index: dict[tuple[str, str], dict[str, Entry[T]]], of: tuple[str, str], name: str) -> None:
    siblings = index[of]
    del siblings[name]
    if not siblings:
        del index[of]
