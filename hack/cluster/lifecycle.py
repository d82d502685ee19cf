"""Life cycle: start and status of a cluster. `control_plane` and `node` start the programs, `teardown` stops them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from . import control_plane, machine, node, packages, processes, tools
from .console import ClusterError, say
from .layout import Layout, bin_dir, cluster_lock, locked
from .settings import CONTROL_PLANE, NODE, Settings, choose_ports, load, save
from .teardown import teardown


@dataclass(frozen=True)
class Wish:
    """The request of a caller of `up`; omitted flags keep their values."""

    tier: str = NODE
    audit: bool = False
    kubernetes: str = ""
    arguments: dict[str, list[str]] = field(default_factory=dict)


def tools_for(tier: str) -> list[str]:
    """The programs a tier needs."""
    return [*tools.CONTROL_PLANE_TOOLS, *(tools.NODE_TOOLS if tier == NODE else ())]


def prepare(tier: str, kubernetes: str = "") -> dict[str, Path]:
    """Install and build what the tier needs and the machine does not have."""
    if tier == NODE and os.geteuid():
        raise ClusterError(f"the node needs root; without it there is --tier {CONTROL_PLANE}")
    packages.ensure(with_node=tier == NODE)
    return tools.resolve(tools_for(tier), kubernetes)


def _settings(layout: Layout, wish: Wish) -> Settings:
    """The settings to start with; clears away what a killed session left."""
    former = load(layout)
    if former and processes.is_running(layout, "etcd"):
        settings = former
        if settings.kubernetes != _version(layout, wish):
            raise ClusterError(
                f"{layout.name} runs Kubernetes {settings.kubernetes or 'of the newest version'}: `down` first"
            )
        settings.tier = NODE if NODE in (wish.tier, former.tier) else CONTROL_PLANE
    else:
        if layout.state.exists():
            say("a former run of this cluster has ended without `down`: clearing up and starting afresh")
        teardown(layout, keep=False)
        settings = former or Settings(ports={})
        settings.ports = choose_ports(settings.ports)
        settings.tier = wish.tier
        settings.kubernetes = wish.kubernetes
    return settings


def _version(layout: Layout, wish: Wish) -> str:
    """The version of Kubernetes to start: the wished one, else that of the running cluster; empty is the newest."""
    former = load(layout)
    if not wish.kubernetes and former and processes.is_running(layout, "etcd"):
        return former.kubernetes
    return wish.kubernetes


def up(layout: Layout, wish: Wish) -> None:
    """Start the cluster, or what of it does not run."""
    programs = prepare(wish.tier, _version(layout, wish))
    with locked(cluster_lock(layout), "waiting for another run that works on this cluster"):
        settings = _settings(layout, wish)
        settings.slot = machine.join(layout.state)
        # Before anything starts, so that `down` knows the slot; the flags only once they have proved to work.
        save(layout, settings)
        settings.audit = settings.audit or wish.audit
        settings.arguments.update(wish.arguments)
        control_plane.start(layout, settings, programs)
        if wish.tier == NODE:
            node.start(layout, settings, programs)
        save(layout, settings)
    say(f"{layout.name} is up ({settings.tier}); kubectl: {bin_dir() / 'kubectl'}; logs: {layout.logs}")


def down(layout: Layout, *, keep: bool) -> None:
    """End the cluster, if there is one."""
    with locked(cluster_lock(layout), "waiting for another run that works on this cluster"):
        existed = layout.state.exists()
        teardown(layout, keep=keep)
    say(f"{layout.name} is down" if existed else f"{layout.name} was not up")


def describe(layout: Layout) -> bool:
    """Print what runs; gives whether the tier's programs all do."""
    settings = load(layout)
    if not settings:
        print(f"{layout.name}: not up (its folder would be {layout.state})")
        return False
    print(f"{layout.name}: tier {settings.tier}, API server {control_plane.server(settings)}")
    names = [*control_plane.NAMES, *(node.NAMES if settings.tier == NODE else ())]
    complete = True
    for name in names:
        record = processes.recorded(layout, name)
        complete = complete and record is not None
        print(
            f"  {name:24} {f'running, pid {record.pid}' if record else 'NOT RUNNING':22} {layout.logs / f'{name}.log'}"
        )
    print(f"  KUBECONFIG={layout.kubeconfig}")
    return complete


def load_image(layout: Layout, archive: Path) -> None:
    """Load an image archive into the cluster's node."""
    settings = load(layout)
    if not settings or settings.slot is None or not processes.is_running(layout, "containerd"):
        raise ClusterError(f"{layout.name} has no running node: up --tier {NODE} --name {layout.name}")
    node.load_image(settings.slot, archive)
