"""Recording API: an API client that keeps the body of its last change, so that a user can be shown what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.cluster.api import Api

if TYPE_CHECKING:
    from process_operator.resources.kinds import Kind
    from process_operator.resources.types import Object


class RecordingApi(Api):
    """The same calls over the connection of another client. `sent` is the last body, or None before any change."""

    def __init__(self, api: Api) -> None:
        self.retries = api.retries
        self.transport = api.transport
        self.sent: Object | list[Object] | None = None

    async def create(self, kind: Kind, namespace: str, body: Object, *, dry_run: bool = False) -> Object:
        """POST an object, as `Api.create`."""
        self.sent = body
        return await super().create(kind, namespace, body, dry_run=dry_run)

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
        """PATCH an object, as `Api.patch`."""
        self.sent = body
        return await super().patch(kind, namespace, name, body, subresource=subresource, dry_run=dry_run)
