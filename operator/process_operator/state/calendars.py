"""Calendars from the ConfigMaps that `excludeFrom` names. Each text is parsed once and shared by all requests.

A change marks the requests that name the calendar as dirty. `watch/config_maps.py` reads and watches the ConfigMaps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from process_operator.decisions.acceptance.exclude_from import calendar_file, calendar_text
from process_operator.decisions.inputs.observations import CalendarFile, CalendarInForce
from process_operator.resources.types import NamespacedName


@dataclass(slots=True)
class _Held:
    files: dict[str, CalendarFile] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    """Digests of the parsed texts. A text that did not change is not parsed again."""


class Calendars:
    """Calendars by ConfigMap and key, and the requests that name them."""

    def __init__(self, *, on_dirty: Callable[[NamespacedName], None], clock: Callable[[], datetime]) -> None:
        self._on_dirty = on_dirty
        self._clock = clock
        self._held: dict[NamespacedName, _Held] = {}
        self._named: dict[NamespacedName, tuple[tuple[str, str], ...]] = {}
        """ConfigMaps and keys that each request names."""
        self._users: dict[NamespacedName, set[NamespacedName]] = {}

    def index(self, key: NamespacedName, raw: Mapping[str, Any] | None) -> None:
        """Index the calendars that a request names; None if the request is deleted."""
        dropped = self._named.pop(key, ())
        for name, _ in dropped:
            users = self._users.get((key[0], name), set())
            users.discard(key)
            if not users:
                self._users.pop((key[0], name), None)
        schedule = ((raw or {}).get("spec", {}).get("timing") or {}).get("schedule") or {}
        named = tuple(
            (source["configMap"]["name"], source["configMap"]["key"]) for source in schedule.get("excludeFrom") or ()
        )
        if named:
            self._named[key] = named
            for name, _ in named:
                self._users.setdefault((key[0], name), set()).add(key)
        for calendar in set(dropped) - set(named):
            self._evict_unnamed(key[0], *calendar)

    def _evict_unnamed(self, namespace: str, name: str, entry: str) -> None:
        """Evict a calendar that no request names any more, because its changes are not read from then on."""
        place = namespace, name
        held = self._held.get(place)
        if held is not None and not any((name, entry) in self._named[user] for user in self._users.get(place, ())):
            held.files.pop(entry, None)
            held.digests.pop(entry, None)

    def of(self, key: NamespacedName) -> Mapping[tuple[str, str], CalendarFile]:
        """Give the calendars that a request names, as far as they were read."""
        found: dict[tuple[str, str], CalendarFile] = {}
        for name, entry in self._named.get(key, ()):
            held = self._held.get((key[0], name))
            if held is not None and entry in held.files:
                found[name, entry] = held.files[entry]
        return found

    def is_wanted(self, place: NamespacedName) -> bool:
        """Whether a request names this ConfigMap."""
        return place in self._users

    @property
    def unreadable(self) -> int:
        """Number of named calendars that are missing, or have an event that cannot be read."""
        files = (file for held in self._held.values() for file in held.files.values())
        return sum(1 for file in files if file.objection(skips=False))

    def apply(self, place: NamespacedName, body: Mapping[str, Any] | None) -> None:
        """Apply the current version of a ConfigMap; None if there is none of that name."""
        users = self._users.get(place)
        if users is None:
            return
        held = self._held.setdefault(place, _Held())
        wanted = {entry for user in users for name, entry in self._named[user] if name == place[1]}
        # Requests are marked as dirty without a change too, because one of them may wait for the first read.
        for entry in wanted:
            self._apply_entry(place, held, entry, body)
        for user in users:
            self._on_dirty(user)

    def prune(self, place: NamespacedName) -> None:
        """Evict a ConfigMap that is watched no more."""
        self._held.pop(place, None)

    def clear(self) -> None:
        """Evict all, because no ConfigMap is watched any more."""
        self._held.clear()

    def _apply_entry(self, place: NamespacedName, held: _Held, entry: str, body: Mapping[str, Any] | None) -> None:
        text = calendar_text(body, entry)
        digest = f"no {'key' if body else 'ConfigMap'}" if text is None else hashlib.sha256(text).hexdigest()
        if held.digests.get(entry) == digest:
            return
        file = calendar_file(body, place[1], entry)
        held.digests[entry] = digest
        known = held.files.get(entry)
        if known is not None:
            now = self._clock()
            whole, readable = _changed(known.whole, file.whole, now), _changed(known.readable, file.readable, now)
            file = replace(file, whole=whole, readable=readable)
        held.files[entry] = file


def _changed(known: CalendarInForce, new: CalendarInForce, now: datetime) -> CalendarInForce:
    """Give the calendar in force after a new version. A version that cannot be read changes nothing.

    The exclusions that held before are kept. If no version could be read until now, the status of a request may still
    have the last one (`decisions/acceptance/remembered_calendar.py`).
    """
    if new.now is None:
        return known
    return replace(new, before=known.now, changed_at=now)
