"""Middlewares in their order: failures as JSON, the host, the origin, the person, and the time of a call.

A request reaches its handler only from a page of the monitor, and with the credentials of its person.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web
from aiohttp.hdrs import CONTENT_TYPE, HOST, ORIGIN

from process_operator.cluster.errors import ApiError
from process_operator.monitor.answers import json_answer
from process_operator.monitor.failures import RejectedError, as_failure
from process_operator.monitor.limits import CALL_SECONDS
from process_operator.monitor.mode import MODE
from process_operator.monitor.person import PERSON
from process_operator.monitor.token import forget_token

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

API: Final = "/api/"
PROBE: Final = "/healthz"
PAGE_HEADER: Final = "X-Process-Monitor"
STREAMS: Final = frozenset({"stream", "logs"})
"""Names of routes that answer with a stream, which limits its own time."""
SESSION: Final = "/api/session"
_SAFE: Final = frozenset({"GET", "HEAD"})
_FETCH_SITE: Final = "Sec-Fetch-Site"
_logger = structlog.get_logger(__name__)


@web.middleware
async def failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with its body for the page. A 401 removes the cookies of a pasted token."""
    try:
        return await handler(request)
    except (RejectedError, ApiError) as error:
        return _failed(request, error)
    except TimeoutError:
        message = f"the API server did not answer within {CALL_SECONDS:.0f} seconds"
        return _failed(request, RejectedError(504, "Timeout", message))
    except web.HTTPException as error:
        if not request.path.startswith(API):
            raise
        return _failed(request, RejectedError(error.status, error.reason.replace(" ", ""), error.reason))
    except Exception:
        _logger.exception("unexpected error", route=_route(request))
        return _failed(request, RejectedError(500, "InternalError", "the monitor failed: its log has the reason"))


def _failed(request: web.Request, error: RejectedError | ApiError) -> web.StreamResponse:
    failure = as_failure(error)
    body: dict[str, object] = {"error": failure}
    if failure["status"] == 401:
        body["signIn"] = request.app[MODE].sign_in
    response = json_answer(body, status=failure["status"])
    if failure["status"] == 401 and request.app[MODE].sign_in == "token":
        forget_token(response)
    return response


def _route(request: web.Request) -> str:
    return request.match_info.route.name or request.path


@web.middleware
async def known_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve the hosts of the mode alone. Raises RejectedError (421).

    The probe of the kubelet names the address of the pod, and learns nothing.
    """
    if request.path != PROBE and request.headers.get(HOST, "").lower() not in request.app[MODE].hosts:
        raise RejectedError(421, "WrongHost", "this host is not served here")
    return await handler(request)


@web.middleware
async def own_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve calls of the monitor's own page alone, whatever the browser adds to them. Raises RejectedError.

    The header makes every call one that a browser asks about before it sends it from another origin, and the monitor
    never allows that. Changes also need the origin (as Go's http.CrossOriginProtection) and a body of JSON.
    """
    if not request.path.startswith(API):
        if request.method not in _SAFE:
            raise RejectedError(405, "MethodNotAllowed", "pages can only be read")
        return await handler(request)
    if request.headers.get(PAGE_HEADER) != "1":
        raise RejectedError(403, "ForeignPage", f"calls need the header {PAGE_HEADER}: 1")
    site, origin = request.headers.get(_FETCH_SITE), request.headers.get(ORIGIN)
    if site not in {None, "same-origin"} or (origin is not None and origin not in request.app[MODE].origins):
        raise RejectedError(403, "ForeignPage", "calls from pages of other sites are not served")
    if request.method not in _SAFE:
        if site is None and origin is None:
            raise RejectedError(403, "ForeignPage", "changes need the header Origin")
        if request.method == "POST" and request.headers.get(CONTENT_TYPE, "").partition(";")[0] != "application/json":
            raise RejectedError(415, "UnsupportedMediaType", "the body must be application/json")
    return await handler(request)


@web.middleware
async def with_person(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Open the person of a call, and close the person's session after it. Signing in and out need no person."""
    if not request.path.startswith(API) or (request.path == SESSION and request.method != "GET"):
        return await handler(request)
    async with request.app[MODE].person(request) as person:
        request[PERSON] = person
        return await handler(request)


@web.middleware
async def in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Limit the time of a call."""
    if request.match_info.route.name in STREAMS:
        return await handler(request)
    async with asyncio.timeout(CALL_SECONDS):
        return await handler(request)


MIDDLEWARES: Final[tuple[Middleware, ...]] = (failures, known_host, own_page, with_person, in_time)
