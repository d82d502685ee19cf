"""`GET /api/why`: the reasons why a request ran, or did not run, at an instant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from process_operator.client.why import reasons
from process_operator.monitor.answers import json_answer
from process_operator.monitor.names import instant_of, name_of, namespace_of
from process_operator.monitor.person import PERSON
from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from aiohttp import web


async def why(request: web.Request) -> web.StreamResponse:
    """Answer with sentences, the most important first. Without `at` they are about the newest run."""
    client = request[PERSON].client(namespace_of(request.query))
    at = instant_of(request.query, "at") if request.query.get("at") else None
    instant, sentences = await reasons(client, name_of(request.query, "request"), at, datetime.now(UTC))
    return json_answer({"at": format_instant(instant), "sentences": sentences})
