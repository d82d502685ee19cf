"""`GET /api/objects/{kind}/{namespace}/{name}`: one object, as JSON and as YAML, with its Events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from process_operator.client.yaml_text import yaml_text
from process_operator.cluster.errors import Forbidden
from process_operator.monitor.answers import json_answer
from process_operator.monitor.names import kind_of, name_of, namespace_of
from process_operator.monitor.person import PERSON
from process_operator.resources.kinds import EVENT

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.cluster.api import Api
    from process_operator.resources.types import Object


async def read_object(request: web.Request) -> web.StreamResponse:
    """Answer with the object as the API server has it, without managedFields, and with its Events, oldest first."""
    given = request.match_info
    kind, namespace, name = kind_of(given), namespace_of(given), name_of(given)
    api = request[PERSON].api
    body = await api.get(kind, namespace, name)
    body["metadata"].pop("managedFields", None)
    events = await _events(api, namespace, body["metadata"]["uid"])
    return json_answer({"object": body, "yaml": yaml_text(body), "events": events})


async def _events(api: Api, namespace: str, uid: str) -> list[Object]:
    """List the Events about an object; none if the person must not read Events."""
    try:
        found = await api.list(EVENT, namespace, field_selector=f"involvedObject.uid={uid}")
    except Forbidden:
        return []
    return sorted(map(_event, found.items), key=lambda event: str(event["last"]))


def _event(body: Object) -> Object:
    series: Any = body.get("series") or {}
    created = body["metadata"]["creationTimestamp"]
    first = body.get("firstTimestamp") or body.get("eventTime") or created
    return {
        "type": body.get("type") or "Normal",
        "reason": body.get("reason") or "",
        "message": body.get("message") or "",
        "count": series.get("count") or body.get("count") or 1,
        "first": first,
        "last": series.get("lastObservedTime") or body.get("lastTimestamp") or first,
    }
