"""Test bed of a burst: its own control plane, operators of this checkout, and the arrivals of Jobs.

The operator and CronJobs work in one namespace, the floor in another, which the operator does not watch. Neighbours:
`burst.py` measures, `burst_floor.py` is the loop with which the operator is compared.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import stand

from process_operator.cluster.api import Api
from process_operator.cluster.connection import Connection, connect
from process_operator.resources.kinds import CONFIG_MAP, NAMESPACE, Kind

NAMESPACE_NAME = "burst"
FLOOR_NAMESPACE = "floor"
WATCHED_SECONDS = 180
"""Seconds after a tick in which its Jobs are waited for. A Job that is missing then is missing."""
STOCK_FLAGS = ("--kube-api-qps=20", "--kube-api-burst=30", "--concurrent-cron-job-syncs=5")
RAISED_FLAGS = ("--kube-api-qps=10000", "--kube-api-burst=10000", "--concurrent-cron-job-syncs=100")
SET_UP_FACTOR = 2
"""Factor on the expected time of a set-up."""
_ROOT = Path(__file__).parents[2]
_IN_FLIGHT = 32
_TRIAL_WRITES = 300
"""Writes by which the speed of the machine is measured."""
_BUSY_SECONDS = 0.2
"""CPU time by which the share of a core is measured."""
_LOOK_SECONDS = 0.5
_LOG_BYTES = 1 << 20


class NotSetUpError(Exception):
    """Requests were not ready before their tick, so their lateness would say nothing about the engine."""


@asynccontextmanager
async def control_plane(name: str, flags: Sequence[str]) -> AsyncIterator[Path]:
    """A control plane of `stand.py`. No other one is up while it is measured."""
    with ExitStack() as stack:
        kubeconfig = await asyncio.to_thread(stack.enter_context, stand.control_plane(name, flags))
        try:
            yield kubeconfig
        finally:
            await asyncio.to_thread(stack.close)


def share_of_a_core() -> float:
    """The share of a core that a busy process gets; the time for a set-up follows from it."""
    began, busy = time.monotonic(), time.process_time()
    while time.process_time() - busy < _BUSY_SECONDS:
        pass
    return _BUSY_SECONDS / (time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Site:
    """One control plane, and the file in which arrivals of Jobs are recorded."""

    kubeconfig: Path
    connection: Connection
    api: Api
    arrivals: Path

    def seen(self, tick: int) -> list[tuple[float, str]]:
        """Jobs of a tick, as the end of their names has it: the arrival in unix seconds, and the name."""
        lines = (line.split() for line in self.arrivals.read_text().splitlines() if line)
        return [(float(at), name) for at, name in lines if name.endswith(f"-{tick}")]

    async def until_all_arrived(self, tick: int, due: int, size: int) -> None:
        """Wait until `size` Jobs of a tick have arrived, at most three minutes from `due` (unix seconds) on."""
        while time.time() < due or (len(self.seen(tick)) < size and time.time() < due + WATCHED_SECONDS):  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(_LOOK_SECONDS)

    async def rate(self) -> float:
        """Small writes a second that this machine performs at present."""
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "rate-"}}
        began = time.monotonic()
        await self.create(CONFIG_MAP, [body] * _TRIAL_WRITES)
        return _TRIAL_WRITES / (time.monotonic() - began)

    async def create(self, kind: Kind, bodies: Iterable[dict[str, Any]], namespace: str = NAMESPACE_NAME) -> None:
        """Create many objects. Raises RuntimeError if the API server rejects one."""
        pending = iter([orjson.dumps(body) for body in bodies])
        async with self.session(_IN_FLIGHT) as session:
            url = self.connection.server + kind.path(namespace)

            async def work() -> None:
                for body in pending:
                    async with session.post(url, data=body, headers=JSON) as answer:
                        if answer.status >= 300:
                            raise RuntimeError(await answer.text())

            await asyncio.gather(*(work() for _ in range(_IN_FLIGHT)))

    @asynccontextmanager
    async def session(self, connections: int) -> AsyncIterator[aiohttp.ClientSession]:
        """A bare HTTP session with so many connections."""
        context = self.connection.api_client.rest_client.ssl_context
        connector = aiohttp.TCPConnector(limit=connections, ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield session

    @asynccontextmanager
    async def operator(self, *, log: Path | None = None) -> AsyncIterator[Operator]:
        """An operator of this checkout with its ordinary settings, for one namespace. It is ready when the block begins."""
        settings = {"PROCESS_OPERATOR_WATCH_NAMESPACES": NAMESPACE_NAME}
        with tempfile.TemporaryFile("w+b") if log is None else log.open("w+b") as out:
            async with stand.operator_process(self.kubeconfig, out, **settings) as process:
                await _until_ready(process, out.fileno())
                yield Operator(process.pid, out.fileno())


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator process."""

    pid: int
    log: int

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return stand.cpu_seconds(self.pid)


async def _until_ready(process: asyncio.subprocess.Process, log: int) -> None:
    while b'"event": "ready"' not in os.pread(log, _LOG_BYTES, 0):
        if process.returncode is not None:
            raise NotSetUpError("the operator has ended")
        await asyncio.sleep(0.1)


JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def site(kubeconfig: Path) -> AsyncIterator[Site]:
    """Connect, create the namespaces, and start to record arrivals."""
    connection = await connect(kubeconfig=str(kubeconfig))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "arrivals")
        try:
            here = Site(kubeconfig, connection, Api(connection), file)
            for name in (NAMESPACE_NAME, FLOOR_NAMESPACE):
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
                await here.api.create(NAMESPACE, "", body)
            script = Path(__file__).with_name("burst_watch.py")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(script), str(kubeconfig), str(file)),
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(_ROOT / "operator")},
            )
            assert process.stdout is not None
            await process.stdout.readline()
            try:
                yield here
            finally:
                if process.returncode is None:
                    process.terminate()
                await process.wait()
        finally:
            await connection.close()
