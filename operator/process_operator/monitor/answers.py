"""Answers to the page: JSON, compressed if the browser accepts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from process_operator.monitor.failures import RejectedError

if TYPE_CHECKING:
    from process_operator.resources.types import Object


def json_answer(body: Object, *, status: int = 200) -> web.Response:
    """Write an object as the body of an answer."""
    response = web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
    response.enable_compression()
    return response


async def json_body(request: web.Request) -> Any:
    """Read the body of a request. Raises RejectedError (400) if it is not JSON."""
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise RejectedError(400, "BadRequest", f"the body is not JSON: {error}") from error
