"""Teardown: the end of a cluster, with all that it left: processes, containers, mounts, links, cgroups, folders.

`lifecycle` also uses it before a new start, if a killed session left half a cluster behind. Every step succeeds if it
finds nothing.
"""

import shutil
import subprocess
from pathlib import Path

from . import cgroups, control_plane, machine, network, processes
from .console import ClusterError
from .layout import Layout
from .packages import program
from .settings import load


def _mounts_below(folder: Path) -> list[str]:
    """Mount points inside the folder, innermost first."""
    points = (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines())
    # The kernel writes a space in a path as \\040.
    decoded = (point.encode().decode("unicode_escape") for point in points)
    return sorted((point for point in decoded if point.startswith(f"{folder}/")), key=len, reverse=True)


def _unmount(folder: Path) -> None:
    for point in _mounts_below(folder):
        subprocess.run([program("umount"), "--lazy", point], capture_output=True, check=False)
    if left := _mounts_below(folder):
        # Stop before any file is removed: through the mount they may be files of another program.
        raise ClusterError(f"could not unmount {', '.join(left)}")


def _remove_folder(layout: Layout) -> None:
    """Remove the state folder, last the file that tells it is one: so an interrupted removal can be repeated."""
    if layout.state.exists():
        for entry in layout.state.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry != layout.settings:
                entry.unlink(missing_ok=True)
        shutil.rmtree(layout.state, ignore_errors=True)


def _remove_log_links(layout: Layout) -> None:
    """The kubelet links container logs at a fixed place."""
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(layout.state):
            link.unlink(missing_ok=True)


def _end_processes(layout: Layout, slot: int | None) -> None:
    # The programs that would start others again come first.
    processes.stop(layout, ["kubelet", "kube-scheduler", "kube-controller-manager"])
    if slot is not None:
        cgroups.remove(slot)
    processes.stop(layout, ["containerd"])
    # Remaining processes with the mark: shims, and programs that a killed `up` started but could not record.
    recorded = {record.pid for name in control_plane.NAMES if (record := processes.recorded(layout, name))}
    left = [pid for pid in processes.marked(layout) if pid not in recorded]
    processes.end(processes.start_times(left), grace=0)
    processes.stop(layout, ["kube-apiserver"], grace=2)
    processes.stop(layout, ["etcd"], grace=2)


def teardown(layout: Layout, *, keep: bool) -> None:
    """End the cluster. With `keep` its folder stays, for reading logs. The next `up` creates a new cluster in any case."""
    settings = load(layout)
    slot = settings.slot if settings else None
    if slot is not None and not machine.is_owner(slot, layout.state):
        # Someone else's by now: the machine was restarted since.
        slot = None
    _end_processes(layout, slot)
    _unmount(layout.state)
    if slot is not None:
        _unmount(machine.run_dir(slot))
        cgroups.remove(slot)
        network.remove(slot)
        _remove_log_links(layout)
    if not keep:
        _remove_folder(layout)
    machine.leave(slot)
