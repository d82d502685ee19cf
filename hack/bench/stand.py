"""Test stand: its own control plane with an operator of this checkout, and the costs of both.

Neighbours: `load.py` puts load on it, `reaction.py` measures its reaction.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from simulated_node import free_port

CONTROL_PLANE: Final = ("kube-apiserver", "etcd", "kube-controller-manager")
OPERATOR_PROCESS: Final = "operator"
_ROOT = Path(__file__).parents[2]


@contextmanager
def control_plane(name: str, flags: Sequence[str] = ()) -> Iterator[Path]:
    """A fresh control plane with our CRDs, its controller manager started with `flags` besides; its kubeconfig."""
    given = [part for flag in flags for part in ("--arg", f"kube-controller-manager={flag}")]
    _cluster("down", "--name", name)
    said = _cluster("up", "--tier", "control-plane", "--name", name, *given)
    kubeconfig = Path(said.removeprefix("export KUBECONFIG=").strip())
    try:
        for rest in (["apply"], ["wait", "--for=condition=Established", "--timeout=60s"]):
            _cluster("kubectl", "--name", name, "--", *rest, "--filename", str(_ROOT / "crds"))
        yield kubeconfig
    finally:
        if not os.environ.get("BENCH_KEEP"):
            _cluster("down", "--name", name)


def _cluster(*arguments: str) -> str:
    line = [sys.executable, str(_ROOT / "hack/cluster"), *arguments]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs so far."""

    cpu: dict[str, float]
    """Seconds, user and system, by program."""
    requests: Counter[tuple[str, str]]
    """Requests of the operator by verb and resource, each try counted; watches are not among them."""
    written: float
    """Bytes that etcd wrote to its log."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator process, and the control plane it works on."""

    pid: int
    port: int
    kubeconfig: Path

    async def costs(self) -> Costs:
        """Look at all counters once."""
        state = self.kubeconfig.parent
        pids = {name: json.loads((state / "pids" / f"{name}.json").read_text())["pid"] for name in CONTROL_PLANE}
        cpu = {name: cpu_seconds(pid) for name, pid in {OPERATOR_PROCESS: self.pid, **pids}.items()}
        etcd = json.loads((state / "settings.json").read_text())["ports"]["etcd"]
        sent: Counter[tuple[str, str]] = Counter()
        for labels, value in await _series(self.port, "process_operator_api_requests_total"):
            sent[labels["verb"], labels["resource"]] += int(value)
        written = sum(value for _, value in await _series(etcd, "etcd_disk_wal_write_bytes_total"))
        return Costs(cpu, sent, written)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _series(port: int, name: str) -> list[tuple[dict[str, str], float]]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(await answer.text())
        return [
            (sample.labels, sample.value) for family in families for sample in family.samples if sample.name == name
        ]


@asynccontextmanager
async def operator(kubeconfig: Path, folder: Path) -> AsyncIterator[Operator]:
    """An operator with its ordinary settings, ready; `folder` takes its log."""
    port = free_port()
    serving = {"PROCESS_OPERATOR_HTTP_HOST": "127.0.0.1", "PROCESS_OPERATOR_HTTP_PORT": str(port)}
    with (folder / "operator.log").open("wb") as log:
        async with operator_process(kubeconfig, log, **serving) as process:
            await _until_ready(port, process)
            yield Operator(process.pid, port, kubeconfig)


@asynccontextmanager
async def operator_process(
    kubeconfig: Path, log: IO[bytes], **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An operator of this checkout that writes to `log`, just started; `settings` are more of its environment."""
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "PYTHONPATH": str(_ROOT / "operator"),
        "PROCESS_OPERATOR_LOG_FORMAT": "json",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "process_operator", "run", stdout=log, stderr=log, env=environment
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _until_ready(port: int, process: asyncio.subprocess.Process) -> None:
    async with aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the operator has ended")
