"""Recording API: an API client that keeps the body of its last change, so that a user can be shown what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from process_operator.cluster.api import Api

if TYPE_CHECKING:
    from process_operator.resources.types import Object


class RecordingApi(Api):
    """The same calls over the connection of another client. `sent` is the last body, or None before any change."""

    def __init__(self, api: Api) -> None:
        self.retries = api.retries
        self.transport = api.transport
        self.sent: Object | list[Object] | None = None

    def _about_to_send(self, body: Object | list[Object]) -> None:
        self.sent = body
