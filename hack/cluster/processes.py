"""Processes of the cluster: start and stop. A program is known by its pid, start time and command, never by name alone.

Every program also has a mark in its environment (the state folder), which containerd passes to its shims. The mark finds
the processes that a killed run left behind. Containers have no mark; `cgroups` finds those.
"""

import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from .console import ClusterError
from .layout import Layout
from .packages import SEARCH_PATH

MARK = "PROCESS_OPERATOR_CLUSTER"

GARBAGE = {"GOGC": "300"}
"""Rarer garbage collection of the Go programs, for twice their memory. By default an API server spends a sixth of its time
on it."""


@dataclass(frozen=True)
class Record:
    """The record of a started program. `start` is in clock ticks since boot, as the kernel counts it."""

    pid: int
    start: int
    argv: list[str]


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start time of a process."""
    try:
        # The command stands in parentheses and may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[19])


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    except OSError:
        return ""


def _is_same(record: Record) -> bool:
    found = _stat(record.pid)
    if not found or found[0] in "ZX" or found[1] != record.start:
        return False
    # For a moment, while the kernel puts the new program in place, there is no command line.
    return _command(record.pid) in ("", record.argv[0])


def recorded(layout: Layout, name: str) -> Record | None:
    """The record of a program that is still running."""
    try:
        record = Record(**json.loads((layout.pids / f"{name}.json").read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    return record if _is_same(record) else None


def is_running(layout: Layout, name: str) -> bool:
    """Whether the program `up` started under this name is still there."""
    return recorded(layout, name) is not None


def start(layout: Layout, name: str, argv: list[str]) -> None:
    """Start a program unless it runs already; one that runs with other flags is restarted."""
    running = recorded(layout, name)
    if running and running.argv == argv:
        return
    if running:
        stop(layout, [name])
    layout.logs.mkdir(parents=True, exist_ok=True)
    layout.pids.mkdir(parents=True, exist_ok=True)
    # Little of the caller's environment: no proxy, no KUBECONFIG and no secret of theirs gets in.
    path = os.pathsep.join([str(Path(argv[0]).parent), SEARCH_PATH])
    environment = {"PATH": path, "HOME": str(layout.state), MARK: str(layout.state), **GARBAGE}
    with (layout.logs / f"{name}.log").open("ab") as log:
        # A session of its own: the program outlives the shell that called us, and Ctrl-C does not reach it.
        process = subprocess.Popen(
            argv,
            env=environment,
            cwd=layout.state,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Without this, Python would complain at exit about a child that was not waited for; the child has to outlive it.
    process.returncode = 0
    found = _stat(process.pid)
    record = Record(process.pid, found[1] if found else 0, argv)
    (layout.pids / f"{name}.json").write_text(json.dumps(asdict(record)) + "\n")


def require(layout: Layout, *names: str) -> None:
    """Fail with the end of its log if one of these programs is gone."""
    for name in names:
        if not is_running(layout, name):
            raise ClusterError(f"{name} has ended; the end of its log:\n{log_tail(layout, name)}")


def log_tail(layout: Layout, name: str, lines: int = 20) -> str:
    """The last lines of a component's log, with its place."""
    file = layout.logs / f"{name}.log"
    try:
        tail = file.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        tail = ["(no log)"]
    return "\n".join([f"--- {file}", *(f"  {line[:400]}" for line in tail)])


def end(pids: dict[int, int], grace: float) -> None:
    """End processes, given as pid -> start time: with SIGTERM, and after `grace` seconds with SIGKILL."""
    for step, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        if step is signal.SIGTERM and not grace:
            continue
        _signal(pids, step)
        deadline = time.monotonic() + limit
        while _left(pids) and time.monotonic() < deadline:
            time.sleep(0.02)
    if left := _left(pids):
        raise ClusterError(f"these processes do not end: {', '.join(map(str, left))}")


def _left(pids: dict[int, int]) -> list[int]:
    return [pid for pid, start in pids.items() if (found := _stat(pid)) and found[0] not in "ZX" and found[1] == start]


def _signal(pids: dict[int, int], number: signal.Signals) -> None:
    for pid in _left(pids):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def stop(layout: Layout, names: list[str], grace: float = 3.0) -> None:
    """End the recorded programs of these names, all at once, and forget them."""
    running = [record for name in names if (record := recorded(layout, name))]
    end({record.pid: record.start for record in running}, grace)
    for name in names:
        (layout.pids / f"{name}.json").unlink(missing_ok=True)


def start_times(pids: list[int]) -> dict[int, int]:
    """The pids that exist, with their start times, as `end` wants them."""
    return {pid: found[1] for pid in pids if (found := _stat(pid))}


def marked(layout: Layout) -> list[int]:
    """Every process that carries this cluster's mark: its programs, and the shims containerd started."""
    mark = f"{MARK}={layout.state}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in environment:
                found.append(int(entry.name))
    return found
