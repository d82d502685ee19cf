"""Busyness of the machine before and during a figure: load, steal, and the processor time of other programs.

A figure on two cores means little if another program has one of them, and the values alone do not show it. The
processes of the benchmark are known by their environment: `MARK` for its own ones, and the folder of its clusters for
the control planes. Everything else that is busy counts as other programs. Neighbour: `__main__.py` prints it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

MARK: Final = "PROCESS_OPERATOR_BENCH"
"""Environment variable that every process of the benchmark inherits."""
CLUSTER_MARK: Final = b"PROCESS_OPERATOR_CLUSTER="
"""Environment variable of the processes of a local cluster: its folder."""
_CLUSTER_NAMES: Final = b"bench-"
_SAMPLE_SECONDS: Final = 2.0
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


class CpuTimes(NamedTuple):
    """Processor time of all cores since the start of the machine, in seconds."""

    busy: float
    """Spent by programs of this machine and by its kernel."""
    steal: float
    """Withheld by the host of a virtual machine."""


@dataclass(frozen=True, slots=True)
class Busyness:
    """Means over a time. Cores are numbers of cores: 0.5 is half of one core, all of the time."""

    load: float
    """Runnable processes, as the kernel averages them over a minute."""
    steal: float
    """Cores that the host withheld."""
    others: float
    """Cores that other programs used."""
    own: float
    """Cores that the benchmark used: its processes, its operators and its control planes."""

    def __str__(self) -> str:
        return (
            f"load {self.load:.1f}, steal {self.steal:.2f}, other programs {self.others:.2f}, own {self.own:.2f} cores"
        )


def parse_cpu_times(stat: str, ticks_per_second: int = _TICKS_PER_SECOND) -> CpuTimes:
    """The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal (proc(5))."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.split("\n", 1)[0].split()[1:9])
    return CpuTimes((user + nice + system + irq + softirq) / ticks_per_second, steal / ticks_per_second)


def is_own(environment: bytes, mark: bytes) -> bool:
    """Whether a process with this environment belongs to the benchmark with this mark."""
    for variable in environment.split(b"\0"):
        if variable == mark:
            return True
        if variable.startswith(CLUSTER_MARK):
            return variable.rpartition(b"/")[2].startswith(_CLUSTER_NAMES)
    return False


def busyness(before: CpuTimes, after: CpuTimes, *, own: float, seconds: float, load: float) -> Busyness:
    """The means between two readings; `own` is in seconds of processor time."""
    busy = after.busy - before.busy
    return Busyness(
        load=load,
        steal=max(0.0, after.steal - before.steal) / seconds,
        others=max(0.0, busy - own) / seconds,
        own=own / seconds,
    )


class Observer:
    """Observes the machine in a thread, until it is asked for the result.

    A process that starts and ends between two samples counts as another program. That is some tenths of a second for
    each start of a cluster.
    """

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._mark = f"{MARK}={os.environ.get(MARK, '')}".encode()
        self._known: dict[str, bool] = {}
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._loads: list[float] = []
        self._ended = threading.Event()
        self._began, self._before = time.monotonic(), self._cpu_times()
        self.sample()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self) -> Busyness:
        """End the observation."""
        self._ended.set()
        self._thread.join()
        self.sample()
        own = sum(last - self._first[pid] for pid, last in self._last.items())
        seconds = time.monotonic() - self._began
        load = sum(self._loads) / len(self._loads)
        return busyness(self._before, self._cpu_times(), own=own, seconds=seconds, load=load)

    def sample(self) -> None:
        """Read the load, and the processor time of each own process."""
        self._loads.append(float((self._proc / "loadavg").read_text().split()[0]))
        pids = {entry.name for entry in self._proc.iterdir() if entry.name.isdecimal()}
        self._known = {pid: known for pid, known in self._known.items() if pid in pids}
        is_first = not self._last
        for pid in pids:
            try:
                if self._is_own(pid):
                    self._last[pid] = spent = self._spent(pid)
                    # A process that is already there has spent time before; another one has started since.
                    self._first.setdefault(pid, spent if is_first else 0.0)
            except OSError:
                continue  # it has ended

    def _is_own(self, pid: str) -> bool:
        if pid not in self._known:
            own = pid == str(os.getpid()) or is_own((self._proc / pid / "environ").read_bytes(), self._mark)
            self._known[pid] = own
        return self._known[pid]

    def _spent(self, pid: str) -> float:
        fields = (self._proc / pid / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def _cpu_times(self) -> CpuTimes:
        return parse_cpu_times((self._proc / "stat").read_text())

    def _run(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.sample()


def observe(seconds: float) -> Busyness:
    """Observe the machine for some seconds in which the benchmark itself does nothing."""
    observer = Observer()
    time.sleep(seconds)
    return observer.result()


@contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Keep `count` processes busy beside what is measured. They count as other programs."""
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"], env=environment) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.terminate()
            loop.wait()
