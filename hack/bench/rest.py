"""At rest: how long an operator takes from its start to ready with many requests, what it holds, and what it asks for."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_cluster import Bench, bench, request

from process_operator.cluster.kinds import PROCESS_REQUEST

_TIMING = {"schedule": {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"}}
_IDLE_SECONDS = 20


async def rest(count: int) -> dict[str, Any]:
    """Create the requests, let an operator settle them, then start another one and measure it."""
    async with bench() as cluster:
        await _create(cluster, count)
        settling = await _start_and_measure(idle=1)
        resting = await _start_and_measure(idle=_IDLE_SECONDS)
    return {"figure": "at rest", "requests": count, "first_start": settling, "restart": resting}


async def _create(cluster: Bench, count: int) -> None:
    for begin in range(0, count, 32):
        bodies = [request(f"rest-{index}", _TIMING) for index in range(begin, min(count, begin + 32))]
        await asyncio.gather(*(cluster.api.create(PROCESS_REQUEST, cluster.namespace, body) for body in bodies))


async def _start_and_measure(idle: float) -> dict[str, Any]:
    """Start an operator, wait until it says ready, leave it alone for a while, end it."""
    with tempfile.TemporaryFile() as log:
        began = time.monotonic()
        environment = {**os.environ, "PROCESS_OPERATOR_LOG_FORMAT": "json"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "process_operator", "run", stderr=log, env=environment
        )
        ready_in = await _until_ready(log.fileno(), began)
        await asyncio.sleep(5)  # kopf's own lists come in beside ours
        before = _cpu_seconds(process.pid)
        await asyncio.sleep(idle)
        figures = {
            "ready_seconds": round(ready_in, 2),
            "rss_mb": _memory(process.pid, "VmRSS"),
            "peak_rss_mb": _memory(process.pid, "VmHWM"),
            "cpu_seconds_until_idle": round(before, 2),
            "idle_cpu_percent": round(100 * (_cpu_seconds(process.pid) - before) / idle, 2),
        }
        process.terminate()
        await process.wait()
    return figures


async def _until_ready(log: int, began: float) -> float:
    while True:
        if b'"event": "ready"' in os.pread(log, 2**31 - 1, 0):
            return time.monotonic() - began
        await asyncio.sleep(0.05)


def _memory(pid: int, field: str) -> int:
    text = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return int(found[1]) // 1024 if found else 0


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
