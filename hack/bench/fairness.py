"""Fairness: the lateness of quiet requests, alone and beside a noisy one.

50 requests tick every two seconds, half of them on even ones. There are two kinds of noise. Each tick of one request
fails (its Job by its deadline, so that no node is needed). Another request gets thousands of runs at once, each canceled
before it starts, and the operator records them one after the other. Neighbours: `burst_cluster.py` has the control plane
and the watch, `tests/cluster/test_fairness.py` the promise.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from bench_cluster import request
from burst_cluster import NAMESPACE_NAME, RAISED_FLAGS, Operator, Site, control_plane, site
from burst_samples import DOUBLE, MISSING, MOST, P50, P99
from figures import Figure, Sample, quantile

from process_operator.resources.kinds import PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant

ALONE, FAILING, MANY = "alone", "beside a tick each second that fails", "beside thousands of runs"
CPU, RECORDED = "operator CPU, % of a core", "noisy runs recorded"
_QUIET: Final = 50
"""Quiet requests."""
_REPETITIONS: Final = 3
_REPETITION_SECONDS: Final = 4
_TICK_SECONDS: Final = 2
"""Time between two ticks of a quiet request."""
_LEAD_SECONDS: Final = 4
"""Time from the creation of the quiet requests to their first tick."""
_RUNS: Final = 5000
"""Runs of the noisy request."""
_CLIENTS: Final = 4
"""Clients that create these runs at the same time."""
_HISTORY: Final = {"successful": 100_000, "failed": 100_000, "other": 100_000}


async def measure() -> list[list[Sample]]:
    """One control plane and one operator for all; the quiet ones tick in turn alone and beside each noise."""
    repetitions: list[list[Sample]] = [[] for _ in range(_REPETITIONS)]
    name = os.environ.get("BENCH_FAIRNESS_NAME", "bench-fairness")
    async with control_plane(name, RAISED_FLAGS) as kubeconfig, site(kubeconfig) as here, here.operator() as operator:
        for number, (series, noise) in enumerate(((ALONE, _silence), (FAILING, _failing), (MANY, _many))):
            making = asyncio.create_task(noise(here))
            for index, samples in enumerate(await _ticks(here, operator, number, series)):
                repetitions[index] += samples
            making.cancel()
            with suppress(asyncio.CancelledError):
                await making
    return repetitions


async def _silence(here: Site) -> None:
    pass


async def _failing(here: Site) -> None:
    body = _noisy("failing", {"schedule": {"secondly": {"every": 1}}})
    body["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] = 1
    await here.create(PROCESS_REQUEST, [body])


async def _many(here: Site) -> None:
    """Create all runs as fast as possible, as loops of `kubectl create` in several terminals do."""
    await here.api.delete(PROCESS_REQUEST, NAMESPACE_NAME, "failing")
    await here.create(PROCESS_REQUEST, [_noisy("many", {"schedule": {"daily": {"at": "04:00"}}})])
    runs = _runs()

    async def make() -> None:
        for run in runs:
            await here.api.create(PROCESS_RUN, NAMESPACE_NAME, run)

    await asyncio.gather(*(make() for _ in range(_CLIENTS)))


def _quiet(name: str, first: int, last: int) -> dict[str, Any]:
    times = {"startTime": _instant(first), "finishTime": _instant(last)}
    body = request(name, {"schedule": {"secondly": {"every": _TICK_SECONDS}, **times}}, engine="Operator")
    body["spec"]["jobTemplate"]["spec"]["parallelism"] = 0
    return body


def _noisy(name: str, timing: dict[str, Any]) -> dict[str, Any]:
    return request(name, timing, engine="Operator", history=_HISTORY)


def _runs() -> Iterator[dict[str, Any]]:
    for number in range(_RUNS):
        spec = {"request": {"name": "many"}, "cancel": True}
        yield {
            "apiVersion": PROCESS_RUN.api_version,
            "kind": PROCESS_RUN.kind,
            "metadata": {"name": f"many-{number}"},
            "spec": spec,
        }


async def _ticks(here: Site, operator: Operator, number: int, series: str) -> list[list[Sample]]:
    first = math.ceil(time.time()) + _LEAD_SECONDS
    last = first + _REPETITIONS * _REPETITION_SECONDS - 1
    quiet = [_quiet(f"quiet-{number}-{index}", first + index % _TICK_SECONDS, last) for index in range(_QUIET)]
    await here.create(PROCESS_REQUEST, quiet)
    used = []
    for begin in range(first, last + 2, _REPETITION_SECONDS):
        await asyncio.sleep(max(0.0, begin - time.time()))
        used.append((operator.cpu_seconds(), await _recorded(here, series)))
    await asyncio.sleep(2)
    found = []
    for repetition in range(_REPETITIONS):
        ticks = range(first + repetition * _REPETITION_SECONDS, first + (repetition + 1) * _REPETITION_SECONDS)
        (cpu, runs), (cpu_then, runs_then) = used[repetition], used[repetition + 1]
        samples = _lateness(here, ticks, f"quiet-{number}-", series)
        samples.append(Sample(CPU, series, _QUIET, 100 * (cpu_then - cpu) / _REPETITION_SECONDS))
        if series != ALONE:
            samples.append(Sample(RECORDED, series, _QUIET, runs_then - runs))
        found.append(samples)
    return found


async def _recorded(here: Site, series: str) -> int:
    name, phase = {FAILING: ("failing", "Failed"), MANY: ("many", "Canceled")}.get(series, ("", ""))
    if not name:
        return 0
    fields = f"spec.request.name={name},status.phase={phase}"
    return len((await here.api.list(PROCESS_RUN, NAMESPACE_NAME, field_selector=fields)).items)


def _lateness(here: Site, ticks: range, quiet: str, series: str) -> list[Sample]:
    seen = [(at - tick, name) for tick in ticks for at, name in here.seen(tick) if name.startswith(quiet)]
    late = sorted(at for at, _ in seen) or [float(_REPETITION_SECONDS)]
    different = len({name for _, name in seen})
    values = {
        P50: late[len(late) // 2],
        P99: quantile(late, 0.99),
        MOST: late[-1],
        MISSING: _QUIET * len(ticks) // _TICK_SECONDS - different,
        DOUBLE: len(seen) - different,
    }
    return [Sample(measure, series, _QUIET, value) for measure, value in values.items()]


def _instant(seconds: int) -> str:
    return format_instant(datetime.fromtimestamp(seconds, UTC))


FIGURE: Final = Figure(
    name="fairness",
    title=f"Fairness: {_QUIET} requests that tick every two seconds, alone and beside a noisy one",
    size="quiet requests",
    measure=measure,
    plotted=(P50, P99, CPU),
    anchors={FAILING: (ALONE,), MANY: (ALONE,)},
    notes=(
        "Lateness is the arrival of the Job in a watch (a process of its own) minus the tick.",
        f"A repetition is {_REPETITION_SECONDS} s: {_QUIET * _REPETITION_SECONDS // _TICK_SECONDS} ticks.",
        "The three repetitions follow each other on one control plane.",
        f"The noise: a request whose Jobs fail, one a second; {_RUNS:,} runs made as fast as {_CLIENTS} clients can.",
        "A tick that has not started when the next is due is Missed, and its Job counts as missing (catchUp: Latest).",
        "The Jobs of the quiet ones want no pods (parallelism 0), which would be most of the work of the machine.",
    ),
)
