"""Monitor as its own program with 10,000 runs: its memory, and the time until the page has the last row."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import sys
import time
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from tests.contract.monitor_browser import PAGE, PUBLIC, bearer, events_of
from tests.contract.monitor_upstream import COLUMNS, answer

RUNS: Final = 10_000
PAGE_ROWS: Final = 500
MEMORY_MB: Final = 150
MANAGED: Final = [
    {"manager": "process-operator", "fieldsV1": {f"f:{name}": {} for name in "abcdefghijklmnopqrstuvwxyz" * 3}}
]


def page(number: int) -> bytes:
    """A page of the API server's Table, with the metadata that it has, compressed."""
    rows = []
    for index in range(number * PAGE_ROWS, (number + 1) * PAGE_ROWS):
        name = f"nightly-close-{index:08x}-2993{index:04d}"
        owner = {"kind": "ProcessRequest", "name": "nightly-close", "uid": "7b69283f-0925-47cb-b34e-b1ad470bfe3d"}
        metadata = {
            "name": name,
            "namespace": "erp",
            "uid": f"{index:036d}",
            "creationTimestamp": "2026-11-30T08:00:00Z",
            "ownerReferences": [owner],
            "managedFields": MANAGED,
        }
        cells = [name, "nightly-close", "2026-11-30T08:00:00Z", "Succeeded", "Schedule", None]
        rows.append({"cells": cells, "object": {"metadata": metadata}})
    following = {"continue": str(number + 1)} if (number + 1) * PAGE_ROWS < RUNS else {}
    columns = [{"name": column} for column in COLUMNS]
    table = {
        "kind": "Table",
        "metadata": {"resourceVersion": "9", **following},
        "columnDefinitions": columns,
        "rows": rows,
    }
    return gzip.compress(orjson.dumps(table), 1)


async def upstream() -> TestServer:
    pages = [page(number) for number in range(RUNS // PAGE_ROWS)]

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            return answer({"status": {"userInfo": {"username": "ann"}}})
        if "watch" in request.query:
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.Event().wait()
        if request.path.endswith("/processruns"):
            body = pages[int(request.query.get("continue", 0))]
            return web.Response(body=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
        return answer({"items": [], "metadata": {"resourceVersion": "9"}})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_ten_thousand_runs(record_property: Any) -> None:
    server, port = await upstream(), unused_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROCESS_MONITOR_PUBLIC_URL": PUBLIC,
        "PROCESS_MONITOR_API_SERVER": str(server.make_url("")).rstrip("/"),
        "PROCESS_MONITOR_HTTP_PORT": str(port),
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "process_operator", "monitor", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert program.stderr is not None
        assert b"serving" in await program.stderr.readline()
        async with aiohttp.ClientSession(read_bufsize=2**21) as session:
            began, count, sent = time.monotonic(), 0, 0
            async with session.get(
                f"http://127.0.0.1:{port}/api/stream?namespace=erp", headers={**PAGE, **bearer("token-of-ann")}
            ) as response:
                async for event in events_of(response):
                    if event.get("kind") == "processruns" and event["type"] == "snapshot":
                        count += len(event["rows"])
                        sent = sent or count
                        if event["last"]:
                            break
            seconds = time.monotonic() - began
        status = Path(f"/proc/{program.pid}/status").read_text()  # noqa: ASYNC240 - a file without a disk
        peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    finally:
        program.terminate()
        assert await program.wait() == 0
        await server.close()
    record_property("seconds", seconds)
    record_property("peak_mb", peak)
    print(f"{count} rows after {seconds:.2f} s, at most {peak:.0f} MB")
    assert count == RUNS
    assert peak < MEMORY_MB


if sys.platform != "linux":
    pytest.skip("the memory is read from /proc", allow_module_level=True)
