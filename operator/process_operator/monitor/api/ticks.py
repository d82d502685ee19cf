"""`GET /api/ticks`: coming and excluded times of the requests of a scope, for the Timeline."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from process_operator.client.judged import judged_requests
from process_operator.client.timeline import Timeline, timeline_of
from process_operator.cluster.errors import NotFound
from process_operator.monitor.answers import json_answer
from process_operator.monitor.failures import RejectedError
from process_operator.monitor.mode import MODE
from process_operator.monitor.names import instant_of, name_of, scope_of
from process_operator.monitor.person import PERSON
from process_operator.resources.model import format_instant

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.client.client import Client
    from process_operator.resources.types import Object

_MAX_RANGE: Final = timedelta(days=62)
_MAX_REQUESTS: Final = 1000
_MAX_NAMES: Final = 200
_MAX_READ: Final = 20
"""Requests that are read one by one. If there are more, they are selected from a list."""


async def ticks(request: web.Request) -> web.StreamResponse:
    """Answer with the times of each request. Raises RejectedError (400), and ApiError."""
    namespace = scope_of(request.query)
    start, end = instant_of(request.query, "from"), instant_of(request.query, "to")
    if not start < end <= start + _MAX_RANGE:
        raise RejectedError(400, "BadRequest", f"to: must be after from, and at most {_MAX_RANGE.days} days later")
    names = [name_of({"request": name}, "request") for name in request.query.getall("request", [])]
    client = request[PERSON].client(namespace or request.app[MODE].surroundings.namespace)
    bodies = await _requests(client, names, everywhere=namespace is None)
    judged = await judged_requests(client, bodies)
    now = datetime.now(UTC)
    # The times of a thousand requests take a second, in which the streams continue.
    found = await asyncio.to_thread(lambda: [timeline_of(given, start, end, now) for given, _ in judged])
    body = {"from": format_instant(start), "to": format_instant(end), "requests": [_as_json(one) for one in found]}
    return json_answer(body)


async def _requests(client: Client, names: list[str], *, everywhere: bool) -> list[Object]:
    if len(names) > _MAX_NAMES:
        raise RejectedError(400, "BadRequest", f"request: at most {_MAX_NAMES} names")
    if names and len(names) <= _MAX_READ and not everywhere:
        found = await asyncio.gather(*(_request_if_any(client, name) for name in names))
        return [body for body in found if body is not None]
    bodies = await client.requests(everywhere=everywhere)
    if names:
        bodies = [body for body in bodies if body["metadata"]["name"] in names]
    if len(bodies) > _MAX_REQUESTS:
        raise RejectedError(400, "BadRequest", f"there are {len(bodies)} requests: name at most {_MAX_NAMES} of them")
    return bodies


async def _request_if_any(client: Client, name: str) -> Object | None:
    try:
        return await client.request(name)
    except NotFound:
        return None


def _as_json(one: Timeline) -> Object:
    return {
        "namespace": one.namespace,
        "name": one.name,
        "ticks": [format_instant(tick) for tick in one.ticks],
        "density": [
            {"from": format_instant(span.start), "to": format_instant(span.end), "count": span.count}
            for span in one.density
        ],
        "excluded": [format_instant(tick) for tick in one.excluded],
    }
