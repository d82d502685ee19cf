"""Port of a pod or a Service of the cluster on this machine, by `kubectl port-forward`. Neighbour: `kubectl.py`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.cluster.operator_process import die_with_parent

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl


@contextmanager
def forwarded(cluster: Kubectl, namespace: str, target: str, port: int, local: int = 0) -> Iterator[int]:
    """Forward a local port (0: any free one) to a port of `target`, such as service/NAME; the local port."""
    command = [
        *(str(cluster.binary), "--kubeconfig", str(cluster.kubeconfig), "port-forward"),
        *("--namespace", namespace, "--address", "127.0.0.1", target, f"{local or ''}:{port}"),
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else forks here
    ) as program:
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) ", line)
            assert found, line
            yield int(found[1])
        finally:
            program.terminate()
