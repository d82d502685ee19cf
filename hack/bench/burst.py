"""Burst: the lateness of Jobs when many requests are due in the same second.

Lateness is the arrival of a Job in a watch minus the tick. Neighbours: `burst_cluster.py` has the control plane and the
watch, `burst_floor.py` the loop with which the operator is compared.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bench_cluster import request
from burst_cluster import (
    NAMESPACE_NAME,
    RAISED_FLAGS,
    STOCK_FLAGS,
    Operator,
    Site,
    control_plane,
    share_of_a_core,
    site,
)
from burst_cronjobs import WATCHED, first_minute, native, taken_over
from burst_floor import bodies, write
from burst_samples import ALL_MADE, CPU, DOUBLE, MISSING, P99, RECORDED, lateness
from figures import FLOOR, OPERATOR, RAISED, STOCK, TAKEN_OVER, Figure, Sample, Target

from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.resources.types import Object
from process_operator.settings import Settings

_REPETITIONS = {100: 3, 1000: 3, 5000: 1}
_GAPS = {100: 10, 1000: 12, 5000: 40}
"""Seconds from one burst to the next."""


_STOCK_SETS = (100, 1000)
_RAISED_SETS = (100, 1000, 1000, 1000, 5000)
_TAKEOVER_SETS = (100, 1000, 1000, 1000)
_SET_UP_NATIVE = 30
_SET_UP_TAKEOVER = 80
"""Seconds from the start of a control plane until all is set up."""
_SETTING_UP = 0.008
"""CPU seconds of the operator from a request that is created to one that waits for its tick, with room to spare."""


async def measure() -> list[list[Sample]]:
    """The operator beside the slow controller, which its rate alone limits; then the hedge beside the fast one."""
    name = os.environ.get("BENCH_BURST_NAME", "bench-burst")
    first = first_minute(_SET_UP_NATIVE)
    parts = [
        *await asyncio.gather(
            native(f"{name}-native", STOCK_FLAGS, _STOCK_SETS, first, STOCK),
            _own_engine_all(name),
        )
    ]
    first = max(first_minute(_SET_UP_TAKEOVER / share_of_a_core()), first_minute(_SET_UP_NATIVE) + 1)
    parts += await asyncio.gather(
        # The smallest, which nothing is asked of, comes while the other side is still being set up.
        native(f"{name}-native", RAISED_FLAGS, _RAISED_SETS, first - 1, RAISED),
        taken_over(name, STOCK_FLAGS, _TAKEOVER_SETS, first),
    )
    return in_repetitions([burst for part in parts for burst in part])


def in_repetitions(bursts: Iterable[list[Sample]]) -> list[list[Sample]]:
    """The n-th burst of each series and size belongs to the n-th repetition."""
    seen: Counter[tuple[str, float]] = Counter()
    repetitions: dict[int, list[Sample]] = {}
    for samples in bursts:
        which = samples[0].series, samples[0].size
        repetitions.setdefault(seen[which], []).extend(samples)
        seen[which] += 1
    return list(repetitions.values())


async def _own_engine_all(name: str) -> list[list[Sample]]:
    """All sizes, each on a control plane of its own."""
    bursts = []
    for size in _REPETITIONS:
        for patience in (1, 4):
            async with control_plane(name, STOCK_FLAGS) as kubeconfig, site(kubeconfig) as here:
                made = await _own_engine(here, size, patience)
            bursts += made
            if made:
                break
    return bursts


async def _own_engine(here: Site, size: int, patience: float) -> list[list[Sample]]:
    """The engine Operator, then the floor, on one control plane: for each repetition requests of its own.

    Nothing, where the requests were not set up in time.
    """
    repetitions, gap = _REPETITIONS[size], _GAPS[size]
    each = patience * (_SETTING_UP / share_of_a_core() + 3 / await here.rate())
    first = math.ceil(time.time() + 10 + repetitions * size * each)
    ticks = [first + index * gap for index in range(repetitions)]
    # Runs of whole minutes are named after the minute.
    ticks = [tick + (tick % 60 == 0) for tick in ticks]
    for index, tick in enumerate(ticks):
        timing = _once_at(tick)
        bodies_of_set = (request(f"set-{index}-{number}", timing, engine="Operator") for number in range(size))
        await here.create(PROCESS_REQUEST, bodies_of_set)
    async with here.operator() as operator:
        await _until(first - 8)
        requests = (await here.api.list(PROCESS_REQUEST, NAMESPACE_NAME)).items
        if any((raw.get("status") or {}).get("phase") != "Scheduled" for raw in requests):
            return []
        made = [await _burst(here, operator, tick, size, gap) for tick in ticks]
    for index in range(repetitions):
        own = [raw for raw in requests if raw["metadata"]["name"].startswith(f"set-{index}-")]
        made.append(await _floor(here, own, size))
    return made


def _once_at(tick: int) -> dict[str, Any]:
    start = datetime.fromtimestamp(tick, UTC)
    finish = start + timedelta(seconds=1)
    times = {"startTime": format_instant(start), "finishTime": format_instant(finish)}
    return {"schedule": {"secondly": {"every": 3600}, **times}}


async def _burst(here: Site, operator: Operator, tick: int, size: int, gap: int) -> list[Sample]:
    await _until(tick - 1)
    before = operator.cpu_seconds()
    cpu = await _spent(here, operator, tick, size, gap - 2) - before
    await _until(tick + gap - 2)
    runs = await here.api.list(PROCESS_RUN, NAMESPACE_NAME)
    wanted = format_instant(datetime.fromtimestamp(tick, UTC))
    recorded = sum(1 for run in runs.items if run["spec"].get("scheduledTime") == wanted)
    return [
        *lateness(here.seen(tick), tick, tick, size, gap - 2, OPERATOR),
        Sample(RECORDED, OPERATOR, size, recorded),
        Sample(CPU, OPERATOR, size, 1000 * cpu / size),
    ]


async def _spent(here: Site, operator: Operator, tick: int, size: int, watched: float) -> float:
    """CPU seconds of the operator until three seconds after the last Job: later it looks why no pod gets ready."""
    while time.time() < tick + watched and len(here.seen(tick)) < size:  # noqa: ASYNC110 - another process writes them
        await asyncio.sleep(0.2)
    await asyncio.sleep(3)
    return operator.cpu_seconds()


async def _floor(here: Site, requests: Sequence[Object], size: int) -> list[Sample]:
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
        Target(P99, OPERATOR, 1000, at_most=1 / 2, anchor=RAISED),
        Target(P99, OPERATOR, 1000, at_most=1 / 25, anchor=STOCK),
        Target(RECORDED, OPERATOR, 1000, at_least=1000),
        Target(DOUBLE, OPERATOR, 1000, at_most=0),
        Target(CPU, OPERATOR, 1000, at_most=5),
        Target(MISSING, TAKEN_OVER, 1000, at_most=0),
        Target(P99, TAKEN_OVER, 1000, at_most=14),
    ),
    anchors={OPERATOR: (FLOOR, RAISED, STOCK), TAKEN_OVER: (STOCK,)},
    notes=(
        "Lateness is the arrival of the Job in a watch (a process of its own) minus the tick.",
        "The floor is one process that creates the same runs and Jobs, serialised beforehand, with as many in flight.",
        f"CronJobs are watched for {WATCHED} s; a Job that has not come by then counts as that late, or later.",
        f"Stock flags: {' '.join(STOCK_FLAGS)}. Raised flags: {' '.join(RAISED_FLAGS)}.",
        "The operator works beside a controller manager with stock flags. No node: the pods of all Jobs stay Pending.",
        "Its processor time is that from a second before the tick until three after the last Job.",
        "Two control planes at a time: stock flags beside the operator, the hedge beside raised flags.",
        "What has stock flags is slow by its limit of 20 requests a second, and asks next to nothing of the machine.",
        "5,000 are measured once, without the hedge and without stock flags, and stock flags once.",
    ),
)
