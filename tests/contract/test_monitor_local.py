"""Monitor on the user's machine: its secret, its hosts, and the file that opens the browser."""

from __future__ import annotations

import asyncio
import stat
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiohttp
import pytest
import yaml
from tests.contract.monitor_upstream import Upstream

from process_operator.client.access import Access
from process_operator.monitor.idle import IdleTime
from process_operator.monitor.local_mode import KEY_HEADER
from process_operator.monitor.on_this_machine import LocalOptions, run_local_monitor

ROUTES = (
    "/api/session",
    "/api/namespaces",
    "/api/access?namespace=erp",
    "/api/stream?namespace=erp",
    "/api/why?namespace=erp&request=a",
    "/api/logs/erp/a",
    "/api/objects/processruns/erp/a",
    "/api/nothing",
)


@dataclass
class Local:
    """A local monitor that runs, with the address that it printed."""

    origin: str
    key: str
    upstream: Upstream
    session: aiohttp.ClientSession

    async def get(self, path: str, key: str | None, **headers: str) -> tuple[int, bytes]:
        sent = {"X-Process-Monitor": "1", **({KEY_HEADER: key} if key is not None else {}), **headers}
        async with self.session.get(f"{self.origin}{path}", headers=sent) as response:
            return response.status, await response.read()


@asynccontextmanager
async def local(folder: Path, *, opens_browser: bool = False) -> AsyncIterator[Local]:
    async with Upstream() as upstream:
        kubeconfig = folder / "kubeconfig"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "erp"}}],
            "clusters": [{"name": "c", "cluster": {"server": upstream.url}}],
            "users": [{"name": "u", "user": {"token": "token-of-ann"}}],
        }
        kubeconfig.write_text(yaml.safe_dump(config))
        printed: asyncio.Queue[str] = asyncio.Queue()
        options = LocalOptions(0, opens_browser, None)
        program = asyncio.create_task(
            run_local_monitor(Access(kubeconfig=str(kubeconfig)), options, printed.put_nowait)
        )
        try:
            async with asyncio.timeout(60), aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
                origin, _, fragment = (await printed.get()).partition("/#")
                yield Local(origin, fragment.removeprefix("key="), upstream, session)
        finally:
            program.cancel()
            await asyncio.gather(program, return_exceptions=True)


async def test_07_every_route_needs_the_secret(tmp_path: Path) -> None:
    async with local(tmp_path) as monitor:
        assert len(monitor.key) >= 43, "256 bits"
        for path in ROUTES:
            for key in (None, "", "x", monitor.key[:-1], f"{monitor.key}x", monitor.key.swapcase()):
                status, body = await monitor.get(path, key)
                assert (status, b"KeyRequired" in body, monitor.key.encode() in body) == (401, True, False)
        assert not monitor.upstream.seen
        assert (await monitor.get("/api/session", monitor.key))[0] == 200


async def test_07_secret_in_a_cookie_or_a_query_is_no_secret(tmp_path: Path) -> None:
    async with local(tmp_path) as monitor:
        assert (await monitor.get(f"/api/session?key={monitor.key}", None))[0] == 401
        assert (await monitor.get("/api/session", None, Cookie=f"{KEY_HEADER}={monitor.key}"))[0] == 401
        assert (await monitor.get("/api/session", None, Authorization=f"Bearer {monitor.key}"))[0] == 401


async def test_05_only_the_names_of_the_loopback_interface_are_served(tmp_path: Path) -> None:
    async with local(tmp_path) as monitor:
        port = urlsplit(monitor.origin).port or 0
        for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
            assert (await monitor.get("/api/session", monitor.key, Host=host))[0] == 200
        for host in (
            "localhost",
            "127.0.0.1",
            f"evil.example.com:{port}",
            f"0.0.0.0:{port}",
            f"[::1]:{port}",
            f"localhost:{port + 1}",
        ):
            assert (await monitor.get("/api/session", monitor.key, Host=host))[0] == 421


async def test_session_is_that_of_the_kubeconfig(tmp_path: Path) -> None:
    async with local(tmp_path) as monitor:
        status, body = await monitor.get("/api/session", monitor.key)
    assert status == 200
    for part in (
        b'"mode":"local"',
        b'"user":"ann"',
        b'"context":"here"',
        b'"cluster":"c"',
        b'"namespace":"erp"',
        b'"canSignOut":false',
    ):
        assert part in body


async def test_07_browser_gets_the_secret_by_a_file_that_only_the_user_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def note(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", note)
    async with local(tmp_path, opens_browser=True) as monitor:
        assert (await monitor.get("/api/session", monitor.key))[0] == 200
        (url,) = opened
        assert url.startswith("file://")
        assert monitor.key not in url
        file = Path(unquote(urlsplit(url).path))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600  # noqa: ASYNC240 - a local file
        assert f"{monitor.origin}/#key={monitor.key}" in file.read_text()  # noqa: ASYNC240
    assert not file.exists()  # noqa: ASYNC240


async def test_idle_time_counts_from_the_end_of_the_last_call() -> None:
    now = [0.0]
    idle = IdleTime(lambda: now[0])
    now[0] = 5.0
    assert idle.seconds == 5.0

    async def handler(_: object) -> object:
        now[0] = 100.0
        assert idle.seconds == 0.0
        return None

    await idle.middleware(None, handler)  # type: ignore[arg-type]
    now[0] = 103.0
    assert idle.seconds == 3.0
