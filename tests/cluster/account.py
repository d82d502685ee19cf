"""Account of the tests' operator, with exactly the rights of the chart.

A call without a right therefore fails some test. The chart's admission policy is in force too. Neighbours:
`conftest.py` starts the operator with it, `tests/chart/test_rights_used.py` finds rights that no call used.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import yaml
from tests.chart.helm import RELEASE, render

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.kubectl import Kubectl

NAMESPACE: Final = "process-operator-tests"
USER: Final = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
_KINDS: Final = (
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


def account_kubeconfig(cluster: Kubectl, folder: Path) -> Path:
    """Give the account its rights, and write a kubeconfig with a token of it."""
    chart = render(namespace=NAMESPACE)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    rights = [manifest for kind in _KINDS for manifest in chart.of(kind) if not _is_of_the_test(manifest)]
    items = {"apiVersion": "v1", "kind": "List", "items": [namespace, *rights]}
    # Without validation by kubectl: the API server still computes the OpenAPI document of the new CRDs, which takes long.
    cluster.run("apply", "--validate=false", "--filename", "-", stdin=json.dumps(items))
    # The authorizer learns of the rights a moment later. The API server must not forbid the operator anything.
    may = ("auth", "can-i", "list", "jobs.batch", "--all-namespaces", "--as", USER)
    cluster.wait_until(lambda: cluster.ask(*may).ok, what=f"{USER} has its rights")
    token = cluster.run("create", "token", RELEASE, "--namespace", NAMESPACE, "--duration", "24h").strip()
    config: dict[str, Any] = yaml.safe_load(cluster.kubeconfig.read_text())
    (context,) = [found for found in config["contexts"] if found["name"] == config["current-context"]]
    context["context"]["user"] = RELEASE
    config["users"] = [{"name": RELEASE, "user": {"token": token}}]
    path = folder / "operator-of-tests.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path


def _is_of_the_test(manifest: dict[str, Any]) -> bool:
    return "helm.sh/hook" in (manifest["metadata"].get("annotations") or {})
