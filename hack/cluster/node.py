"""Node tier: kube-scheduler, containerd and a kubelet, so that pods really run. Needs root.

The node is called localhost. The images are in `images`, the pods' network in `network`, their cgroup in `cgroups`.
"""

import json
from pathlib import Path

from . import cgroups, images, machine, network, processes, tools
from .api import Api, is_healthy
from .console import ClusterError, wait_for
from .control_plane import CLIENT_LIMITS
from .layout import Layout
from .packages import CNI_PLUGINS
from .settings import Settings

NAMES = ("kube-scheduler", "containerd", "kubelet")

_CONTAINERD = """\
version = 3
root = "{state}/root"
state = "{state}/state"
[grpc]
  address = "{socket}"
[debug]
  address = "{run}/debug.sock"
# Everything with a fixed place on the machine is moved into the cluster's own folders, or turned off.
[plugins.'io.containerd.internal.v1.opt']
  path = "{state}/opt"
[plugins.'io.containerd.image-verifier.v1.bindir']
  bin_dir = "{state}/image-verifier"
[plugins.'io.containerd.nri.v1.nri']
  disable = true
[plugins.'io.containerd.shim.v1.manager']
  socket_dir = "{run}/s"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{pause}"
[plugins.'io.containerd.cri.v1.runtime']
  # Else, where the machine itself is confined: "can't get final child's PID from pipe".
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["{plugins}"]
  conf_dir = "{cni}"
  use_internal_loopback = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = false
    Root = "{run}/runc"
"""


def socket(slot: int) -> Path:
    """The socket of this cluster's containerd."""
    return machine.run_dir(slot) / "containerd.sock"


def _write_containerd(layout: Layout, slot: int) -> Path:
    file = layout.containerd / "config.toml"
    layout.containerd.mkdir(parents=True, exist_ok=True)
    # containerd makes this folder only if it is at its own default place.
    (machine.run_dir(slot) / "s").mkdir(mode=0o700, parents=True, exist_ok=True)
    places = {"state": layout.containerd, "run": machine.run_dir(slot), "socket": socket(slot), "cni": layout.cni}
    file.write_text(_CONTAINERD.format(**places, pause=images.PAUSE, plugins=CNI_PLUGINS))
    return file


def _write_kubelet(layout: Layout, settings: Settings, slot: int) -> Path:
    file = layout.kubelet / "config.json"
    content = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "127.0.0.1",
        "port": settings.ports["kubelet"],
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": settings.ports["kubelet-healthz"],
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.pki / "server.crt"),
        "tlsPrivateKeyFile": str(layout.pki / "server.key"),
        "containerRuntimeEndpoint": f"unix://{socket(slot)}",
        "podLogsDir": str(layout.state / "pod-logs"),
        "volumePluginDir": str(layout.kubelet / "volume-plugins"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.name(slot)}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "localStorageCapacityIsolation": False,
        # No chains of its own in the machine's firewall.
        "makeIPTablesUtilChains": False,
        "maxPods": 300,
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
        # The local images cannot be pulled again: never collect them, however full the disk is.
        "imageGCHighThresholdPercent": 100,
    }
    layout.kubelet.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n")
    return file


def _flags(layout: Layout, settings: Settings, slot: int) -> dict[str, list[str]]:
    return {
        "kube-scheduler": [
            f"--kubeconfig={layout.pki / 'kube-scheduler.kubeconfig'}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={settings.ports['kube-scheduler']}",
            *CLIENT_LIMITS,
        ],
        "containerd": [f"--config={_write_containerd(layout, slot)}"],
        "kubelet": [
            f"--config={_write_kubelet(layout, settings, slot)}",
            f"--kubeconfig={layout.pki / 'kubelet.kubeconfig'}",
            "--hostname-override=localhost",
            f"--root-dir={layout.kubelet}",
            f"--cert-dir={layout.pki}",
        ],
    }


def start(layout: Layout, settings: Settings, programs: dict[str, Path]) -> None:
    """Start what does not run yet, load the images, and wait until the node takes pods."""
    slot = settings.slot
    if slot is None:
        raise ClusterError("the node needs root")
    network.write_configuration(layout, slot)
    cgroups.create(slot)
    flags = _flags(layout, settings, slot)

    def listens() -> bool:
        processes.require(layout, "containerd")
        return images.answers(programs["ctr"], socket(slot))

    def takes_pods() -> bool:
        processes.require(layout, *NAMES)
        healthy = is_healthy(settings.ports["kube-scheduler"]) and is_healthy(settings.ports["kubelet-healthz"], "http")
        return healthy and Api(programs["kubectl"], layout.kubeconfig).has_ready_node()

    for name in NAMES:
        if name == "kubelet":
            wait_for("containerd", listens, 30, lambda: processes.log_tail(layout, "containerd"))
            images.load_local(programs["ctr"], socket(slot), programs["pause"], layout.containerd / "images")
        processes.start(layout, name, [str(programs[name]), *flags[name], *settings.arguments.get(name, [])])
    wait_for("the node", takes_pods, 90, lambda: processes.log_tail(layout, "kubelet"))


def load_image(slot: int, archive: Path) -> None:
    """Load an image archive into this node's containerd."""
    images.load(tools.resolve(["ctr"])["ctr"], socket(slot), archive)
