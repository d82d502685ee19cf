"""API server of a cluster of `hack/cluster`, which tests may kill and start again.

Every user of the cluster is affected, so nothing else runs meanwhile. Neighbour: `tests/faults/servers.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cluster.operator_process import REPOSITORY


def kill_api_server(kubeconfig: Path) -> None:
    """Kill the API server of the cluster of a kubeconfig."""
    record = json.loads((kubeconfig.parent / "pids" / "kube-apiserver.json").read_text())
    running = Path(f"/proc/{record['pid']}/cmdline").read_bytes().split(b"\0")[0].decode()
    assert running == record["argv"][0], "another program has its number by now"
    os.kill(record["pid"], signal.SIGKILL)


def start_api_server(kubeconfig: Path, *flags: str) -> None:
    """Start the API server if it does not run. One that runs with other flags is started again."""
    command = (sys.executable, str(REPOSITORY / "hack" / "cluster"), "up", "--tier", "control-plane")
    arguments = [argument for flag in flags for argument in ("--arg", f"kube-apiserver={flag}")]
    answer = subprocess.run(
        (*command, "--name", kubeconfig.parent.name, *arguments), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"the cluster does not start again: {answer.stderr}"
