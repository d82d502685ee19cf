"""`GET /api/namespaces`: the namespaces to choose from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from process_operator.client.rights import Right, is_allowed
from process_operator.cluster.errors import Forbidden
from process_operator.monitor.answers import json_answer
from process_operator.monitor.mode import MODE
from process_operator.monitor.person import PERSON
from process_operator.resources.kinds import NAMESPACE, PROCESS_REQUEST, PROCESS_RUN

if TYPE_CHECKING:
    from aiohttp import web

    from process_operator.cluster.api import Api

_WHOLE: Final = (Right("list", PROCESS_RUN), Right("list", PROCESS_REQUEST))
"""The rights of which the page of all namespaces needs each."""


async def namespaces(request: web.Request) -> web.StreamResponse:
    """Answer with the names that the person may list, else with those that the administrator offers."""
    api = request[PERSON].api
    names, *whole = await asyncio.gather(_names(api), *(is_allowed(api, right, None) for right in _WHOLE))
    offered = list(request.app[MODE].surroundings.namespaces) or None
    return json_answer({"names": names if names is not None else offered, "all": all(whole)})


async def _names(api: Api) -> list[str] | None:
    try:
        found = await api.list(NAMESPACE, None, page_size=500)
    except Forbidden:
        return None
    return sorted(body["metadata"]["name"] for body in found.items)
