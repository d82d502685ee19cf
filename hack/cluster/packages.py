"""Packages of the Linux distribution: checked before a start, and installed if possible (Debian, as root).

The control plane needs two of them; the rest is for the node alone. Everything in this repository that needs a package
installs it here: apt-get fails where another apt-get runs, and several parts of `make test` start side by side.
"""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from .console import ClusterError, say
from .layout import cache, locked

CNI_PLUGINS = Path("/usr/lib/cni")
BUSYBOX = Path("/bin/busybox")

# Debian's runc and not one built here: without libseccomp runc cannot start a pod.
_CONTROL_PLANE = {"openssl": "openssl", "ip": "iproute2"}
_NODE = {"runc": "runc", "umount": "mount"}
_NODE_FILES = {CNI_PLUGINS / "ptp": "containernetworking-plugins", BUSYBOX: "busybox-static"}

# Other programs of the machine install packages too, for example unattended-upgrades.
_LOCK_SECONDS = 600

# sbin is not on every user's PATH, and it is where ip and runc are.
SEARCH_PATH = os.pathsep.join(
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", os.environ.get("PATH", "")]
)


def program(name: str) -> str:
    """The full path of a program of the distribution."""
    return shutil.which(name, path=SEARCH_PATH) or name


def _is_static(file: Path) -> bool:
    """Whether a busybox can live alone in an image: Debian's plain `busybox` package is dynamically linked.

    A dynamic program names its loader in a program header of the type INTERP.
    """
    content = file.read_bytes()
    if content[:5] != b"\x7fELF\x02":
        return False
    (start,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    interp = 3
    return all(struct.unpack_from("<I", content, start + index * size)[0] != interp for index in range(count))


def missing(*, with_node: bool) -> list[str]:
    """The packages that are not installed."""
    programs = {**_CONTROL_PLANE, **(_NODE if with_node else {})}
    absent = [package for name, package in programs.items() if not shutil.which(name, path=SEARCH_PATH)]
    if with_node:
        absent += [package for file, package in _NODE_FILES.items() if not file.exists()]
        if BUSYBOX.exists() and not _is_static(BUSYBOX):
            absent.append("busybox-static")
    return absent


def _apt_get(*arguments: str, folder: Path | None = None) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-q", "-y", "-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}", *arguments]
    # That limit does not concern the lock of the package lists.
    with locked(cache() / "locks" / "apt-get", "waiting for another run that installs packages"):
        return subprocess.run(command, check=False, stdout=sys.stderr, env=environment, cwd=folder).returncode == 0


def _apt_get_refreshed(*arguments: str, folder: Path | None = None) -> bool:
    """Run apt-get. The package lists may be missing or old: they are refreshed if it fails, and it runs once more."""
    return _apt_get(*arguments, folder=folder) or (_apt_get("update") and _apt_get(*arguments, folder=folder))


def ensure(*, with_node: bool) -> None:
    """Install what is missing, or say what to install."""
    install(missing(with_node=with_node))
    if still := missing(with_node=with_node):
        raise ClusterError(f"installed, but still not found: {' '.join(still)}")


def install(absent: list[str]) -> None:
    """Install packages, or say what to install; none is fine."""
    if not absent:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise ClusterError(f"please install (names as in Debian): {' '.join(absent)}")
    say(f"installing {' '.join(absent)}")
    if not _apt_get_refreshed("install", "--no-install-recommends", *absent):
        raise ClusterError(f"apt-get could not install: {' '.join(absent)}")


def unpack(package: str, folder: Path) -> None:
    """Download a package and unpack its files into an existing folder, without an install. Raises `ClusterError`."""
    if not _apt_get_refreshed("download", package, folder=folder):
        raise ClusterError(f"apt-get could not download: {package}")
    (archive,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", archive, folder], check=True, stdout=sys.stderr)
    archive.unlink()
