"""promtool, which reads metrics and rules as Prometheus does. Neighbours: `test_alerts.py`,
`tests/cluster/test_install.py`."""

from __future__ import annotations

import fcntl
import os
import shutil
from functools import cache
from pathlib import Path

from cluster.packages import unpack


@cache
def promtool() -> str:
    """Path of the machine's promtool, else of the one in Debian's prometheus package.

    The package is unpacked and not installed, because its daemon must not run.
    """
    found = shutil.which("promtool")
    if found:
        return found
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "process-operator" / "promtool"
    binary = folder / "usr" / "bin" / "promtool"
    folder.mkdir(parents=True, exist_ok=True)
    # Several test processes may ask for it at the same time.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not binary.exists():
            unpack("prometheus", folder)
    return str(binary)
