"""The real manager of Kueue as a process of this machine, with its kinds and its webhooks for Jobs.

It runs beside the cluster: the API server reaches its webhooks on the loopback, with a certificate of their own. They
hold for namespaces with the label `NAMESPACE_LABEL` alone. KUEUE and KUEUE_SOURCE (`hack/kueue.sh`) name the program
and the folder with its CRDs. Neighbour: `conftest.py` starts it.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.cluster.operator_process import die_with_parent

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

NAMESPACE_LABEL: Final = "process-operator-tests/kueue"
_READY_SECONDS: Final = 240
_STOP_SECONDS: Final = 30
_WEBHOOKS: Final = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")
_NAME: Final = "process-operator-tests-kueue"

# Kueue reads the certificate of its metrics from a fixed path, also where it serves none. The path exists only in a mount
# namespace of the process, on a layer over /etc.
_IN_ITS_OWN_MOUNTS: Final = """
mount -t tmpfs kueue "$1/layer"
mkdir "$1/layer/upper" "$1/layer/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/layer/upper,workdir=$1/layer/work" /etc
mkdir -p /etc/kueue/metrics
cp -r "$1/certs" /etc/kueue/metrics/certs
exec "$2" --config "$1/config.json" --kubeconfig "$3"
"""


class KueueManager:
    """One manager for one cluster. Its files and its log are in `folder`."""

    def __init__(self, cluster: Kubectl, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        self._webhook_port, self._health_port = _free_port(), _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Path of the manager's log."""
        return self._folder / "kueue.log"

    def start(self) -> None:
        """Install Kueue's kinds, start the manager, and register its webhooks. Raises RuntimeError with its log."""
        crds = Path(os.environ["KUEUE_SOURCE"], "config", "components", "crd", "bases")
        self._cluster.run("apply", "--server-side", "--filename", str(crds))
        self._cluster.run(
            "wait", "--for=condition=Established", f"--timeout={_READY_SECONDS}s", "--filename", str(crds)
        )
        self._write_files()
        command = ("unshare", "--mount", "--propagation", "private", "sh", "-ec", _IN_ITS_OWN_MOUNTS, "kueue")
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                (*command, str(self._folder), os.environ["KUEUE"], str(self._cluster.kubeconfig)),
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing else forks here
            )
        self._wait_until_ready()
        self._cluster.run("apply", "--filename", "-", stdin=json.dumps(self._webhooks()))

    def stop(self) -> None:
        """Remove the webhooks and end the manager: without it no Job could be created."""
        for kind in _WEBHOOKS:
            self._cluster.run("delete", kind, _NAME, "--ignore-not-found")
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _write_files(self) -> None:
        certs = self._folder / "certs"
        for folder in (certs, self._folder / "layer"):
            folder.mkdir()
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(certs / "tls.key"))
        whose = ("-subj", "/CN=kueue", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "30")
        command = ("openssl", "req", "-x509", *key, *whose, "-out", str(certs / "tls.crt"))
        subprocess.run(command, check=True, capture_output=True)
        config = {
            "apiVersion": "config.kueue.x-k8s.io/v1beta2",
            "kind": "Configuration",
            "health": {"healthProbeBindAddress": f"127.0.0.1:{self._health_port}"},
            "metrics": {"bindAddress": "0"},
            "webhook": {"host": "127.0.0.1", "port": self._webhook_port, "certDir": str(certs)},
            "leaderElection": {"leaderElect": False},
            "internalCertManagement": {"enable": False},
            "integrations": {"frameworks": ["batch/job"]},
            "featureGates": {"VisibilityOnDemand": False},
        }
        (self._folder / "config.json").write_text(json.dumps(config))

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        give_up_at = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.stop()
                tail = "\n".join(self.log_file.read_text(errors="replace").splitlines()[-40:])
                raise RuntimeError(f"Kueue is not ready; {self.log_file} ends with\n{tail}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}/readyz", timeout=5) as answer:
                is_ready: bool = answer.status == 200
            with socket.create_connection(("127.0.0.1", self._webhook_port), timeout=5):
                return is_ready
        except (urllib.error.URLError, OSError):
            return False

    def _webhooks(self) -> dict[str, Any]:
        webhooks = [
            self._webhook("MutatingWebhookConfiguration", "mutate", ["CREATE"]),
            self._webhook("ValidatingWebhookConfiguration", "validate", ["CREATE", "UPDATE"]),
        ]
        return {"apiVersion": "v1", "kind": "List", "items": webhooks}

    def _webhook(self, kind: str, verb: str, operations: list[str]) -> dict[str, Any]:
        bundle = base64.b64encode((self._folder / "certs" / "tls.crt").read_bytes()).decode()
        url = f"https://127.0.0.1:{self._webhook_port}/{verb}-batch-v1-job"
        rule = {"apiGroups": ["batch"], "apiVersions": ["v1"], "operations": operations, "resources": ["jobs"]}
        webhook = {
            "name": f"{verb}.job.kb.io",
            "clientConfig": {"url": url, "caBundle": bundle},
            "rules": [rule],
            "namespaceSelector": {"matchLabels": {NAMESPACE_LABEL: "true"}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            "timeoutSeconds": 30,
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": _NAME},
            "webhooks": [webhook],
        }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
