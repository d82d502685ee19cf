"""Facts about the machine of a measurement: cores, memory, versions, the commit. `__main__.py` writes them to the JSON."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_CLUSTER = Path(__file__).parents[1] / "cluster"
_PACKAGES = ("kopf", "kubernetes", "aiohttp", "orjson", "pydantic", "croniter")


def facts() -> dict[str, str]:
    """Facts in words, by name."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": _first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")) or platform.machine(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        **_programs(),
        "commit": _output("git", "describe", "--always", "--dirty"),
    }


def _programs() -> dict[str, str]:
    """The versions of Kubernetes and etcd that the clusters run."""
    found = _output(sys.executable, str(_CLUSTER), "path")
    versions = {
        program: _output(str(Path(found) / program), "--version").splitlines()
        for program in ("kube-apiserver", "etcd")
        if (Path(found) / program).exists()
    }
    return {program: lines[0].split()[-1] for program, lines in versions.items() if lines}


def _first(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text())
    return found[1] if found else ""


def _output(*command: str) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    ).stdout.strip()
