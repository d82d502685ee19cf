"""Bursts of CronJobs on one minute: native ones, and those of the engine CronJob with its takeover.

Sets of requests are measured one after the other, so that none disturbs the next. Each set is due once, in a minute of
its own, and is watched until all its Jobs exist. Neighbours: `burst.py`, `burst_cluster.py`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

from bench_cluster import request
from burst_cluster import (
    NAMESPACE_NAME,
    SET_UP_FACTOR,
    WATCHED_SECONDS,
    NotSetUpError,
    Site,
    control_plane,
    share_of_a_core,
    site,
)
from burst_samples import RECORDED, lateness
from figures import TAKEN_OVER, Sample

from process_operator.resources.kinds import CRONJOB, PROCESS_REQUEST, PROCESS_RUN
from process_operator.resources.model import format_instant

_ARMING_SECONDS = 0.02
"""CPU seconds of the operator from a request that is created to its CronJob that may fire, with room to spare."""
_SPARE_SECONDS = 5


async def native(name: str, flags: Sequence[str], sizes: Sequence[int], series: str) -> AsyncIterator[list[Sample]]:
    """The samples of each set of native CronJobs. Raises NotSetUpError."""
    async with control_plane(name, flags) as kubeconfig, site(kubeconfig) as here:
        for size in sizes:
            minute = first_minute(_SPARE_SECONDS / share_of_a_core() + SET_UP_FACTOR * size / await here.rate())
            await here.create(CRONJOB, (_cronjob(f"native-{minute}-{number}", minute) for number in range(size)))
            if time.time() > 60 * minute - 1:
                raise NotSetUpError(f"{size} CronJobs were not created before their minute")
            yield await _minute(here, minute, size, series)


async def taken_over(name: str, flags: Sequence[str], sizes: Sequence[int]) -> AsyncIterator[list[Sample]]:
    """The same of requests with the engine CronJob, with an operator beside the controller. Raises NotSetUpError."""
    async with control_plane(name, flags) as kubeconfig, site(kubeconfig) as here, here.operator():
        for size in sizes:
            share = share_of_a_core()
            each = _ARMING_SECONDS / share + 3 / await here.rate()
            minute = first_minute(_SPARE_SECONDS / share + SET_UP_FACTOR * size * each)
            timing = {"schedule": {"cron": _cron(minute), "timeZone": "Etc/UTC"}}
            bodies = (request(f"set-{minute}-{number}", timing, engine="CronJob") for number in range(size))
            await here.create(PROCESS_REQUEST, bodies)
            await _until_armed(here, minute, size)
            samples = await _minute(here, minute, size, TAKEN_OVER)
            yield [*samples, Sample(RECORDED, TAKEN_OVER, size, await _recorded(here, minute, size))]


def first_minute(seconds: float) -> int:
    """The first unix minute that begins after `seconds` from now."""
    return math.ceil((time.time() + seconds) / 60)


async def _until_armed(here: Site, minute: int, count: int) -> None:
    """Wait until every CronJob of a set exists and may fire."""
    cron = _cron(minute)
    while time.time() < 60 * minute - 1:
        cronjobs = (await here.api.list(CRONJOB, NAMESPACE_NAME)).items
        if sum(1 for raw in cronjobs if raw["spec"]["schedule"] == cron and not raw["spec"].get("suspend")) == count:
            return
        await asyncio.sleep(1)
    raise NotSetUpError(f"{count} requests had no CronJob before their minute")


async def _minute(here: Site, minute: int, size: int, series: str) -> list[Sample]:
    due = 60 * minute
    await here.until_all_arrived(minute, due, size)
    return lateness(here.seen(minute), minute, due, size, WATCHED_SECONDS, series)


async def _recorded(here: Site, minute: int, size: int) -> int:
    """The number of runs that the operator has recorded, once it is complete or the time of the watch is over."""
    wanted = format_instant(datetime.fromtimestamp(60 * minute, UTC))
    while True:
        runs = (await here.api.list(PROCESS_RUN, NAMESPACE_NAME)).items
        recorded = sum(1 for run in runs if run["spec"].get("scheduledTime") == wanted)
        if recorded >= size or time.time() > 60 * minute + WATCHED_SECONDS:
            return recorded
        await asyncio.sleep(2)


def _cron(minute: int) -> str:
    at = datetime.fromtimestamp(60 * minute, UTC)
    return f"{at.minute} {at.hour} * * *"


def _cronjob(name: str, minute: int) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", **request(name, {})["spec"]["jobTemplate"]["spec"]["template"]["spec"]}
    job = {"spec": {"template": {"spec": pod}}}
    spec = {"schedule": _cron(minute), "timeZone": "Etc/UTC", "jobTemplate": job}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": spec}
