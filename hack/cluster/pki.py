"""Keys, certificates and kubeconfigs of one cluster, created with openssl at its first start.

`control_plane` creates them; `node` uses them too.
"""

import base64
import json
import subprocess
from pathlib import Path

from .console import ClusterError
from .layout import Layout
from .packages import program

SERVER_NAMES = (
    "IP:127.0.0.1,IP:{service_ip},DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
)

# name of the files -> subject: to Kubernetes CN is the user and O the group.
CLIENTS = {
    "admin": "/O=system:masters/CN=admin",
    "kube-controller-manager": "/CN=system:kube-controller-manager",
    "kube-scheduler": "/CN=system:kube-scheduler",
    "kubelet": "/O=system:nodes/CN=system:node:localhost",
    "apiserver-to-kubelet": "/O=system:masters/CN=apiserver-to-kubelet",
}
_DAYS = "3650"


def _openssl(folder: Path, *arguments: str) -> None:
    answer = subprocess.run([program("openssl"), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ClusterError(f"openssl {arguments[0]} failed: {answer.stderr.strip()}")


def _key(folder: Path, name: str) -> None:
    key = folder / f"{name}.key"
    key.touch(mode=0o600)
    _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key.name)


def _authority(folder: Path) -> None:
    _key(folder, "ca")
    # keyUsage: without it Python 3.13's strict checks reject the authority.
    extension = "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"
    subject = ("-subj", "/CN=process-operator-test-ca")
    _openssl(
        folder,
        "req",
        "-x509",
        "-new",
        "-key",
        "ca.key",
        "-days",
        _DAYS,
        *subject,
        "-addext",
        extension,
        "-out",
        "ca.crt",
    )


def _certificate(folder: Path, name: str, subject: str, extensions: str) -> None:
    _key(folder, name)
    (folder / f"{name}.ext").write_text(extensions)
    _openssl(folder, "req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", _DAYS, "-extfile", f"{name}.ext")
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.crt")
    (folder / f"{name}.csr").unlink()
    (folder / f"{name}.ext").unlink()


def _extensions(usage: str, names: str = "") -> str:
    lines = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", f"extendedKeyUsage={usage}"]
    # The two identifiers are also among what strict checks ask for.
    lines += ["subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"]
    return "\n".join([*lines, *([f"subjectAltName={names}"] if names else [])]) + "\n"


def _kubeconfig(layout: Layout, user: str, server: str, target: Path) -> None:
    def embedded(name: str) -> str:
        return base64.b64encode((layout.pki / name).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": embedded("ca.crt")}
    credentials = {"client-certificate-data": embedded(f"{user}.crt"), "client-key-data": embedded(f"{user}.key")}
    name = f"process-operator-{layout.name}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": "default"}}],
    }
    target.touch(mode=0o600)
    # JSON is YAML, and needs no library.
    target.write_text(json.dumps(content, indent=2) + "\n")


def create(layout: Layout, server: str, service_ip: str) -> None:
    """Make everything; the admin's kubeconfig last, as a sign that nothing is missing."""
    if layout.kubeconfig.exists():
        return
    layout.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    _authority(layout.pki)
    names = SERVER_NAMES.format(service_ip=service_ip)
    _certificate(layout.pki, "server", "/CN=kube-apiserver", _extensions("serverAuth", names))
    for name, subject in CLIENTS.items():
        _certificate(layout.pki, name, subject, _extensions("clientAuth"))
    _key(layout.pki, "service-account")
    for user in ("kube-controller-manager", "kube-scheduler", "kubelet"):
        _kubeconfig(layout, user, server, layout.pki / f"{user}.kubeconfig")
    _kubeconfig(layout, "admin", server, layout.kubeconfig)
