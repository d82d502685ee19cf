"""Lists everything: whenever watches have begun (at the start, and anew), and every few minutes while runs are open.

What happened before a watch began, only a list tells. kopf would take that list for itself, object by object, and never
compare it with what was known before; so this does, and kopf is given lists without objects (`kopf_watches.py`). Runs
that are finished are not listed: they cost nothing. Neighbours: `state/store.py` takes the lists, `handlers.py` the
events.
"""

from __future__ import annotations

from collections.abc import Iterable

from process_operator.cluster.api import Api
from process_operator.state.store import Store
from process_operator.watch.selections import NOTHING, SELECTIONS, Selection


class Resync:
    """Brings the store in line with the server."""

    def __init__(self, api: Api, store: Store, *, namespaces: Iterable[str | None] = (None,)) -> None:
        self._api = api
        self._store = store
        self._namespaces = tuple(namespaces)

    async def probe(self) -> None:
        """Ask for no object of each kind. Raises ApiError where that is not possible."""
        for selection in SELECTIONS:
            for namespace in self._namespaces:
                await self._api.list(selection.kind, namespace, label_selector=NOTHING)

    async def run(self) -> None:
        """List all kinds. Raises ApiError where that is not possible."""
        for selection in SELECTIONS:
            await self.list_kind(selection)

    async def list_kind(self, selection: Selection) -> None:
        """List one kind, page by page, and drop what is no longer there."""
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
                    self._store.take(selection.kind, raw)
            self._store.reconcile_list(selection.kind, namespace, seen, version)
