"""Lateness of ticks: how long after each tick of one-second schedules its Job is seen, and whether each tick ran once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from bench_cluster import Raw, bench, request, spread

from process_operator.cluster.kinds import JOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant

_LEAD = 5
"""Seconds between the requests and their first tick."""


async def lateness(count: int, seconds: int) -> dict[str, Any]:
    """`count` requests, each with a tick every second for `seconds` seconds."""
    jobs: Counter[str] = Counter()
    late: list[float] = []

    def note(kind: str, raw: Raw, at: float) -> None:
        if kind == "ADDED":
            name = raw["metadata"]["name"]
            jobs[name] += 1
            late.append(at - int(name.rpartition("-")[2]))

    async with bench() as cluster, cluster.watching(JOB, note):
        start = (datetime.now(UTC) + timedelta(seconds=_LEAD)).replace(microsecond=0)
        finish = start + timedelta(seconds=seconds - 1)
        history = {"successful": 1000, "failed": 1000, "other": 1000}
        timing = {
            "schedule": {
                "secondly": {"every": 1},
                "startTime": format_instant(start),
                "finishTime": format_instant(finish),
            }
        }
        for index in range(count):
            body = request(f"tick-{index}", timing, engine="Operator", history=history)
            await cluster.api.create(PROCESS_REQUEST, cluster.namespace, body)
        await asyncio.sleep(finish.timestamp() - time.time() + 5)
        runs = await cluster.api.list(PROCESS_RUN, cluster.namespace)
        phases = Counter(run["status"]["phase"] for run in runs.items)
    return {
        "figure": "lateness of ticks, engine Operator",
        "ticks": count * seconds,
        "runs": len(runs.items),
        "jobs": len(jobs),
        "jobs_made_twice": sum(1 for times in jobs.values() if times > 1),
        "phases": dict(phases),
        "milliseconds": spread(late),
    }
