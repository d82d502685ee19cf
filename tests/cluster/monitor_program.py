"""Monitor as its own program in cluster mode, and calls of people with bearer tokens. Neighbour: `test_monitor.py`."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE_SECONDS: Final = 120


@dataclass(frozen=True)
class Monitor:
    """A monitor that runs. `public` is the address of its page, as the browser has it."""

    port: int
    public: str

    def call(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        """Call a route, and return the status and the JSON of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(
                method, path, body=None if body is None else json.dumps(body), headers=self._headers(token)
            )
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def get(self, path: str, token: str) -> Any:
        """Call a route that has to answer."""
        status, body = self.call("GET", path, token)
        assert status == 200, (path, body)
        return body

    def press(self, action: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """Press a button for one object, and return its result."""
        status, answer = self.call("POST", f"/api/actions/{action}", token, body)
        assert status == 200, (action, answer)
        (result,) = answer["results"]
        found: dict[str, Any] = result
        return found

    @contextmanager
    def stream(self, path: str, token: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Open a stream of events."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers=self._headers(token))
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield (json.loads(line[6:]) for line in response if line.startswith(b"data: "))
        finally:
            connection.close()

    def _headers(self, token: str) -> dict[str, str]:
        host = self.public.partition("//")[2]
        page = {"Host": host, "X-Process-Monitor": "1", "Sec-Fetch-Site": "same-origin", "Origin": self.public}
        return {**page, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def until(events: Iterator[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Read events to the first that has these fields. A socket that is silent for too long raises TimeoutError."""
    return next(event for event in events if all(event.get(name) == value for name, value in fields.items()))


@contextmanager
def running(kubeconfig: Path, folder: Path, public: str = "", **settings: str) -> Iterator[Monitor]:
    """Run a monitor of the cluster of a kubeconfig, of which it gets the address and the CA alone.

    Without `public` its page is at its own port. `settings` are more variables, without their prefix.
    """
    config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
    (context,) = (one["context"] for one in config["contexts"] if one["name"] == config["current-context"])
    (cluster,) = (one["cluster"] for one in config["clusters"] if one["name"] == context["cluster"])
    ca = folder / "ca.crt"
    ca.write_bytes(_ca(cluster))
    port = free_port()
    public = public or f"http://localhost:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROCESS_MONITOR_PUBLIC_URL": public,
        "PROCESS_MONITOR_API_SERVER": cluster["server"],
        "PROCESS_MONITOR_CA_FILE": str(ca),
        "PROCESS_MONITOR_HTTP_HOST": "127.0.0.1",
        "PROCESS_MONITOR_HTTP_PORT": str(port),
        **{f"PROCESS_MONITOR_{name.upper()}": value for name, value in settings.items()},
    }
    command = (sys.executable, "-m", "process_operator", "monitor")
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stderr is not None
            first = program.stderr.readline()
            assert '"event": "serving"' in first, first + program.stderr.read()
            yield Monitor(port, public)
        finally:
            program.terminate()
            assert program.wait(_PATIENCE_SECONDS) == 0


def free_port() -> int:
    """Return a port of the loopback interface that no program listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _ca(cluster: dict[str, Any]) -> bytes:
    if data := cluster.get("certificate-authority-data"):
        return base64.b64decode(data)
    with open(cluster["certificate-authority"], "rb") as file:  # noqa: PTH123
        return file.read()
