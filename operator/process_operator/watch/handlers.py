"""All of kopf's decorators, and nothing else: an event only tells the store what was seen.

Only `on.event` is used: it writes no annotation and no finalizer on anybody's object, and what goes wrong is retried by
our own queue. Nothing is returned, because kopf would write it into the object's status. Neighbours: `state/store.py`
takes what is seen, `resync.py` has the selections that the watches share and catches what no event tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kopf

from process_operator.resources.kinds import Kind
from process_operator.resources.types import Object
from process_operator.watch.selections import SELECTIONS

Seen = Callable[[Kind, str | None, Object], None]
"""Takes the kind, the type of the event (None: listed) and the object."""


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
