"""Cgroup of one cluster, which holds all of its containers: created before the kubelet starts, removed at the end.

It keeps the kubelet of one cluster from removing the pods of another. `teardown` finds every process of every container
through it. Works with cgroup v1 and v2.
"""

import os
from pathlib import Path

from . import processes

_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "hugetlb", "io")


def name(slot: int) -> str:
    """The cgroup's name, below the root of each hierarchy."""
    return f"process-operator-{slot}"


def _hierarchies(kinds: tuple[str, ...]) -> list[Path]:
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    return sorted({Path(mount[1]) for mount in mounts if mount[2] in kinds})


def create(slot: int) -> None:
    """Make the cgroup; the kubelet insists that its root exists, with all controllers."""
    for hierarchy in _hierarchies(("cgroup", "cgroup2")):
        group = hierarchy / name(slot)
        group.mkdir(exist_ok=True)
        if (hierarchy / "cpuset.mems").exists():
            # v1: a new cpuset is empty, and nothing can run in it.
            for setting in ("cpuset.cpus", "cpuset.mems"):
                (group / setting).write_text((hierarchy / setting).read_text())
        if (hierarchy / "cgroup.controllers").exists():
            for folder in (hierarchy, group):
                _enable_controllers(folder)


def _enable_controllers(folder: Path) -> None:
    offered = (folder / "cgroup.controllers").read_text().split()
    for controller in _CONTROLLERS:
        if controller in offered:
            try:
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")
            except OSError:
                # Held back by an outer container; the kubelet will name what it misses.
                continue


def _folders(slot: int) -> list[Path]:
    """All cgroups of the cluster, innermost first."""
    found: list[Path] = []
    for hierarchy in _hierarchies(("cgroup", "cgroup2")):
        for folder, _, _ in os.walk(hierarchy / name(slot), topdown=False):
            found.append(Path(folder))
    return found


def _pids(slot: int) -> list[int]:
    pids: set[int] = set()
    for folder in _folders(slot):
        try:
            pids.update(int(pid) for pid in (folder / "cgroup.procs").read_text().split())
        except OSError:
            continue
    return sorted(pids)


def remove(slot: int) -> None:
    """Kill what still runs in the cgroup, then remove it."""
    # A process may fork while we look: look until there is none.
    while pids := _pids(slot):
        processes.end(processes.start_times(pids), grace=0)
    for folder in _folders(slot):
        try:
            folder.rmdir()
        except OSError:
            continue
