"""Layout of the files: the cache that all checkouts share, and one state folder for each cluster.

`settings` has the values that a cluster remembers in its state folder.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .console import ClusterError, say

SOURCE = Path(__file__).resolve().parent


def cache() -> Path:
    """The project's cache folder, outside of any checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "process-operator"


def assets() -> Path | None:
    """The folder of KUBEBUILDER_ASSETS, where envtest users have the control plane's programs."""
    given = os.environ.get("KUBEBUILDER_ASSETS")
    return Path(given).expanduser().resolve() if given else None


def bin_dir() -> Path:
    """Stable links to the programs, for people and Makefiles.

    A user with programs of their own gets a separate folder of links, because every checkout uses the shared one.
    """
    given = assets()
    if given is None:
        return cache() / "bin"
    return cache() / f"bin-{hashlib.sha256(str(given).encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Layout:
    """The files of one cluster."""

    name: str
    state: Path

    @property
    def kubeconfig(self) -> Path:
        """The admin's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def settings(self) -> Path:
        """Ports, tier and flags, kept from the first start on."""
        return self.state / "settings.json"

    @property
    def pki(self) -> Path:
        """Keys, certificates, and the components' kubeconfigs."""
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        """One log file for each component."""
        return self.state / "logs"

    @property
    def pids(self) -> Path:
        """One record for each started process, see `processes`."""
        return self.state / "pids"

    @property
    def containerd(self) -> Path:
        """containerd's own files."""
        return self.state / "containerd"

    @property
    def kubelet(self) -> Path:
        """The kubelet's own files: volumes of pods and its checkpoints."""
        return self.state / "kubelet"

    @property
    def cni(self) -> Path:
        """The pod network's configuration and given addresses."""
        return self.state / "cni"


def layout(name: str, folder: str | None) -> Layout:
    """The layout of the cluster `name`, in `folder` if that is given."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", name):
        raise ClusterError(f"cluster name {name!r}: lower-case letters, digits and dashes, at most 32")
    state = Path(folder).expanduser() if folder else cache() / "clusters" / name
    # Without symbolic links, as the kernel writes it in its list of mounts.
    where = Layout(name, state.resolve())
    if state.exists() and any(state.iterdir()) and not where.settings.exists():
        # `down` removes the folder, so it must be a cluster's.
        raise ClusterError(f"{state} has other things in it: the folder of a cluster must be new or empty")
    return where


@contextmanager
def locked(path: Path, busy: str = "") -> Iterator[None]:
    """Hold a lock file; the lock ends with the process, so a killed run never blocks the next one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if busy:
                say(busy)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cluster_lock(where: Layout) -> Path:
    """The lock of one cluster, outside of its state folder, which comes and goes."""
    return cache() / "locks" / hashlib.sha256(str(where.state).encode()).hexdigest()[:16]
