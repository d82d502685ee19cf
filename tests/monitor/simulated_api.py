"""Simulated API of the monitor: the routes of `web/src/api/` over rows in memory, on a port of its own.

The tests of the pages need states that are rare in a real cluster: ten thousand runs, a broken stream, a rejection. The
server's own tests run against a real cluster.
"""

from __future__ import annotations

import asyncio
import threading
import zlib
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import orjson
from aiohttp import web
from tests.monitor.simulated_objects import details
from tests.monitor.simulated_rows import (
    NAMESPACE,
    Row,
    backfill_rows,
    instant,
    process_rows,
    request_rows,
    run_rows,
)

STATIC: Final = Path(__file__).parents[2] / "operator" / "process_operator" / "monitor" / "static"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_CHUNK: Final = 500
_ACTIONS: Final = ("run", "cancel", "schedule", "unschedule", "reschedule", "backfill", "delete", "create")


class SimulatedApi:
    """The API, and what the page asked of it. Methods may be called from the thread of the test."""

    def __init__(self, runs: int = 40) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.rows: dict[str, list[Row]] = {
            "processruns": run_rows(runs, self.now),
            "processrequests": request_rows(self.now),
            "processbackfills": backfill_rows(self.now),
            "processes": process_rows(self.now),
        }
        self.denied: dict[str, str] = {}
        """Actions that the person must not do, with the missing right."""
        self.rejection: dict[str, Any] | None = None
        """The failure that every action gets, if one is set."""
        self.sign_in: str | None = None
        """Way to sign in, while the person is not signed in."""
        self.all_namespaces = True
        self.namespaces: list[str] | None = [NAMESPACE, "finance"]
        """Names to choose among; None if the person must not list them."""
        self.rights_asked = 0
        """Calls that asked which buttons the person may press."""
        self.asked: list[tuple[str, dict[str, Any]]] = []
        """Actions that were no dry run, with their bodies."""
        self.dry_runs: list[tuple[str, dict[str, Any]]] = []
        self._answering = asyncio.Event()
        self._answering.set()
        self.log_text = "".join(f"line {number}\n" for number in range(1, 301))
        self.log_info: dict[str, Any] = {"source": "record", "truncated": True, "url": "https://logs.example/run?q=1"}
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def push(self, kind: str, *rows: Row, removed: tuple[str, ...] = ()) -> None:
        """Change rows, and tell all pages."""
        keys = {row["name"] for row in rows} | set(removed)
        kept = [row for row in self.rows[kind] if row["name"] not in keys]
        self.rows[kind] = [*rows, *kept]
        gone = [{"namespace": NAMESPACE, "name": name} for name in removed]
        self._send({"type": "change", "kind": kind, "rows": list(rows), "removed": gone})

    def state(self, kind: str, message: str | None) -> None:
        """Tell all pages that a kind is live, or why not."""
        error = None if message is None else {"status": 410, "reason": "Expired", "message": message, "fields": []}
        self._send({"type": "state", "kind": kind, "live": error is None, "since": instant(self.now), "error": error})

    def break_streams(self) -> None:
        """End all streams without a word, as a network does."""

        async def work() -> None:
            for queue in self._streams:
                queue.put_nowait(None)

        self._call(work())

    def answer_actions(self, *, answering: bool) -> None:
        """Answer the actions that are no dry run, or keep them waiting."""

        async def work() -> None:
            if answering:
                self._answering.set()
            else:
                self._answering.clear()

        self._call(work())

    def _send(self, event: dict[str, Any]) -> None:
        async def work() -> None:
            for queue in self._streams:
                queue.put_nowait(_event(event))

        self._call(work())

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    async def _start(self) -> None:
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/api/session", self._session),
                web.post("/api/session", self._sign_in),
                web.get("/api/namespaces", self._namespaces),
                web.get("/api/access", self._access),
                web.get("/api/stream", self._stream),
                web.get("/api/objects/{kind}/{namespace}/{name}", self._object),
                web.get("/api/ticks", self._ticks),
                web.post("/api/preview", self._preview),
                web.get("/api/why", self._why),
                web.get("/api/logs/{namespace}/{run}", self._logs),
                web.post("/api/actions/{action}", self._action),
                web.get("/{path:.*}", self._page),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        for queue in self._streams:
            queue.put_nowait(None)
        assert self._runner is not None and self._runner.server is not None
        server = self._runner.server
        _abort(server)
        await self._runner.cleanup()
        # asyncio tells the server of a connection up to three passes of the loop after accepting it.
        for _ in range(3):
            await asyncio.sleep(0)
            _abort(server)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            assert request.headers["X-Process-Monitor"] == "1"
            if self.sign_in and request.method != "POST":
                error = {"status": 401, "reason": "Unauthorized", "message": "A token is needed.", "fields": []}
                return _json({"error": error, "signIn": self.sign_in}, 401)
        response: web.StreamResponse = await handler(request)
        return response

    async def _page(self, request: web.Request) -> web.StreamResponse:
        found = STATIC / request.match_info["path"]
        path = found if found.is_file() else STATIC / "index.html"
        return web.FileResponse(path, headers={"Content-Security-Policy": _POLICY})

    async def _session(self, _: web.Request) -> web.Response:
        return _json(
            {
                "mode": "local",
                "user": "ana@example.com",
                "groups": ["clerks"],
                "context": "kind-sales",
                "cluster": "sales",
                "namespace": NAMESPACE,
                "version": "1.0",
                "now": instant(datetime.now(UTC)),
                "namesVouched": False,
                "canSignOut": False,
            }
        )

    async def _sign_in(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["token"] != "good":
            error = {"status": 401, "reason": "Unauthorized", "message": "The token is not valid.", "fields": []}
            return _json({"error": error, "signIn": "token"}, 401)
        self.sign_in = None
        return await self._session(request)

    async def _namespaces(self, _: web.Request) -> web.Response:
        return _json({"names": self.namespaces, "all": self.all_namespaces})

    async def _access(self, request: web.Request) -> web.Response:
        self.rights_asked += 1
        actions = {
            name: {"allowed": name not in self.denied, "missing": self.denied.get(name, "")} for name in _ACTIONS
        }
        logs = {"allowed": True, "missing": ""}
        names = {"namespace": request.query["namespace"], "request": request.query.get("request")}
        return _json({**names, "actions": actions, "logs": logs})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        compressor = zlib.compressobj(wbits=31)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.add(queue)
        try:
            in_scope = request.query["namespace"] in {"", NAMESPACE}
            for kind, rows in self.rows.items():
                for part in _snapshot(kind, rows if in_scope else []):
                    await response.write(_flushed(compressor, part))
            while (change := await queue.get()) is not None:
                await response.write(_flushed(compressor, change))
        except ConnectionResetError:
            pass
        finally:
            self._streams.discard(queue)
        return response

    async def _object(self, request: web.Request) -> web.Response:
        kind, name = request.match_info["kind"], request.match_info["name"]
        row = next((row for row in self.rows[kind] if row["name"] == name), None)
        if row is None:
            error = {"status": 404, "reason": "NotFound", "message": f"{kind} {name} not found", "fields": []}
            return _json({"error": error}, 404)
        return _json(details(kind, row))

    async def _ticks(self, request: web.Request) -> web.Response:
        first, last = (datetime.fromisoformat(request.query[end]) for end in ("from", "to"))
        chosen = request.query.getall("request", [])
        found = []
        for row in self.rows["processrequests"]:
            if (chosen and row["name"] not in chosen) or row["next"] is None:
                continue
            ticks = [instant(self.now + timedelta(hours=3 * n)) for n in range(1, 200)]
            inside = [tick for tick in ticks if first <= datetime.fromisoformat(tick) <= last]
            excluded = inside[1:2]
            ticks = [tick for tick in inside if tick not in excluded]
            found.append(
                {"namespace": NAMESPACE, "name": row["name"], "ticks": ticks, "density": [], "excluded": excluded}
            )
        return _json({"from": request.query["from"], "to": request.query["to"], "requests": found})

    async def _preview(self, request: web.Request) -> web.Response:
        body = await request.json()
        schedule = body["timing"].get("schedule", {})
        if schedule.get("cron") == "nonsense":
            errors = [{"path": "spec.timing.schedule.cron", "message": "must have 5 to 7 fields"}]
            return _json({"words": "", "times": [], "errors": errors, "hints": []})
        times = [
            {"at": instant(self.now + timedelta(days=n)), "local": f"2027-03-{n + 10}T03:00:00+02:00", "remark": None}
            for n in range(1, body["count"] + 1)
        ]
        words = "daily at " + (schedule.get("daily") or {}).get("at", "?")
        return _json({"words": words, "times": times, "errors": [], "hints": []})

    async def _why(self, request: web.Request) -> web.Response:
        sentence = f"That is not a time of the schedule of {request.query['request']}."
        return _json({"at": request.query["at"], "sentences": [sentence]})

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        info = {"type": "info", "container": "main", "pod": "pod-1", "remark": None, **self.log_info}
        await response.write(_event(info))
        lines = self.log_text.splitlines(keepends=True)[-int(request.query["tail"]) :]
        for start in range(0, len(lines), 500):
            await response.write(_event({"type": "text", "text": "".join(lines[start : start + 500])}))
        await response.write(_event({"type": "end", "reason": "Finished", "error": None}))
        return response

    async def _action(self, request: web.Request) -> web.Response:
        action, body = request.match_info["action"], await request.json()
        (self.dry_runs if body["dryRun"] else self.asked).append((action, body))
        if not body["dryRun"]:
            await self._answering.wait()
        targets = body.get("targets") or [
            {"namespace": body["namespace"], "name": (body.get("request") or {}).get("name", "from-yaml")}
        ]
        result = {
            "ok": self.rejection is None,
            "message": "" if self.rejection else f"{action} done",
            "error": self.rejection,
            "created": None,
            "yaml": yaml_of(action),
            "command": f"kubectl process {action}",
        }
        return _json({"results": [{**target, **result} for target in targets]})


def _abort(server: web.Server) -> None:
    """Close all connections. A closed page reads no more, and what it did not read would keep its socket open."""
    for connection in server.connections:
        if connection.transport is not None:
            connection.transport.abort()


def yaml_of(action: str) -> str:
    """Manifest that an action would send."""
    return f"apiVersion: process-operator.io/v1alpha1\nkind: ProcessRun # {action}\n"


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def _event(body: Any) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def _flushed(compressor: zlib._Compress, part: bytes) -> bytes:
    """Compress a part so that the browser can read all of it now."""
    return compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH)


def _snapshot(kind: str, rows: list[Row]) -> list[bytes]:
    starts = range(0, max(1, len(rows)), _CHUNK)
    return [
        _event(
            {
                "type": "snapshot",
                "kind": kind,
                "first": start == 0,
                "last": start + _CHUNK >= len(rows),
                "rows": rows[start : start + _CHUNK],
            }
        )
        for start in starts
    ]
