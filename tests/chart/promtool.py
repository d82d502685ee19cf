"""promtool, which reads metrics and rules as Prometheus does. Neighbours: `test_alerts.py`, `tests/cluster/test_install.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def promtool() -> str:
    """That of the machine, else that of Debian's prometheus package, unpacked and not installed: its daemon is not wanted."""
    found = shutil.which("promtool")
    if found:
        return found
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "process-operator" / "promtool"
    binary = folder / "usr" / "bin" / "promtool"
    if not binary.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fetch = "apt-get download prometheus || { apt-get update && apt-get download prometheus; }"
        subprocess.run(("sh", "-ec", f"{fetch}; dpkg -x prometheus_*.deb ."), cwd=folder, check=True, stdout=sys.stderr)
    return str(binary)
