"""Settings that a cluster remembers between two starts: ports, tier, version, extra flags. Stored in the folder of `layout`."""

import json
import random
import socket
from dataclasses import asdict, dataclass, field

from .console import ClusterError
from .layout import Layout

CONTROL_PLANE = "control-plane"
NODE = "node"
TIERS = (CONTROL_PLANE, NODE)

PORTS = (
    "etcd",
    "etcd-peer",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kubelet-healthz",
)

# The range is below the ports that the kernel uses for outgoing connections, and below the node ports. Another program
# therefore rarely occupies a remembered port.
PORT_RANGE = (20000, 30000)


@dataclass
class Settings:
    """The remembered values of one cluster."""

    ports: dict[str, int]
    tier: str = CONTROL_PLANE
    slot: int | None = None
    audit: bool = False
    kubernetes: str = ""
    arguments: dict[str, list[str]] = field(default_factory=dict)


def load(layout: Layout) -> Settings | None:
    """The settings of an existing cluster; nothing if there is none, or only half of one."""
    try:
        return Settings(**json.loads(layout.settings.read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def save(layout: Layout, settings: Settings) -> None:
    """Write the settings, so that a killed run leaves the old or the new ones."""
    layout.state.mkdir(parents=True, exist_ok=True)
    draft = layout.settings.with_suffix(".new")
    draft.write_text(json.dumps(asdict(settings), indent=2) + "\n")
    draft.replace(layout.settings)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the components do: a port whose former connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(former: dict[str, int]) -> dict[str, int]:
    """The former ports if they are still free, else new ones."""
    chosen: dict[str, int] = {}
    for name in PORTS:
        port = former.get(name, 0)
        for _ in range(1000):
            if port and port not in chosen.values() and _is_free(port):
                break
            port = random.randrange(*PORT_RANGE)  # noqa: S311 - nothing secret
        else:
            raise ClusterError(f"no free port found on 127.0.0.1 for {name}")
        chosen[name] = port
    return chosen
