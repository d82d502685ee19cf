"""Commands: up, down, status, build, kubectl, load, path, program, source, packages. Their work is in `lifecycle`.

`up` prints one line on stdout, `export KUBECONFIG=...`; all other output goes to stderr.
"""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from . import control_plane, existing, lifecycle, node, packages
from .console import ClusterError, say
from .layout import Layout, bin_dir, layout
from .settings import NODE, TIERS
from .tools import CONTROL_PLANE_TOOLS, KUBERNETES, OTHER_PROGRAMS, resolve, source_of


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster", description="A real Kubernetes cluster on this machine, for tests."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument("--name", default="dev", help="one of several clusters side by side (default: dev)")
    which.add_argument("--dir", metavar="DIR", help="the cluster's state folder (default: in the cache folder)")
    tier = argparse.ArgumentParser(add_help=False)
    tier.add_argument("--tier", choices=TIERS, default=NODE, help="default: node")
    tier.add_argument(
        "--kubernetes", choices=("", *KUBERNETES), default="", help="a minor version; default: the newest"
    )

    up = commands.add_parser("up", parents=[which, tier], help="build what is missing and start it")
    up.add_argument("--audit", action="store_true", help="the API server writes an audit log (metadata)")
    up.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="COMPONENT=FLAG",
        help="for example etcd=--log-level=info; repeatable",
    )
    down = commands.add_parser("down", parents=[which], help="end it and remove everything it left")
    down.add_argument("--keep", action="store_true", help="keep the state folder with the logs")
    commands.add_parser("status", parents=[which], help="what runs, and where the logs are")
    commands.add_parser("build", parents=[tier], help="only build the programs")
    kubectl = commands.add_parser("kubectl", parents=[which], help="kubectl for this cluster: kubectl -- get pods")
    kubectl.add_argument("arguments", nargs="*")
    image = commands.add_parser("load", parents=[which], help="load an image archive (OCI or Docker) into the node")
    image.add_argument("archive", type=Path)
    commands.add_parser("path", help="the folder with links to the built programs, kubectl among them")
    program = commands.add_parser("program", help="build one program if it is missing, and print its path")
    program.add_argument("name", choices=(*CONTROL_PLANE_TOOLS, *OTHER_PROGRAMS))
    source = commands.add_parser("source", help="print the folder with the source of such a program, for its manifests")
    source.add_argument("name", choices=OTHER_PROGRAMS)
    debian = commands.add_parser("packages", help="install packages of Debian, as root; elsewhere name them")
    debian.add_argument("names", nargs="+", metavar="NAME")
    return parser


def _arguments(texts: list[str]) -> dict[str, list[str]]:
    """COMPONENT=FLAG, grouped by component."""
    known = (*control_plane.NAMES, *node.NAMES)
    grouped: dict[str, list[str]] = {}
    for text in texts:
        component, _, flag = text.partition("=")
        if component not in known or not flag.startswith("-"):
            raise ClusterError(f"--arg {text}: expected COMPONENT=--flag=value with one of {', '.join(known)}")
        grouped.setdefault(component, []).append(flag)
    return grouped


def _up(options: argparse.Namespace) -> int:
    if existing.is_asked_for():
        kubeconfig = existing.check()
    else:
        where = _where(options)
        lifecycle.up(where, lifecycle.Wish(options.tier, options.audit, options.kubernetes, _arguments(options.arg)))
        kubeconfig = str(where.kubeconfig)
    print(f"export KUBECONFIG={shlex.quote(kubeconfig)}")
    return 0


def _down(options: argparse.Namespace) -> int:
    if existing.is_asked_for():
        say("the existing cluster is left alone")
    else:
        lifecycle.down(_where(options), keep=options.keep)
    return 0


def _status(options: argparse.Namespace) -> int:
    if existing.is_asked_for():
        print(f"existing cluster, KUBECONFIG={existing.check()}")
        return 0
    return 0 if lifecycle.describe(_where(options)) else 1


def _build(options: argparse.Namespace) -> int:
    lifecycle.prepare(options.tier, options.kubernetes)
    return 0


def _kubectl(options: argparse.Namespace) -> int:
    kubeconfig = existing.check() if existing.is_asked_for() else str(_where(options).kubeconfig)
    os.execv(existing.kubectl(), ["kubectl", "--kubeconfig", kubeconfig, *options.arguments])  # noqa: S606 - no shell is meant


def _load(options: argparse.Namespace) -> int:
    lifecycle.load_image(_where(options), options.archive)
    return 0


def _path(_: argparse.Namespace) -> int:
    print(bin_dir())
    return 0


def _program(options: argparse.Namespace) -> int:
    print(resolve([options.name])[options.name])
    return 0


def _source(options: argparse.Namespace) -> int:
    print(source_of(options.name))
    return 0


def _packages(options: argparse.Namespace) -> int:
    packages.install(options.names)
    return 0


def _where(options: argparse.Namespace) -> Layout:
    return layout(options.name, options.dir)


_COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "build": _build,
    "kubectl": _kubectl,
    "load": _load,
    "path": _path,
    "program": _program,
    "source": _source,
    "packages": _packages,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 is success."""
    options = _parser().parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"cluster: {shlex.join(map(str, error.cmd))} failed with {error.returncode}", file=sys.stderr)
    except KeyboardInterrupt:
        print("cluster: interrupted; `down` ends what was started", file=sys.stderr)
    return 1
