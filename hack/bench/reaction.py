"""Reaction: the time from a user's write to its effect, as a watch sees it.

The effects are: apply -> Job (Run Immediately), unschedule -> CronJob suspended, cancel -> pod gone. They are measured
one after the other, so that none waits for another. Neighbours: `stand.py` has the cluster and the operator,
`simulated_node.py` simulates the pods.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench_cluster import Bench, Raw, bench, request
from figures import OPERATOR, Figure, Sample, Target, quantile
from simulated_node import LASTS, NODE, NODES, node, simulated_node
from stand import control_plane, operator

from process_operator.resources.kinds import CRONJOB, JOB, POD, PROCESS_REQUEST, PROCESS_RUN, Kind
from process_operator.resources.types import Object

SAMPLES: Final = 100
APPLY, UNSCHEDULE, CANCEL = "apply to Job", "unschedule to CronJob suspended", "cancel to pod gone"
_REQUEST = "process-operator.io/request"
_MAX_SECONDS: Final = 30.0


class Arrivals:
    """First arrivals of the awaited effects, by name (unix seconds)."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._news = asyncio.Event()

    def __contains__(self, name: str) -> bool:
        """Whether it has arrived."""
        return name in self._at

    def note(self, name: str, at: float) -> None:
        """Take the first arrival."""
        self._at.setdefault(name, at)
        self._news.set()

    async def of(self, name: str) -> float:
        """Wait for it. Raises TimeoutError after half a minute."""
        async with asyncio.timeout(_MAX_SECONDS):
            while name not in self._at:
                self._news.clear()
                await self._news.wait()
        return self._at[name]


async def measure() -> list[list[Sample]]:
    """One repetition: each wait is a sample of its own."""
    with (
        control_plane("bench-reaction") as kubeconfig,
        TemporaryDirectory() as folder,
        simulated_node(kubeconfig, Path(folder)),
    ):
        async with operator(kubeconfig, Path(folder)), bench(kubeconfig, leave=True) as cluster:
            await cluster.api.create(NODES, "", node())
            applied, canceled = await _runs(cluster)
            unscheduled = await _schedules(cluster)
    return [[*_samples(APPLY, applied), *_samples(UNSCHEDULE, unscheduled), *_samples(CANCEL, canceled)]]


async def _runs(cluster: Bench) -> tuple[list[float], list[float]]:
    """Apply requests that run at once, then cancel their runs."""
    jobs, running, gone = Arrivals(), Arrivals(), Arrivals()

    def note_job(_: str, raw: Raw, at: float) -> None:
        jobs.note(raw["metadata"]["labels"][_REQUEST], at)

    def note_pod(kind: str, raw: Raw, at: float) -> None:
        name = raw["metadata"]["labels"][_REQUEST]
        if kind == "DELETED":
            gone.note(name, at)
        elif raw["status"]["phase"] == "Running":
            running.note(name, at)

    names = [f"now-{index}" for index in range(SAMPLES)]
    applied, canceled = [], []
    async with cluster.watching(JOB, note_job), cluster.watching(POD, note_pod):
        for name in names:
            sent = time.time()
            await cluster.api.create(PROCESS_REQUEST, cluster.namespace, _lasting(name))
            applied.append(await jobs.of(name) - sent)
        runs = {raw["spec"]["request"]["name"]: raw["metadata"]["name"] for raw in await _all(cluster, PROCESS_RUN)}
        for name in names:
            await running.of(name)
        for name in names:
            sent = time.time()
            await cluster.api.patch(PROCESS_RUN, cluster.namespace, runs[name], {"spec": {"cancel": True}})
            canceled.append(await gone.of(name) - sent)
    return applied, canceled


def _lasting(name: str) -> Raw:
    body = request(name, {"runImmediately": {}})
    template = body["spec"]["jobTemplate"]["spec"]["template"]
    template["metadata"] = {"labels": {LASTS: ""}}
    template["spec"]["nodeName"] = NODE
    return body


async def _schedules(cluster: Bench) -> list[float]:
    """Schedule requests, then suspend them."""
    made, suspended = Arrivals(), Arrivals()

    def note(_: str, raw: Raw, at: float) -> None:
        name = raw["metadata"]["labels"][_REQUEST]
        if not raw["spec"]["suspend"]:
            made.note(name, at)
        elif name in made:
            suspended.note(name, at)  # it begins suspended

    names = [f"nightly-{index}" for index in range(SAMPLES)]
    unscheduled = []
    async with cluster.watching(CRONJOB, note):
        timing = {"schedule": {"daily": {"at": "02:30"}}}
        for name in names:
            body = request(name, timing, engine="CronJob")
            await cluster.api.create(PROCESS_REQUEST, cluster.namespace, body)
        for name in names:
            await made.of(name)
        for name in names:
            sent = time.time()
            await cluster.api.patch(PROCESS_REQUEST, cluster.namespace, name, {"spec": {"suspend": True}})
            unscheduled.append(await suspended.of(name) - sent)
    return unscheduled


async def _all(cluster: Bench, kind: Kind) -> Iterable[Object]:
    return (await cluster.api.list(kind, cluster.namespace)).items


def _samples(what: str, seconds: list[float]) -> list[Sample]:
    ordered = sorted(seconds)
    values = {
        f"{what} p50, s": ordered[len(ordered) // 2],
        f"{what} p99, s": quantile(ordered, 0.99),
    }
    return [Sample(measure, OPERATOR, SAMPLES, value) for measure, value in values.items()]


FIGURE = Figure(
    name="reaction",
    title="Reaction: from a user's write to its effect",
    size="samples, one after the other",
    measure=measure,
    plotted=(f"{APPLY} p99, s", f"{UNSCHEDULE} p99, s", f"{CANCEL} p99, s"),
    targets=(Target(f"{APPLY} p99, s", OPERATOR, SAMPLES, at_most=1),),
    notes=(
        "From the moment the write is sent to the arrival of the change in a watch.",
        "Canceled pods are played by kwok, which lets them go at once: how long a process takes to end is not in it.",
    ),
)
