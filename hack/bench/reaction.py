"""Apply -> Job: how long after a Run Immediately request was sent its Job is seen by a watch."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench_cluster import Raw, bench, request, spread

from process_operator.cluster.kinds import JOB, PROCESS_REQUEST


async def reaction(count: int) -> dict[str, Any]:
    """Apply requests one after the other, each once the Job of the one before was seen."""
    seen: dict[str, float] = {}
    arrived = asyncio.Event()

    def note(kind: str, raw: Raw, at: float) -> None:
        if kind == "ADDED":
            seen[raw["metadata"]["labels"]["process-operator.io/request"]] = at
            arrived.set()

    delays: list[float] = []
    async with bench() as cluster, cluster.watching(JOB, note):
        for index in range(count):
            name = f"now-{index}"
            sent = time.time()
            await cluster.api.create(PROCESS_REQUEST, cluster.namespace, request(name, {"runImmediately": {}}))
            while name not in seen:
                arrived.clear()
                await asyncio.wait_for(arrived.wait(), timeout=30)
            delays.append(seen[name] - sent)
    return {"figure": "apply to Job, Run Immediately", "requests": count, "milliseconds": spread(delays)}
