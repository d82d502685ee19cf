"""Rest: the start-up time, memory and requests of an operator when all objects are settled.

Neighbours: `rest_objects.py` has the requests and runs, `stand.py` the control plane and the operator.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Final

from figures import OPERATOR, TAKEN_OVER, Figure, Sample, Target
from rest_objects import copy_requests, copy_runs, create, requests
from stand import OPERATOR_PROCESS, control_plane, operator

NAME: Final = "bench-rest"
READY, FIRST, FIRST_CPU = "start to ready, s", "first start, s", "CPU of the first start, s"
RESIDENT, PEAK, ABOVE = "resident, MB", "peak, MB", "resident above an empty cluster, MB"
IDLE_CPU, IDLE_REQUESTS, CPU = "idle CPU, %", "idle requests", "CPU until idle, s"
READY_OF, ABOVE_OF = "start to ready, times that of 10,000", "resident above an empty cluster, times that of 10,000"
RUNS: Final = 60_000
WITH_RUNS: Final = f"{OPERATOR}, {RUNS:,} finished runs"
SMALL, MIDDLE, LARGE = 1_000, 10_000, 30_000
_RESTARTS: Final = 2
_SETTLE_SECONDS: Final = 2.0
"""Time from ready to idle. The operator writes Events once a second."""
_IDLE_SECONDS: Final = {SMALL: 5.0, MIDDLE: 10.0}
"""Time in which an idle operator is observed, by size."""
_OTHER_IDLE_SECONDS: Final = 5.0


async def measure() -> list[list[Sample]]:
    """Measure all sizes on one control plane. Each size grows out of the one before.

    With BENCH_REST_ENGINE=CronJob (or Auto) the requests have CronJobs, which cannot be copied. Each size is then made on
    a control plane of its own, and the largest is left out.
    """
    engine = os.environ.get("BENCH_REST_ENGINE", "Operator")
    repetitions: list[list[Sample]] = [[] for _ in range(_RESTARTS)]
    if engine != "Operator":
        for size in (SMALL, MIDDLE):
            with control_plane(NAME) as kubeconfig:
                await _made(kubeconfig, size, engine, TAKEN_OVER, repetitions)
        return repetitions
    with control_plane(NAME) as kubeconfig:
        empty = await _made(kubeconfig, SMALL, engine, OPERATOR, repetitions)
        await copy_requests(kubeconfig, MIDDLE)
        await _restarts(kubeconfig, OPERATOR, MIDDLE, empty, repetitions)
        repetitions[0] += await _large(kubeconfig, empty, repetitions)
    return repetitions


async def _made(kubeconfig: Path, size: int, engine: str, series: str, repetitions: list[list[Sample]]) -> float:
    """Requests that are made and settled, and then lie at rest; the MB of an operator without any."""
    empty = (await _start(kubeconfig, "no requests", 0, idle=1))[1]
    await create(kubeconfig, requests(size, engine=engine))
    repetitions[0] += _first(await _start(kubeconfig, series, size, idle=0))
    await _restarts(kubeconfig, series, size, empty, repetitions)
    return empty


async def _restarts(kubeconfig: Path, series: str, size: int, empty: float, repetitions: list[list[Sample]]) -> None:
    for samples in repetitions:
        samples.extend(_above((await _start(kubeconfig, series, size))[0], empty))


async def _large(kubeconfig: Path, empty: float, before: list[list[Sample]]) -> list[Sample]:
    await copy_requests(kubeconfig, LARGE)
    large = _above((await _start(kubeconfig, OPERATOR, LARGE))[0], empty)
    for measure, ratio in ((READY, READY_OF), (ABOVE, ABOVE_OF)):
        middle = median(s.value for samples in before for s in samples if (s.measure, s.size) == (measure, MIDDLE))
        found = next(sample.value for sample in large if sample.measure == measure)
        large.append(Sample(ratio, OPERATOR, LARGE, found / middle))
    await copy_runs(kubeconfig, RUNS)
    return large + _above((await _start(kubeconfig, WITH_RUNS, LARGE))[0], empty)


async def _start(kubeconfig: Path, series: str, size: int, *, idle: float | None = None) -> tuple[list[Sample], float]:
    """Start an operator, wait until it has looked at everything, leave it alone, end it; with the resident MB."""
    idle = _IDLE_SECONDS.get(size, _OTHER_IDLE_SECONDS) if idle is None else idle
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        async with operator(kubeconfig, Path(folder)) as process:
            await asyncio.to_thread(_wait_for_ready, Path(folder, "operator.log"))
            ready = time.monotonic() - began
            await asyncio.sleep(_SETTLE_SECONDS)
            before = await process.costs()
            await asyncio.sleep(idle)
            after = await process.costs()
            resident = _megabytes(process.pid, "VmRSS")
            values = {
                READY: ready,
                RESIDENT: resident,
                PEAK: _megabytes(process.pid, "VmHWM"),
                CPU: before.cpu[OPERATOR_PROCESS],
            }
            if idle:
                values[IDLE_CPU] = 100 * (after.cpu[OPERATOR_PROCESS] - before.cpu[OPERATOR_PROCESS]) / idle
                values[IDLE_REQUESTS] = (after.requests - before.requests).total()
    return [Sample(measure, series, size, value) for measure, value in values.items()], resident


def _wait_for_ready(log: Path) -> None:
    while b'"event": "ready"' not in log.read_bytes():
        time.sleep(0.05)


def _first(started: tuple[list[Sample], float]) -> list[Sample]:
    """The samples of a first start, under other names than those of a restart."""
    new_names = {READY: FIRST, CPU: FIRST_CPU}
    return [
        Sample(new_names[sample.measure], sample.series, sample.size, sample.value)
        for sample in started[0]
        if sample.measure in new_names
    ]


def _above(samples: list[Sample], empty: float) -> list[Sample]:
    held = next(sample for sample in samples if sample.measure == RESIDENT)
    return [*samples, Sample(ABOVE, held.series, held.size, held.value - empty)]


def _megabytes(pid: int, field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


FIGURE = Figure(
    name="rest",
    title="At rest: an operator that starts when all objects are settled, and then has nothing to do",
    size="requests",
    measure=measure,
    plotted=(READY, RESIDENT),
    targets=(
        Target(READY, OPERATOR, MIDDLE, at_most=8),
        Target(RESIDENT, OPERATOR, MIDDLE, at_most=150),
        Target(IDLE_CPU, OPERATOR, MIDDLE, at_most=1),
        Target(IDLE_REQUESTS, OPERATOR, MIDDLE, at_most=0),
        Target(READY_OF, OPERATOR, LARGE, at_most=3.3),
        Target(ABOVE_OF, OPERATOR, LARGE, at_most=3.3),
        Target(ABOVE, WITH_RUNS, LARGE, at_most=1.05, anchor=OPERATOR),
    ),
    anchors={WITH_RUNS: (OPERATOR,)},
    notes=(
        "Requests of five timings (daily, weekly, cron, every few minutes) in four zones; none of them is due meanwhile.",
        "Ready: every request was looked at.",
        f"Idle: {_IDLE_SECONDS[SMALL]:.0f} s at 1,000 and {_IDLE_SECONDS[MIDDLE]:.0f} s at 10,000 requests.",
        f"Idle at other sizes: {_OTHER_IDLE_SECONDS:.0f} s.",
        "Idle requests are all but watches and the Lease.",
        f"{LARGE:,} was measured once. 1,000 requests were made and settled. The others, and the finished runs, are copies",
        "of them that were written to etcd, as a backup is restored.",
    ),
)
