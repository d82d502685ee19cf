"""Bursts of CronJobs on one minute: native ones, and those of the engine CronJob with its takeover.

Each set of requests is due in its own minute, once. All are therefore set up before the first, and none disturbs the
next. Neighbours: `burst.py`, `burst_cluster.py`.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench_cluster import request
from burst_cluster import NAMESPACE_NAME, Site, control_plane, site
from burst_samples import RECORDED, lateness
from figures import TAKEN_OVER, Sample

from process_operator.resources.kinds import CRONJOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant

WATCHED = 56
"""Seconds of each minute in which its Jobs are waited for."""


async def native(name: str, flags: Sequence[str], sets: Sequence[int], first: int, series: str) -> list[list[Sample]]:
    """Sets of so many CronJobs, each in the minute after the one before; `first` in unix minutes.

    Nothing, where they could not be set up before that.
    """
    async with control_plane(name, flags) as kubeconfig, site(kubeconfig) as here:
        for minute, size in enumerate(sets, first):
            await here.create(CRONJOB, (_cronjob(f"native-{minute}-{number}", minute) for number in range(size)))
        if _is_late(first, series):
            return []
        return [await _minute(here, minute, size, series) for minute, size in enumerate(sets, first)]


async def taken_over(name: str, flags: Sequence[str], sets: Sequence[int], first: int) -> list[list[Sample]]:
    """The same of requests with the engine CronJob, with an operator beside the controller."""
    async with control_plane(name, flags) as kubeconfig, site(kubeconfig) as here:
        for minute, size in enumerate(sets, first):
            timing = {"schedule": {"cron": _cron(minute), "timeZone": "Etc/UTC"}}
            bodies = (request(f"set-{minute}-{number}", timing, engine="CronJob") for number in range(size))
            await here.create(PROCESS_REQUEST, bodies)
        async with here.operator():
            await _until_armed(here, sum(sets))
            if _is_late(first, TAKEN_OVER):
                return []
            made = []
            for minute, size in enumerate(sets, first):
                samples = await _minute(here, minute, size, TAKEN_OVER)
                made.append([*samples, Sample(RECORDED, TAKEN_OVER, size, await _recorded(here, minute))])
            return made


def first_minute(seconds: float) -> int:
    """The first unix minute that is so far away."""
    return math.ceil((time.time() + seconds) / 60)


def _is_late(first: int, series: str) -> bool:
    """Whether the first minute came too early for this machine: then nothing is measured, and that is said."""
    late = time.time() > 60 * first - 2
    if late:
        print(f"{series}: not measured, its CronJobs were not set up before their minute", file=sys.stderr)
    return late


async def _until_armed(here: Site, count: int) -> None:
    """Wait until every CronJob is there, and may fire."""
    while True:
        cronjobs = (await here.api.list(CRONJOB, NAMESPACE_NAME)).items
        if sum(1 for raw in cronjobs if not raw["spec"].get("suspend")) == count:
            return
        await asyncio.sleep(2)


async def _minute(here: Site, minute: int, size: int, series: str) -> list[Sample]:
    await asyncio.sleep(60 * minute + WATCHED - time.time())
    return lateness(here.seen(minute), minute, 60 * minute, size, WATCHED, series)


async def _recorded(here: Site, minute: int) -> int:
    runs = (await here.api.list(PROCESS_RUN, NAMESPACE_NAME)).items
    wanted = format_instant(datetime.fromtimestamp(60 * minute, UTC))
    return sum(1 for run in runs if run["spec"].get("scheduledTime") == wanted)


def _cron(minute: int) -> str:
    at = datetime.fromtimestamp(60 * minute, UTC)
    return f"{at.minute} {at.hour} * * *"


def _cronjob(name: str, minute: int) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", **request(name, {})["spec"]["jobTemplate"]["spec"]["template"]["spec"]}
    job = {"spec": {"template": {"spec": pod}}}
    spec = {"schedule": _cron(minute), "timeZone": "Etc/UTC", "jobTemplate": job}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
