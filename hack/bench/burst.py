"""Burst: the lateness of Jobs when many requests are due in the same second.

Lateness is the arrival of a Job in a watch minus the tick. Each series has the machine for itself: one control plane at a
time, and a burst starts when the one before it is over. Neighbours: `burst_cluster.py` has the control plane and the
watch, `burst_floor.py` the loop with which the operator is compared, `burst_cronjobs.py` the CronJobs.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bench_cluster import request
from burst_cluster import (
    FLOOR_NAMESPACE,
    NAMESPACE_NAME,
    RAISED_FLAGS,
    SET_UP_FACTOR,
    STOCK_FLAGS,
    WATCHED_SECONDS,
    NotSetUpError,
    Operator,
    Site,
    control_plane,
    share_of_a_core,
    site,
)
from burst_cronjobs import native, taken_over
from burst_floor import bodies, write
from burst_samples import ALL_MADE, CPU, CPU_PREPARED, DOUBLE, MISSING, P99, RECORDED, lateness
from figures import FLOOR, OPERATOR, RAISED, STOCK, TAKEN_OVER, Figure, PartlyMeasuredError, Sample, Target

from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant
from process_operator.resources.types import Object
from process_operator.settings import Settings

_OWN_SETS: Final = (100, 100, 100, 1000, 1000, 1000)
_LARGE_SETS: Final = (5000,)
_STOCK_SETS: Final = (100,)
_RAISED_SETS: Final = (1000,)
_TAKEOVER_SETS: Final = (1000,)
_SETTING_UP_SECONDS: Final = 0.008
"""CPU seconds of the operator from a request that is created to one that waits for its tick, with room to spare."""
_SPARE_SECONDS: Final = 5
_AFTER_SECONDS: Final = 3
"""CPU time is counted for this long after the last Job. Later the operator examines why no pod gets ready."""


async def measure() -> list[list[Sample]]:
    """All series, one after the other. Raises PartlyMeasuredError if some could not be measured."""
    name = os.environ.get("BENCH_BURST_NAME", "bench-burst")
    return await collect(
        {
            f"{OPERATOR} and {FLOOR}": _own_engine(name, _OWN_SETS),
            f"{OPERATOR} and {FLOOR}, the largest": _own_engine(name, _LARGE_SETS),
            RAISED: native(name, RAISED_FLAGS, _RAISED_SETS, RAISED),
            TAKEN_OVER: taken_over(name, STOCK_FLAGS, _TAKEOVER_SETS),
            STOCK: native(name, STOCK_FLAGS, _STOCK_SETS, STOCK),
        }
    )


async def collect(series: Mapping[str, AsyncIterator[list[Sample]]]) -> list[list[Sample]]:
    """The bursts of all series in repetitions. A series that fails loses no other, and not its earlier bursts."""
    bursts: list[list[Sample]] = []
    missing = []
    for name, measured in series.items():
        try:
            async for samples in measured:
                bursts.append(samples)  # noqa: PERF401 - kept if the series fails later
        except Exception:  # noqa: BLE001 - the other series are measured in any case
            traceback.print_exc()
            missing.append(name)
    repetitions = in_repetitions(bursts)
    if missing:
        raise PartlyMeasuredError(repetitions, missing)
    return repetitions


def in_repetitions(bursts: Iterable[list[Sample]]) -> list[list[Sample]]:
    """The n-th burst of each series and size belongs to the n-th repetition."""
    seen: Counter[tuple[str, float]] = Counter()
    repetitions: dict[int, list[Sample]] = {}
    for samples in bursts:
        which = samples[0].series, samples[0].size
        repetitions.setdefault(seen[which], []).extend(samples)
        seen[which] += 1
    return list(repetitions.values())


async def _own_engine(name: str, sizes: Iterable[int]) -> AsyncIterator[list[Sample]]:
    """The engine Operator and the floor in turn, on one control plane. Raises NotSetUpError."""
    async with control_plane(name, STOCK_FLAGS) as kubeconfig, site(kubeconfig) as here, here.operator() as operator:
        for number, size in enumerate(sizes):
            tick, requests = await _set_up(here, number, size)
            yield await _burst(here, operator, tick, size)
            yield await _floor(here, requests)


async def _set_up(here: Site, number: int, size: int) -> tuple[int, list[Object]]:
    """Create requests that are due once, and wait until they are accepted. Returns their tick (unix seconds)."""
    share = share_of_a_core()
    each = _SETTING_UP_SECONDS / share + 3 / await here.rate()
    tick = math.ceil(time.time() + _SPARE_SECONDS / share + SET_UP_FACTOR * size * each + _lead_seconds(size))
    tick += tick % 60 == 0  # runs of whole minutes are named after the minute
    prefix = f"set-{number}-"
    made = [request(f"{prefix}{index}", _once_at(tick), engine="Operator") for index in range(size)]
    await here.create(PROCESS_REQUEST, made)
    # The operator does not watch this namespace. The runs and Jobs of the floor belong to these requests.
    await here.create(PROCESS_REQUEST, made, FLOOR_NAMESPACE)
    while time.time() < tick - _lead_seconds(size):
        own = [raw for raw in (await here.api.list(PROCESS_REQUEST, NAMESPACE_NAME)).items if _is_of(raw, prefix)]
        if all((raw.get("status") or {}).get("phase") == "Scheduled" for raw in own):
            floor = (await here.api.list(PROCESS_REQUEST, FLOOR_NAMESPACE)).items
            return tick, [raw for raw in floor if _is_of(raw, prefix)]
        await asyncio.sleep(2)
    raise NotSetUpError(f"{size} requests were not accepted before their tick")


def _is_of(raw: Object, prefix: str) -> bool:
    return bool(raw["metadata"]["name"].startswith(prefix))


def _lead_seconds(size: int) -> float:
    """Longer than the lead time of the operator's preparation (`controller/burst.py`)."""
    return min(15.0, 2 + size / 400) + 2


