"""Routes of the monitor: the closed list of its addresses, and the application that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from process_operator.monitor.api.access import access
from process_operator.monitor.api.actions import press
from process_operator.monitor.api.create import create
from process_operator.monitor.api.logs import logs
from process_operator.monitor.api.namespaces import namespaces
from process_operator.monitor.api.objects import read_object
from process_operator.monitor.api.preview import preview_timing
from process_operator.monitor.api.session import read_session, sign_in, sign_out
from process_operator.monitor.api.stream import stream
from process_operator.monitor.api.ticks import ticks
from process_operator.monitor.api.why import why
from process_operator.monitor.failures import RejectedError
from process_operator.monitor.limits import BODY_BYTES
from process_operator.monitor.middlewares import MIDDLEWARES, PROBE
from process_operator.monitor.mode import MODE
from process_operator.monitor.open_streams import OPEN_STREAMS, OpenStreams
from process_operator.monitor.pages import Pages
from process_operator.monitor.response_headers import add_headers

if TYPE_CHECKING:
    from process_operator.monitor.mode import Mode


def application(mode: Mode, pages: Pages) -> web.Application:
    """Build the application of a mode."""
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=BODY_BYTES)
    app[MODE] = mode
    app[OPEN_STREAMS] = OpenStreams()
    app.add_routes([*_API, web.get(PROBE, _alive, name="probe"), web.get("/{path:.*}", pages.get, name="page")])
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_close_streams)
    return app


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _unknown(request: web.Request) -> web.StreamResponse:
    raise RejectedError(404, "NotFound", f"there is no {request.path}")


async def _close_streams(app: web.Application) -> None:
    app[OPEN_STREAMS].closing.set()


_API: Final = (
    web.get("/api/session", read_session),
    web.post("/api/session", sign_in),
    web.delete("/api/session", sign_out),
    web.get("/api/namespaces", namespaces),
    web.get("/api/access", access),
    web.get("/api/stream", stream, name="stream"),
    web.get("/api/objects/{kind}/{namespace}/{name}", read_object),
    web.get("/api/ticks", ticks),
    web.post("/api/preview", preview_timing),
    web.get("/api/why", why),
    web.get("/api/logs/{namespace}/{run}", logs, name="logs"),
    web.post("/api/actions/create", create),
    web.post("/api/actions/{action}", press),
    web.route("*", "/api", _unknown),
    web.route("*", "/api/{path:.*}", _unknown),
)
