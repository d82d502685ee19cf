"""HTTP port for probes and metrics: /livez, /readyz and /metrics. It serves nothing else.

Neighbours: `health.py` and `metrics.py` have the answers, `app.py` opens the port.
"""

from __future__ import annotations

from aiohttp import web

from process_operator.service.health import Health, ProbeResult
from process_operator.service.metrics import Metrics


class HttpServer:
    """Listens while it is entered with `async with`. Port 0 takes a free one; then `port` says which."""

    def __init__(self, health: Health, metrics: Metrics, *, host: str, port: int) -> None:
        self._health = health
        self._metrics = metrics
        self._host = host
        self._port = port
        app = web.Application()
        app.add_routes(
            [web.get("/livez", self._livez), web.get("/readyz", self._readyz), web.get("/metrics", self._show_metrics)]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    @property
    def port(self) -> int:
        """The port that is open."""
        return int(self._runner.addresses[0][1]) if self._runner.addresses else self._port

    async def __aenter__(self) -> HttpServer:
        """Open the port. Raises OSError if it is taken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self._runner.cleanup()

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(self._health.live())

    async def _readyz(self, _: web.Request) -> web.Response:
        return _answer(self._health.ready())

    async def _show_metrics(self, _: web.Request) -> web.Response:
        body, content_type = self._metrics.exposition()
        return web.Response(body=body, headers={"Content-Type": content_type})


def _answer(result: ProbeResult) -> web.Response:
    return web.Response(status=200 if result.ok else 503, text=f"{result.text}\n")
