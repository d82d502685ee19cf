"""Control plane tier: etcd, kube-apiserver and kube-controller-manager, on 127.0.0.1 alone.

Jobs, CronJobs and garbage collection are real; pods stay Pending. The second tier is in `node`.
"""

import json
from pathlib import Path

from . import machine, pki, processes
from .api import Api, is_healthy
from .console import wait_for
from .layout import Layout
from .settings import Settings

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager")

# Tests make many Jobs at once; the stock limits (20 requests a second, 5 Jobs at a time) would decide every time taken.
CLIENT_LIMITS = ["--kube-api-qps=500", "--kube-api-burst=1000"]
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


def server(settings: Settings) -> str:
    """The API server's address."""
    return f"https://127.0.0.1:{settings.ports['kube-apiserver']}"


def _etcd(layout: Layout, settings: Settings) -> list[str]:
    client, peer = (f"http://127.0.0.1:{settings.ports[name]}" for name in ("etcd", "etcd-peer"))
    return [
        f"--data-dir={layout.state / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # The data is thrown away with the cluster, so it need not survive a power cut.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _audit(layout: Layout, settings: Settings) -> list[str]:
    if not settings.audit:
        return []
    policy = layout.state / "audit-policy.json"
    policy.write_text(json.dumps(_AUDIT_POLICY, indent=2) + "\n")
    return [f"--audit-policy-file={policy}", f"--audit-log-path={layout.logs / 'audit.log'}"]


def _apiserver(layout: Layout, settings: Settings) -> list[str]:
    files = layout.pki
    return [
        f"--etcd-servers=http://127.0.0.1:{settings.ports['etcd']}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={settings.ports['kube-apiserver']}",
        f"--cert-dir={files}",
        f"--client-ca-file={files / 'ca.crt'}",
        f"--tls-cert-file={files / 'server.crt'}",
        f"--tls-private-key-file={files / 'server.key'}",
        f"--service-account-key-file={files / 'service-account.key'}",
        f"--service-account-signing-key-file={files / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-cluster-ip-range={machine.SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        # The only address is the loopback one, and the API server rejects it as an endpoint.
        "--endpoint-reconciler-type=none",
        f"--kubelet-client-certificate={files / 'apiserver-to-kubelet.crt'}",
        f"--kubelet-client-key={files / 'apiserver-to-kubelet.key'}",
        # The node is called localhost: so its port is reached on the loopback, for logs.
        "--kubelet-preferred-address-types=Hostname",
        *_audit(layout, settings),
    ]


def _controller_manager(layout: Layout, settings: Settings) -> list[str]:
    return [
        f"--kubeconfig={layout.pki / 'kube-controller-manager.kubeconfig'}",
        "--use-service-account-credentials",
        f"--service-account-private-key-file={layout.pki / 'service-account.key'}",
        f"--root-ca-file={layout.pki / 'ca.crt'}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={settings.ports['kube-controller-manager']}",
        *CLIENT_LIMITS,
        "--concurrent-job-syncs=20",
        "--concurrent-cron-job-syncs=20",
    ]


def start(layout: Layout, settings: Settings, programs: dict[str, Path]) -> None:
    """Start what does not run yet, and wait until pods could be made."""
    pki.create(layout, server(settings), machine.SERVICE_IP)
    api = Api(programs["kubectl"], layout.kubeconfig)
    flags = {
        "etcd": _etcd(layout, settings),
        "kube-apiserver": _apiserver(layout, settings),
        "kube-controller-manager": _controller_manager(layout, settings),
    }

    def answers() -> bool:
        processes.require(layout, "etcd", "kube-apiserver")
        return api.is_ready()

    def serves() -> bool:
        processes.require(layout, *NAMES)
        return is_healthy(settings.ports["kube-controller-manager"]) and api.has_service_account()

    for name in NAMES:
        if name == "kube-controller-manager":
            wait_for("the API server", answers, 60, lambda: processes.log_tail(layout, "kube-apiserver"))
        # The user's flags come last: the last one of a name counts.
        processes.start(layout, name, [str(programs[name]), *flags[name], *settings.arguments.get(name, [])])
    wait_for("the controller manager", serves, 30, lambda: processes.log_tail(layout, "kube-controller-manager"))
