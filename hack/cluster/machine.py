"""Machine state that all clusters share, and that the end of the last one restores.

Each cluster has a slot: a number that separates the pod network, cgroup and sockets of two clusters. The first cluster
also records the kernel settings that a kubelet changes, and blackholes the range of service addresses. This needs root;
a control plane without root has no slot. `network` and `cgroups` remove the state of a single cluster.
"""

import json
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .console import ClusterError, say
from .layout import locked
from .packages import program

# There is no kube-proxy, so a client that dials a service address would leave the machine by its default route. This
# range is reserved for documentation (RFC 5737), so no network has it.
SERVICE_RANGE = "198.51.100.0/24"
SERVICE_IP = "198.51.100.1"

# Short on purpose: paths of unix sockets are limited to 107 characters, and containerd's shims have long names.
RUN = Path("/run/process-operator")
_LOCK = Path("/run/lock/process-operator.lock")
_BEFORE = RUN / "before.json"
_SLOTS = 50

# The kubelet sets all but the last; the pod network's plugin sets the last.
_SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/ipv4/ip_forward",
)
# Folders that the node's programs make at fixed places.
_FOLDERS = (
    "/var/lib/kubelet/device-plugins",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/lib/cni/results",
    "/var/lib/cni",
)


@dataclass
class _Before:
    """The machine before its first cluster."""

    sysctls: dict[str, str] = field(default_factory=dict)
    route_is_ours: bool = False
    absent_folders: list[str] = field(default_factory=list)


def run_dir(slot: int) -> Path:
    """The folder of the sockets of the cluster in this slot."""
    return RUN / str(slot)


def pod_range(slot: int) -> str:
    """The addresses of this cluster's pods."""
    return f"10.{200 + slot}.0.0/16"


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("ip"), *arguments], capture_output=True, text=True, check=False)


def _has_route() -> bool:
    return bool(_ip("route", "show", "exact", SERVICE_RANGE).stdout.strip())


def _add_route() -> None:
    answer = _ip("route", "add", "blackhole", SERVICE_RANGE)
    if answer.returncode:
        raise ClusterError(f"could not blackhole the service range {SERVICE_RANGE}: {answer.stderr.strip()}")


def _write(before: _Before) -> None:
    RUN.mkdir(parents=True, exist_ok=True)
    _BEFORE.write_text(json.dumps(asdict(before), indent=2) + "\n")


def _remember() -> None:
    readable = [name for name in _SYSCTLS if Path("/proc/sys", name).exists()]
    absent = [folder for folder in _FOLDERS if not Path(folder).exists()]
    sysctls = {name: Path("/proc/sys", name).read_text().strip() for name in readable}
    _write(_Before(sysctls=sysctls, absent_folders=absent))


def _hold_back_service_range() -> None:
    """Blackhole the range, unless that is done; also after a restart of the machine, which the record may outlive."""
    if not _has_route():
        # The record comes first, so that a run that is killed in between leaves no route without a record.
        before = _Before(**json.loads(_BEFORE.read_text()))
        before.route_is_ours = True
        _write(before)
        _add_route()


def _taken() -> dict[int, str]:
    """Slot -> state folder; slots whose cluster's folder is gone are freed on the way."""
    taken: dict[int, str] = {}
    for entry in RUN.glob("[0-9]*"):
        owner = entry / "cluster"
        state = owner.read_text().strip() if owner.exists() else ""
        if state and Path(state).exists():
            taken[int(entry.name)] = state
        else:
            shutil.rmtree(entry, ignore_errors=True)
    return taken


def join(state: Path) -> int | None:
    """Take the slot this cluster has, or a free one; without root there is none."""
    if os.geteuid():
        say(f"not root: clients that dial the service range {SERVICE_RANGE} are not held back on this machine")
        return None
    with locked(_LOCK):
        state.mkdir(parents=True, exist_ok=True)
        taken = _taken()
        if not _BEFORE.exists():
            _remember()
        _hold_back_service_range()
        ours = [slot for slot, owner in taken.items() if owner == str(state)]
        free = [slot for slot in range(_SLOTS) if slot not in taken]
        if not ours and not free:
            raise ClusterError(f"{_SLOTS} clusters are up on this machine already")
        slot = (ours or free)[0]
        run_dir(slot).mkdir(parents=True, exist_ok=True)
        (run_dir(slot) / "cluster").write_text(f"{state}\n")
    return slot


def is_owner(slot: int, state: Path) -> bool:
    """Whether the slot is still this cluster's."""
    owner = run_dir(slot) / "cluster"
    return owner.exists() and owner.read_text().strip() == str(state)


def leave(slot: int | None) -> None:
    """Give the slot back; the last cluster puts the machine back as it was."""
    if slot is None or os.geteuid():
        return
    with locked(_LOCK):
        shutil.rmtree(run_dir(slot), ignore_errors=True)
        if not _taken() and _BEFORE.exists():
            _restore(_Before(**json.loads(_BEFORE.read_text())))
            shutil.rmtree(RUN, ignore_errors=True)


def _restore(before: _Before) -> None:
    if before.route_is_ours:
        _ip("route", "del", "blackhole", SERVICE_RANGE)
    for name, value in before.sysctls.items():
        setting = Path("/proc/sys", name)
        if setting.read_text().strip() != value:
            setting.write_text(value)
    plugins = Path("/var/lib/kubelet/device-plugins")
    if str(plugins) in before.absent_folders:
        shutil.rmtree(plugins, ignore_errors=True)
    for folder in before.absent_folders:
        try:
            Path(folder).rmdir()
        except OSError:
            # It is missing, or another program has put something into it.
            continue
