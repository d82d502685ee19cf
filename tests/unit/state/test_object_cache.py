"""Cache of the objects of one kind: its indexes, and tombstones against old versions."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from process_operator.resources.types import NamespacedName
from process_operator.state.object_cache import EVERY_VERSION, Entry, ObjectCache

CLOSE: NamespacedName = ("erp", "close")
OPEN: NamespacedName = ("erp", "open")


def cache_of(*entries: tuple[str, Entry[str]]) -> ObjectCache[str]:
    """A cache of texts in the namespace `erp`. The group of a text is its first letter, and an empty text has none."""
    cache = ObjectCache[str](lambda text: text[:1] or None)
    for name, entry in entries:
        cache.put("erp", name, entry)
    return cache


def entry(value: str = "", *, version: int = 5, key: NamespacedName = CLOSE, gone: bool = False) -> Entry[str]:
    return Entry(version, "uid-a", key, value, gone)


def test_objects_are_found_by_name_request_and_group() -> None:
    a, b, c = entry("x1"), entry("x2", key=OPEN), entry()
    cache = cache_of(("a", a), ("b", b), ("c", c))
    assert len(cache) == 3
    assert (cache.get("erp", "b"), cache.get("other", "b")) == (b, None)
    assert cache.by_request(CLOSE) == {"a": a, "c": c}
    assert cache.by_group("erp", "x") == {"a": a, "b": b}
    assert cache.by_group("other", "x") == {}
    assert set(cache.keys()) == {CLOSE, OPEN}


def test_newer_version_moves_an_object_between_requests_and_groups() -> None:
    moved = entry("y", version=6, key=OPEN)
    cache = cache_of(("a", entry("x")), ("a", moved))
    assert (cache.by_request(CLOSE), cache.by_group("erp", "x")) == ({}, {})
    assert (cache.by_request(OPEN), cache.by_group("erp", "y")) == ({"a": moved}, {"a": moved})
    assert set(cache.keys()) == {OPEN}


def test_evicted_object_is_in_no_index() -> None:
    held = entry("x")
    cache = cache_of(("a", held))
    assert cache.evict("erp", "a") is held
    assert (len(cache), cache.by_request(CLOSE), cache.by_group("erp", "x"), set(cache.keys())) == (0, {}, {}, set())
    assert cache.evict("erp", "a") is None


@pytest.mark.parametrize(
    ("version", "tombstones", "expected"),
    [
        pytest.param(4, [], False, id="a version before the cached one is old"),
        pytest.param(5, [], False, id="the cached version is not newer than itself"),
        pytest.param(6, [], True, id="a later version is newer"),
        pytest.param(7, [7], False, id="the version of a tombstone is old"),
        pytest.param(8, [7], True, id="a version after the tombstone is newer"),
        pytest.param(8, [9, 7], False, id="a later tombstone never lowers the version"),
        pytest.param(10**12, [EVERY_VERSION], False, id="an object that is deleted permanently never comes back"),
    ],
)
def test_is_newer(version: int, tombstones: list[int], *, expected: bool) -> None:
    cache = cache_of(("a", entry()))
    for tombstone in tombstones:
        cache.add_tombstone("uid-a", tombstone)
    assert cache.is_newer("erp", "a", "uid-a", version) == expected


def test_oldest_of_20000_tombstones_are_dropped() -> None:
    cache = cache_of()
    for number in range(20_000):
        cache.add_tombstone(f"uid-{number}", 7)
    for uid in ("uid-0", "uid-new"):
        cache.add_tombstone(uid, 7)
    is_dropped = [cache.is_newer("erp", "a", uid, 7) for uid in ("uid-0", "uid-1", "uid-2", "uid-new")]
    assert is_dropped == [False, True, False, False]
    assert cache.tombstones_added == 20_002


def kept(cache: ObjectCache[str]) -> None:
    cache.remove_tombstone("a", "erp", "uid-a", before=0)


def removed(cache: ObjectCache[str]) -> None:
    cache.remove_tombstone("a", "erp", "uid-a", before=cache.tombstones_added)


@pytest.mark.parametrize(
    ("remove", "expected"),
    [
        pytest.param(kept, False, id="a tombstone that is newer than the list stays"),
        pytest.param(removed, True, id="a tombstone from before the list is removed, and the object may come back"),
    ],
)
def test_remove_tombstone(remove: Callable[[ObjectCache[str]], None], *, expected: bool) -> None:
    cache = cache_of(("a", entry(gone=True)))
    cache.add_tombstone("uid-a", 7)
    remove(cache)
    assert cache.is_newer("erp", "a", "uid-a", 1) == expected
