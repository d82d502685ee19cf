"""API calls: create, patch, get, delete and list on plain dicts, with retries, limits and clear errors.

Bodies are JSON objects of the API. Neighbours: `resources/kinds.py` has the kinds, `errors.py` the exceptions, `retry.py`
the number of tries, `listing.py` the pages, `transport.py` a single request. `logs.py` and `events.py` use these calls.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from process_operator.cluster import listing
from process_operator.cluster.errors import Conflict, NotFound
from process_operator.cluster.listing import PAGE_SIZE, Listing, Page
from process_operator.cluster.retry import Retries
from process_operator.cluster.transport import JSON_PATCH, MERGE_PATCH, OnRequest, Query, Transport
from process_operator.resources.types import Object

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from process_operator.cluster.transport import Link
    from process_operator.resources.kinds import Kind


_OTHER_UID: Final = re.compile("UID in (the )?precondition")
"""The texts of the server, from its registry and from its storage, if another object has the name."""


class Api:
    """API client of one connection. Every method raises an `ApiError`, after the tries that `retries` allows.

    Every call can be repeated safely. Names are deterministic, so that a repeated create gets AlreadyExists and the
    caller compares the existing object. `timeout` (of one try) and `connect_timeout` are in seconds. With `is_remote`
    lists are compressed, and a redirect is an error.
    """

    def __init__(
        self,
        connection: Link,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        retries: Retries | None = None,
        on_request: OnRequest | None = None,
        is_remote: bool = False,
    ) -> None:
        self.retries = retries or Retries()
        self.transport = Transport(
            connection, timeout=timeout, connect_timeout=connect_timeout, on_request=on_request, is_remote=is_remote
        )

    async def create(self, kind: Kind, namespace: str, body: Object, *, dry_run: bool = False) -> Object:
        """POST an object. With `dry_run` the server validates it strictly, with admission and quota, and stores nothing.

        `AlreadyExists.maybe_done` is true if an earlier try of this call may have created the object.
        """
        self._about_to_send(body)
        query: Query = {"dryRun": "All", "fieldValidation": "Strict"} if dry_run else {}
        path = kind.path(namespace)
        return await self.retries.run(lambda: self.transport.call("create", kind, "POST", path, query=query, body=body))

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """GET one object, as it is stored now."""
        path = kind.path(namespace, name)
        return await self.retries.run(lambda: self.transport.call("get", kind, "GET", path))

    async def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: Object | list[Object],
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """JSON merge patch (RFC 7386): null removes a field, lists are replaced whole.

        A body that is a list is a JSON patch (RFC 6902). If one of its `test` operations fails, the error is Invalid.
        A `metadata.resourceVersion` in a merge patch is a precondition: the error is Conflict if the object has changed.
        With `maybe_done` on that Conflict an earlier try of this call may have made the change.
        """
        self._about_to_send(body)
        path = kind.path(namespace, name, subresource)
        content_type = JSON_PATCH if isinstance(body, list) else MERGE_PATCH
        query: Query = {"dryRun": "All"} if dry_run else {}
        return await self.retries.run(
            lambda: self.transport.call("patch", kind, "PATCH", path, query=query, body=body, content_type=content_type)
        )

    async def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> None:
        """DELETE; that the object is not there (any more) is success. With `uid` only this very object is deleted."""
        path, options = kind.path(namespace, name), _delete_options(propagation)
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if dry_run:
            # In the body: with one, the API server reads no option of a deletion from the query.
            options["dryRun"] = ["All"]
        try:
            await self.retries.run(lambda: self.transport.call("delete", kind, "DELETE", path, body=options))
        except NotFound:
            return
        except Conflict as error:
            # Another object has the name now: the one that was meant is gone.
            if uid is None or not _OTHER_UID.search(error.message):
                raise

    def _about_to_send(self, body: Object | list[Object]) -> None:
        """Get the body of each create and patch. A subclass may keep it (`recording_api.py`)."""

    def pages(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> AsyncIterator[Page]:
        """GET a collection page by page. Namespace None means all namespaces. `listing.pages` handles a 410."""
        path = kind.path(namespace)
        query: Query = {"limit": page_size, "labelSelector": label_selector, "fieldSelector": field_selector}

        async def fetch(token: str) -> Object:
            part: Query = {**query, "continue": token or None}
            return await self.retries.run(lambda: self.transport.call("list", kind, "GET", path, query=part))

        return listing.pages(fetch)

    async def list(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Listing:
        """GET a whole collection. Raises Gone if the list expired twice while it was read."""
        return await listing.whole(
            self.pages(
                kind, namespace, label_selector=label_selector, field_selector=field_selector, page_size=page_size
            )
        )


def _delete_options(propagation: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
