"""Node that kwok simulates: its pods become ready at once, end well one second later, and have a log that can be read.

There is no scheduler, so the creator of a pod sets `NODE` as its node. The API server reaches kwok as it reaches a
kubelet, so a log takes the whole path. Neighbour: `load.py` starts it beside a control plane.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from process_operator.resources.kinds import Kind

NODE: Final = "simulated"
NODES: Final = Kind("", "v1", "nodes", "Node", namespaced=False)
LASTS: Final = "lasts"
"""A pod with this label runs until it is deleted."""
RUN_SECONDS: Final = 1.0
LOG_LINES: Final = 20
_CLUSTER = Path(__file__).parents[1] / "cluster"
_IS_THERE = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
_IS_GOING = {"key": ".metadata.deletionTimestamp", "operator": "Exists"}


@contextmanager
def simulated_node(kubeconfig: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Play the node until the end of the block. `folder` takes kwok's configuration; `kubeconfig` lies beside its
    keys."""
    port = free_port()
    log = folder / "container.log"
    log.write_text(
        "".join(f"2026-01-01T00:00:00.{line:09}Z stdout F line {line} of the process\n" for line in range(LOG_LINES))
    )
    config = folder / "kwok.json"
    parts = [_node_is_ready(port), _pod_is_ready(), _pod_ends(), _pod_goes(), _logs(log), _configuration()]
    config.write_text("\n---\n".join(map(json.dumps, parts)))
    pki = kubeconfig.parent / "pki"
    command = [
        program(),
        f"--kubeconfig={kubeconfig}",
        f"--config={config}",
        "--manage-all-nodes",
        "--node-ip=127.0.0.1",
        f"--node-port={port}",
        f"--server-address=127.0.0.1:{port}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        "--node-lease-duration-seconds=40",
        "--v=WARN",
    ]
    with (folder / "kwok.log").open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        try:
            _until_it_listens(port, process, folder / "kwok.log")
            yield process
        finally:
            process.terminate()


def program() -> str:
    """The path of kwok; it is built if it is missing."""
    line = [sys.executable, str(_CLUSTER), "program", "kwok"]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def node() -> dict[str, Any]:
    """The Node object; a benchmark creates it before its pods."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}


def free_port() -> int:
    """A free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"kwok has ended: {log.read_text()}")


def _stage(
    name: str, kind: str, expressions: list[dict[str, Any]], effect: dict[str, Any], **spec: Any
) -> dict[str, Any]:
    selector = {"matchExpressions": expressions}
    ref = {"apiGroup": "v1", "kind": kind}
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {"resourceRef": ref, "selector": selector, "next": effect, **spec},
    }


def _node_is_ready(port: int) -> dict[str, Any]:
    room = {"cpu": "100k", "memory": "100Ti", "pods": "1M"}
    status = {
        "addresses": [{"type": kind, "address": "127.0.0.1"} for kind in ("InternalIP", "Hostname")],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "allocatable": room,
        "capacity": room,
        "phase": "Running",
    }
    ready = (
        "conditions:\n- {type: Ready, status: 'True', reason: KubeletReady, message: '',"
        " lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}\n"
    )
    missing = {
        "key": '.status.conditions.[] | select( .type == "Ready" ) | .status',
        "operator": "NotIn",
        "values": ["True"],
    }
    return _stage("node-ready", "Node", [missing], {"statusTemplate": ready + _yaml(status)})


def _pod_is_ready() -> dict[str, Any]:
    conditions = [
        f"- {{type: {kind}, status: 'True', lastTransitionTime: {{{{ Now | Quote }}}}}}"
        for kind in ("Initialized", "Ready", "ContainersReady")
    ]
    containers = (
        "containerStatuses:\n{{ range .spec.containers }}"
        "- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, started: true, restartCount: 0,"
        " state: {running: {startedAt: {{ Now | Quote }}}}}\n{{ end }}"
    )
    status = "\n".join(["conditions:", *conditions, containers, "startTime: {{ Now | Quote }}", "phase: Running", ""])
    pending = {"key": ".status.phase", "operator": "In", "values": ["Pending"]}
    return _stage("pod-ready", "Pod", [_IS_THERE, pending], {"statusTemplate": status})


def _pod_ends() -> dict[str, Any]:
    conditions = [
        f"- {{type: {kind}, status: 'False', reason: PodCompleted, lastTransitionTime: {{{{ Now | Quote }}}}}}"
        for kind in ("Ready", "ContainersReady")
    ]
    containers = (
        "{{ $began := .status.startTime }}containerStatuses:\n{{ range .spec.containers }}"
        "- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: false, started: false, restartCount: 0,"
        " state: {terminated: {exitCode: 0, reason: Completed,"
        " startedAt: {{ $began | Quote }}, finishedAt: {{ Now | Quote }}}}}\n{{ end }}"
    )
    status = "\n".join(["conditions:", *conditions, containers, "phase: Succeeded", ""])
    running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
    ends = {"key": f".metadata.labels.{LASTS}", "operator": "DoesNotExist"}
    delay = {"durationMilliseconds": int(1000 * RUN_SECONDS)}
    return _stage("pod-ends", "Pod", [_IS_THERE, running, ends], {"statusTemplate": status}, delay=delay)


def _pod_goes() -> dict[str, Any]:
    return _stage("pod-goes", "Pod", [_IS_GOING], {"delete": True})


def _logs(file: Path) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "ClusterLogs",
        "metadata": {"name": "logs"},
        "spec": {"logs": [{"logsFile": str(file)}]},
    }


def _configuration() -> dict[str, Any]:
    # Its stock numbers are for few pods at a time; if one is given, none has its default.
    many = {
        "podPlayStageParallelism": 32,
        "nodePlayStageParallelism": 4,
        "nodeLeaseParallelism": 4,
        "podsOnNodeSyncParallelism": 1,
        "enableDebuggingHandlers": True,
    }
    return {"apiVersion": "config.kwok.x-k8s.io/v1alpha1", "kind": "KwokConfiguration", "options": many}


def _yaml(value: dict[str, Any]) -> str:
    """JSON is YAML, one key a line so that it stands beside a template."""
    return "".join(f"{key}: {json.dumps(part)}\n" for key, part in value.items())
