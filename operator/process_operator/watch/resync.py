"""Resync: lists everything after each start of the watches, and every few minutes while runs are open.

Only a list reports what happened before a watch started. kopf would process that list object by object, and never compare
it with the known objects. The operator therefore lists itself, and kopf gets lists without objects (`kopf_watches.py`).
Finished runs are not listed, so they cost nothing. Neighbours: `state/store.py` stores the lists, `handlers.py` passes
on the events.
"""

from __future__ import annotations

from collections.abc import Iterable

from process_operator.cluster.api import Api
from process_operator.state.store import Store
from process_operator.watch.selections import NOTHING, SELECTIONS, Selection


class Resync:
    """Updates the store from lists of the API server."""

    def __init__(self, api: Api, store: Store, *, namespaces: Iterable[str | None] = (None,)) -> None:
        self._api = api
        self._store = store
        self._namespaces = tuple(namespaces)

    async def probe(self) -> None:
        """List every kind with a selector that no object has. Raises ApiError if that fails."""
        for selection in SELECTIONS:
            for namespace in self._namespaces:
                await self._api.list(selection.kind, namespace, label_selector=NOTHING)

    async def run(self) -> None:
        """List all kinds. Raises ApiError if that fails."""
        for selection in SELECTIONS:
            await self.list_kind(selection)

    async def list_kind(self, selection: Selection) -> None:
        """List one kind, page by page, and drop the deleted objects."""
        for namespace in self._namespaces:
            seen: set[str] = set()
            version = 0
            pages = self._api.pages(
                selection.kind, namespace, label_selector=selection.labels, field_selector=selection.fields
            )
            async for page in pages:
                if page.first:
                    seen.clear()
                    version = int(page.resource_version or 0)
                for raw in page.items:
                    seen.add(raw["metadata"]["uid"])
                    self._store.try_apply(selection.kind, raw)
            self._store.reconcile_list(selection.kind, namespace, seen, version)
