"""Steady load: runs each second, with pods that kwok simulates, and the result of every run.

A load that two figures need runs once. Neighbours: `sustained.py` and `record.py` show the loads, `simulated_node.py`
simulates the pods, `stand.py` has the cluster and the operator.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench_cluster import Bench, Raw, bench, request
from simulated_node import NODE, NODES, node, simulated_node
from stand import Operator, control_plane, operator

from process_operator.resources.kinds import JOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant

LOAD_SECONDS: Final = 60
HALF_SECONDS: Final = 30
"""Length of the load of one run a second, and the first half of every other load."""
_FLAGS = ("--kube-api-qps=10000", "--kube-api-burst=10000", "--concurrent-job-syncs=50", "--concurrent-gc-syncs=50")
_SETTLE_SECONDS: Final = 90
"""Seconds after the last tick in which its runs may end and be recorded."""
_OVERLOAD_RATE: Final = 200
"""Runs a second with which no machine of a few cores keeps up."""
_OVERLOAD_SETTLE_SECONDS: Final = 10
"""Seconds after the last tick of an overload. The runs that are left then are not waited for."""
_HISTORY = {"successful": 3, "failed": 3, "other": 3}


@dataclass(slots=True)
class Load:
    """Observations of `rate` runs a second: arrival times in unix seconds, by the name of the run."""

    rate: int
    first: int
    """The first tick, unix seconds."""
    seconds: int
    every: int = 1
    """Seconds between two ticks of one request. There are `rate * every` requests, and their ticks are spread evenly."""
    made: dict[str, float] = field(default_factory=dict)
    made_twice: set[str] = field(default_factory=set)
    ended: dict[str, float] = field(default_factory=dict)
    """Arrival of the end of its Job."""
    recorded: dict[str, float] = field(default_factory=dict)
    """Arrival of the record of its end, with times and log."""
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds of each program, from before the first tick until all was recorded."""
    written: float = 0
    """Bytes that etcd wrote to its log."""
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests of the operator, by verb and resource."""
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when all runs are recorded."""

    @property
    def due(self) -> int:
        """The number of runs of the load."""
        return self.rate * self.seconds

    @property
    def done(self) -> int:
        """Recorded runs, by which costs are divided. Division by the due runs would make a backlog look cheap."""
        return max(1, len(self.recorded))

    def lateness(self) -> list[float]:
        """Seconds from each tick to the arrival of its Job."""
        return [at - int(name.rpartition("-")[2]) for name, at in self.made.items()]

    def delays(self) -> list[float]:
        """Seconds from the arrival of a Job's end to that of the complete record."""
        return [at - self.ended[name] for name, at in self.recorded.items() if name in self.ended]

    def backlog(self, seconds: int) -> int:
        """Runs that were due in the first seconds and had no Job when the last of these was over."""
        until = self.first + seconds
        return self.rate * seconds - sum(1 for at in self.made.values() if at < until)

    def note_job(self, kind: str, raw: Raw, at: float) -> None:
        """Take an event of a Job."""
        name = raw["metadata"]["name"]
        if kind == "ADDED":
            if name in self.made:
                self.made_twice.add(name)
            self.made.setdefault(name, at)
        elif name not in self.ended and any(
            condition["type"] in ("Complete", "Failed") for condition in raw["status"].get("conditions") or ()
        ):
            self.ended[name] = at

    def note_run(self, _: str, raw: Raw, at: float) -> None:
        """Take an event of a ProcessRun."""
        status = raw.get("status") or {}
        if status.get("endTime") and (status.get("log") or {}).get("text"):
            self.recorded.setdefault(raw["metadata"]["name"], at)
            if len(self.recorded) == self.due:
                self.complete.set()


_measured: dict[tuple[int, int], Load] = {}


async def loads(*rates: int, every: int = 1) -> list[Load]:
    """Measure the loads that were not measured yet in this process, all on one cluster with one operator."""
    missing = [rate for rate in rates if (rate, every) not in _measured]
    if missing:
        with (
            control_plane("bench-sustained", _FLAGS) as kubeconfig,
            TemporaryDirectory() as folder,
            simulated_node(kubeconfig, Path(folder)),
        ):
            async with operator(kubeconfig, Path(folder)) as process:
                for rate in missing:
                    _measured[rate, every] = await _load(rate, every, process)
    return [_measured[rate, every] for rate in rates]


async def _load(rate: int, every: int, process: Operator) -> Load:
    async with bench(process.kubeconfig, leave=True) as cluster:
        if not (await cluster.api.list(NODES, None)).items:
            await cluster.api.create(NODES, "", node())
        load = Load(rate, int(time.time()) + 6 + rate * every // 25, LOAD_SECONDS if rate > 1 else HALF_SECONDS, every)
        async with cluster.watching(JOB, load.note_job), cluster.watching(PROCESS_RUN, load.note_run):
            await _apply(cluster, load)
            await asyncio.sleep(max(0.0, load.first - 0.5 - time.time()))
            before = await process.costs()
            await asyncio.sleep(load.first + load.seconds - time.time())
            await _until_recorded(load)
            after = await process.costs()
        load.cpu = {name: after.cpu[name] - before.cpu[name] for name in after.cpu}
        load.requests = after.requests - before.requests
        load.written = after.written - before.written
    return load


async def _apply(cluster: Bench, load: Load) -> None:
    bodies = [_request(load, index) for index in range(load.rate * load.every)]
    for begin in range(0, len(bodies), 16):
        some = bodies[begin : begin + 16]
        await asyncio.gather(*(cluster.api.create(PROCESS_REQUEST, cluster.namespace, body) for body in some))


def _request(load: Load, index: int) -> Raw:
    times = {
        "startTime": _instant(load.first + index % load.every),
        "finishTime": _instant(load.first + load.seconds - 1),
    }
    timing = {"schedule": {"secondly": {"every": load.every}, **times}}
    # Late ticks are caught up, so that they show as lateness and backlog and not as missed ticks.
    name = f"load-{load.rate}-{load.every}-{index}"
    body = request(name, timing, engine="Operator", history=_HISTORY, catchUp="All")
    body["spec"]["jobTemplate"]["spec"]["template"]["spec"]["nodeName"] = NODE
    return body


def _instant(seconds: int) -> str:
    return format_instant(datetime.fromtimestamp(seconds, UTC))


async def _until_recorded(load: Load) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(
            load.complete.wait(), _SETTLE_SECONDS if load.rate < _OVERLOAD_RATE else _OVERLOAD_SETTLE_SECONDS
        )
