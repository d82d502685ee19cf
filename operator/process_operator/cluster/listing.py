"""Lists in pages, so that one answer never has ten thousand objects.

`Api.pages` yields the pages one by one, for callers that keep only a part; `Api.list` keeps all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from process_operator.cluster.errors import Gone
from process_operator.resources.types import Object

PAGE_SIZE = 200

FetchPage = Callable[[str], Awaitable[Object]]
"""Reads one page. The argument is the continue token, empty for the first page. The result is the list object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A whole list, as of `resource_version`. Items of built-in kinds have no apiVersion and no kind."""

    items: list[Object]
    resource_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A part of a list. With `first` the list starts (again), and earlier pages are invalid."""

    items: list[Object]
    resource_version: str
    first: bool


async def pages(fetch: FetchPage) -> AsyncIterator[Page]:
    """Follow the continue tokens. A token that expires on the way (410) starts the list over, once; then raises Gone.

    `metadata.managedFields` is dropped, because it is often half of an object and the operator does not read it.
    """
    token, restarted = "", False
    while True:
        try:
            answer = await fetch(token)
        except Gone:
            if restarted or not token:
                raise
            token, restarted = "", True
            continue
        metadata = answer.get("metadata") or {}
        items = answer.get("items") or []
        for item in items:
            item.get("metadata", {}).pop("managedFields", None)
        yield Page(items=items, resource_version=str(metadata.get("resourceVersion", "")), first=not token)
        token = metadata.get("continue") or ""
        if not token:
            return


async def whole(parts: AsyncIterator[Page]) -> Listing:
    """All pages as one list. A watch may continue from its resourceVersion, which is that of the first page."""
    items: list[Object] = []
    version = ""
    async for page in parts:
        if page.first:
            items, version = [], page.resource_version
        items += page.items
    return Listing(items=items, resource_version=version)
