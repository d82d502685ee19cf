"""Health of the programs: kubectl asks the API server, and the others answer at their health port.

kubectl reads every kind of kubeconfig, also the one of an existing cluster.
"""

import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

# The programs create the certificates of their health ports. They are asked on the loopback interface only.
_ANY_CERTIFICATE = ssl.create_default_context()
_ANY_CERTIFICATE.check_hostname = False
_ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE
# A proxy in the caller's environment has no business with the loopback.
_OPENER = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_ANY_CERTIFICATE)
)


def is_healthy(port: int, scheme: str = "https") -> bool:
    """Whether a program says at its health port that it works."""
    try:
        with _OPENER.open(f"{scheme}://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Api:
    """One API server."""

    def __init__(self, kubectl: Path, kubeconfig: Path) -> None:
        self._command = [str(kubectl), "--kubeconfig", str(kubeconfig), "--request-timeout=5s"]

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl with these arguments."""
        return subprocess.run([*self._command, *arguments], capture_output=True, text=True, check=False)

    def is_ready(self) -> bool:
        """Whether the API server says of itself that it is ready."""
        return self.ask("get", "--raw", "/readyz").stdout == "ok"

    def has_service_account(self) -> bool:
        """Whether pods can be created. Without the service account of the namespace the API server rejects them."""
        return self.ask("get", "serviceaccount", "default", "--namespace=default").returncode == 0

    def has_ready_node(self) -> bool:
        """Whether the node takes pods."""
        template = '{.status.conditions[?(@.type=="Ready")].status}{.spec.taints}'
        return self.ask("get", "node", "localhost", f"--output=jsonpath={template}").stdout == "True"
