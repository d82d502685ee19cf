"""Network of the pods: one pair of links for each pod, no route out of the machine; and the removal of leftovers.

The address range belongs to the cluster's slot, see `machine`; the shared blackhole route is there too.
"""

import ipaddress
import json
import subprocess
from pathlib import Path

from . import machine
from .layout import Layout
from .packages import program


def _network_name(slot: int) -> str:
    return f"process-operator-{slot}"


def write_configuration(layout: Layout, slot: int) -> None:
    """The CNI configuration, in a folder of the cluster's own.

    No default route: pods reach each other and this machine's end of their link, nothing else. A plain `loopback` would
    not do, the kubelet wants every pod to have an address.
    """
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": machine.pod_range(slot)}]],
        "dataDir": str(layout.cni / "addresses"),
    }
    plugins = [{"type": "ptp", "ipam": addresses}]
    content = {"cniVersion": "1.0.0", "name": _network_name(slot), "plugins": plugins}
    layout.cni.mkdir(parents=True, exist_ok=True)
    (layout.cni / "10-pods.conflist").write_text(json.dumps(content, indent=2) + "\n")


def _links(slot: int) -> list[str]:
    """The machine's ends of the pods' links: those with an address of the cluster's range."""
    answer = subprocess.run([program("ip"), "-json", "address"], capture_output=True, text=True, check=False)
    pods = ipaddress.ip_network(machine.pod_range(slot))
    return [
        link["ifname"]
        for link in json.loads(answer.stdout or "[]")
        for address in link.get("addr_info", [])
        if address["family"] == "inet" and ipaddress.ip_address(address["local"]) in pods
    ]


def remove(slot: int) -> None:
    """Delete the links (the routes to the pods go with them) and the CNI library's notes at its fixed place."""
    for link in _links(slot):
        subprocess.run([program("ip"), "link", "delete", link], capture_output=True, check=False)
    for note in Path("/var/lib/cni/results").glob(f"{_network_name(slot)}-*"):
        note.unlink(missing_ok=True)
