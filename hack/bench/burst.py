"""Burst: many requests due in the same second, and how late their Jobs come.

Lateness is the arrival of a Job in a watch minus the tick. Neighbours: `burst_cluster.py` has the control plane and the
watch, `burst_floor.py` the loop that the operator is held against.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench_cluster import request
from burst_cluster import NAMESPACE_NAME, STOCK_FLAGS, Operator, Site, control_plane, share_of_a_core, site
from burst_floor import bodies, write
from figures import FLOOR, OPERATOR, Figure, Sample, Target

from process_operator.cluster.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.settings import Settings

P50, P99, MOST = "lateness p50, s", "lateness p99, s", "lateness max, s"
ALL_MADE, MISSING, DOUBLE, RECORDED = "all made, s", "Jobs missing", "Jobs double", "runs recorded"
CPU = "CPU per run, ms"
_REPETITIONS = {100: 3, 1000: 3, 5000: 1}
_GAPS = {100: 8, 1000: 12, 5000: 30}
"""Seconds from one burst to the next."""


_SETTING_UP = 0.006
"""CPU seconds of the operator from a request that is created to one that waits for its tick, with room to spare."""


async def measure() -> list[list[Sample]]:
    """All sizes, each on a control plane of its own."""
    sizes = [int(size) for size in os.environ.get("BENCH_BURST_SIZES", "100,1000,5000").split(",")]
    repetitions: list[list[Sample]] = []
    for size in sizes:
        with control_plane(STOCK_FLAGS) as kubeconfig:
            async with site(kubeconfig) as here:
                for index, samples in enumerate(await _own_engine(here, size)):
                    repetitions += [[]] if index == len(repetitions) else []
                    repetitions[index] += samples
    return repetitions


async def _own_engine(here: Site, size: int) -> list[list[Sample]]:
    """The engine Operator, then the floor, on one control plane: for each repetition requests of its own."""
    repetitions, gap = _REPETITIONS[size], _GAPS[size]
    first = math.ceil(time.time() + 10 + repetitions * size * (_SETTING_UP / share_of_a_core() + 3 / await here.rate()))
    ticks = [first + index * gap for index in range(repetitions)]
    for index, tick in enumerate(ticks):
        timing = _once_at(tick)
        bodies_of_set = (request(f"set-{index}-{number}", timing, engine="Operator") for number in range(size))
        await here.create(PROCESS_REQUEST, bodies_of_set)
    async with here.operator() as operator:
        made = [await _burst(here, operator, tick, size, gap) for tick in ticks]
    listed = (await here.api.list(PROCESS_REQUEST, NAMESPACE_NAME)).items
    for index in range(repetitions):
        own = [raw for raw in listed if raw["metadata"]["name"].startswith(f"set-{index}-")]
        made[index] += await _floor(here, own, size)
    return made


def _once_at(tick: int) -> dict[str, Any]:
    start = datetime.fromtimestamp(tick, UTC)
    finish = start + timedelta(seconds=1)
    times = {"startTime": format_instant(start), "finishTime": format_instant(finish)}
    return {"schedule": {"secondly": {"every": 3600}, **times}}


async def _burst(here: Site, operator: Operator, tick: int, size: int, gap: int) -> list[Sample]:
    await _until(tick - 1)
    before = operator.cpu_seconds()
    await _until(tick + gap - 2)
    cpu = operator.cpu_seconds() - before
    runs = await here.api.list(PROCESS_RUN, NAMESPACE_NAME)
    wanted = format_instant(datetime.fromtimestamp(tick, UTC))
    recorded = sum(1 for run in runs.items if run["spec"].get("scheduledTime") == wanted)
    return [
        *lateness(here.seen(tick), tick, tick, size, gap - 2, OPERATOR),
        Sample(RECORDED, OPERATOR, size, recorded),
        Sample(CPU, OPERATOR, size, 1000 * cpu / size),
    ]


async def _floor(here: Site, requests: Sequence[dict[str, Any]], size: int) -> list[Sample]:
    tick = math.ceil(time.time()) + 2 + size // 1000
    settings = Settings()
    connections = min(settings.workers, settings.max_connections)
    cpu = await write(here, [bodies(raw, tick) for raw in requests], tick, connections)
    took = time.time() - tick
    await asyncio.sleep(1)
    return [
        *lateness(here.seen(tick), tick, tick, size, took, FLOOR),
        Sample(CPU, FLOOR, size, 1000 * cpu / size),
    ]


def lateness(
    seen: Sequence[tuple[float, str]], name: int, tick: int, size: int, watched: float, series: str
) -> list[Sample]:
    """What the arrivals of one tick say; a Job that did not come counts as late as was watched.

    `name` is what the names of its Jobs end with, `tick` its unix seconds.
    """
    requests = {job.removesuffix(f"-{name}") for _, job in seen}
    missing = size - len(requests)
    late = sorted([at - tick for at, _ in seen] + [watched] * missing)
    values = {
        P50: late[len(late) // 2],
        P99: late[math.ceil(0.99 * len(late)) - 1],
        MOST: late[-1],
        ALL_MADE: late[-1],
        MISSING: missing,
        DOUBLE: len(seen) - len(requests),
    }
    return [Sample(measure, series, size, value) for measure, value in values.items()]


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.time()))


FIGURE = Figure(
    name="burst",
    title="Burst: from the second in which many requests are due to the Job of each",
    size="requests due in one second",
    measure=measure,
    plotted=(P99, CPU),
    targets=(
        Target(P99, OPERATOR, 1000, at_most=1.25, anchor=FLOOR, anchor_measure=ALL_MADE),
        Target(RECORDED, OPERATOR, 1000, at_least=1000),
        Target(DOUBLE, OPERATOR, 1000, at_most=0),
        Target(CPU, OPERATOR, 1000, at_most=5),
    ),
    anchors={OPERATOR: (FLOOR,)},
    notes=(
        "Lateness is the arrival of the Job in a watch (a process of its own) minus the tick.",
        "The floor is one process that creates the same runs and Jobs, serialised beforehand, with as many in flight.",
        "No node: the pods of the Jobs stay Pending. The controller manager has its stock limits.",
        "5,000 are measured once: three repetitions would take minutes to set up.",
    ),
)
