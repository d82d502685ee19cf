"""Handlers of kopf: all of its decorators, and nothing else. An event only updates the store.

Only `on.event` is used, because it writes no annotation and no finalizer on any object. The operator's own queue retries
failures. Handlers return nothing, because kopf would write it into the object's status. Neighbours: `state/store.py`
stores the objects, `selections.py` has the selections of the watches, `resync.py` lists what no event reports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf

from process_operator.resources.kinds import Kind
from process_operator.resources.types import Object
from process_operator.watch.selections import SELECTIONS

Seen = Callable[[Kind, str | None, Object], None]
"""Receives the kind, the type of the event (None: listed) and the object."""


def register(registry: kopf.OperatorRegistry, settings: kopf.OperatorSettings, seen: Seen) -> None:
    """Watch every kind that concerns the operator, filtered by the server."""
    for selection in SELECTIONS:
        kind = selection.kind
        _watch(registry, kind, seen)
        key = (kind.group, kind.plural)
        if selection.labels is not None:
            settings.watching.label_selectors[key] = selection.labels
        if selection.fields is not None:
            settings.watching.field_selectors[key] = selection.fields


def _watch(registry: kopf.OperatorRegistry, kind: Kind, seen: Seen) -> None:
    @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)
    async def handle(event: kopf.RawEvent, **_: Any) -> None:
        seen(kind, event["type"], dict(event["object"]))