def _once_at(tick: int) -> dict[str, Any]:
    start = datetime.fromtimestamp(tick, UTC)
    finish = start + timedelta(seconds=1)
    times = {"startTime": format_instant(start), "finishTime": format_instant(finish)}
    return {"schedule": {"secondly": {"every": 3600}, **times}}


async def _burst(here: Site, operator: Operator, tick: int, size: int) -> list[Sample]:
    await _until(tick - _lead_seconds(size))
    prepared = operator.cpu_seconds()
    await _until(tick - 1)
    before = operator.cpu_seconds()
    await here.until_all_arrived(tick, tick, size)
    await asyncio.sleep(_AFTER_SECONDS)
    after = operator.cpu_seconds()
    runs = await here.api.list(PROCESS_RUN, NAMESPACE_NAME)
    wanted = format_instant(datetime.fromtimestamp(tick, UTC))
    recorded = sum(1 for run in runs.items if run["spec"].get("scheduledTime") == wanted)
    return [
        *lateness(here.seen(tick), tick, tick, size, WATCHED_SECONDS, OPERATOR),
        Sample(RECORDED, OPERATOR, size, recorded),
        Sample(CPU, OPERATOR, size, 1000 * (after - before) / size),
        Sample(CPU_PREPARED, OPERATOR, size, 1000 * (after - prepared) / size),
    ]


async def _floor(here: Site, requests: list[Object]) -> list[Sample]:
    size = len(requests)
    tick = math.ceil(time.time()) + 2 + size // 1000
    settings = Settings()
    connections = min(settings.workers, settings.max_connections)
    cpu = await write(here, [bodies(raw, tick) for raw in requests], tick, connections)
    await here.until_all_arrived(tick, tick, size)
    return [
        *lateness(here.seen(tick), tick, tick, size, WATCHED_SECONDS, FLOOR),
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
        Target(P99, OPERATOR, 1000, at_most=0.5, anchor=FLOOR, anchor_measure=ALL_MADE),
        Target(P99, OPERATOR, 5000, at_most=0.8, anchor=FLOOR, anchor_measure=ALL_MADE),
        Target(P99, OPERATOR, 1000, at_most=1 / 2, anchor=RAISED),
        Target(P99, OPERATOR, 100, at_most=1 / 25, anchor=STOCK),
        Target(RECORDED, OPERATOR, 1000, at_least=1000),
        Target(DOUBLE, OPERATOR, 1000, at_most=0),
        Target(CPU, OPERATOR, 1000, at_most=2),
        Target(MISSING, TAKEN_OVER, 1000, at_most=0),
        Target(P99, TAKEN_OVER, 1000, at_most=14),
    ),
    anchors={OPERATOR: (FLOOR, RAISED, STOCK), TAKEN_OVER: (RAISED,)},
    notes=(
        "Lateness is the arrival of the Job in a watch (a process of its own) minus the tick.",
        "The floor is one process that creates the same runs and Jobs, serialised beforehand, with as many in flight.",
        "It follows each burst of the operator on the same control plane, in a namespace that the operator does not watch.",
        f"A burst is watched until all Jobs are there, or for {WATCHED_SECONDS} s, with which a missing Job counts.",
        f"Stock flags: {' '.join(STOCK_FLAGS)}. Raised flags: {' '.join(RAISED_FLAGS)}.",
        "The operator works beside a controller manager with stock flags. No node: the pods of all Jobs stay Pending.",
        "Its processor time is that from a second before the tick until three after the last Job.",
        "Its preparation starts earlier, and has a row of its own.",
        "One control plane at a time. Stock flags are measured with 100 alone, because 1,000 take two minutes.",
    ),
)
