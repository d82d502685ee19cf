"""Tools: builds the cluster's programs from the pinned Go modules in `tools/`, once, into the cache.

A hash of a module's go.mod, go.sum, sources and flags names its folder in the cache. Every checkout with the same pins
therefore shares it, and a changed pin gets a new one. The Go itself comes from `go_toolchain`.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .console import ClusterError, say
from .go_toolchain import find_go
from .layout import SOURCE, assets, bin_dir, cache, locked


@dataclass(frozen=True)
class Module:
    """One pinned Go module: which programs it gives (name to package), and how they are built."""

    name: str
    programs: dict[str, str]
    ldflags: str = ""
    tags: str = ""

    @property
    def folder(self) -> Path:
        """The folder of go.mod."""
        return SOURCE / "tools" / self.name

    @property
    def built(self) -> Path:
        """The folder of the built programs."""
        digest = hashlib.sha256(f"{self.ldflags}|{self.tags}|{sorted(self.programs.items())}".encode())
        for file in sorted([*self.folder.glob("go.*"), *self.folder.glob("*.go")]):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return cache() / "tools" / f"{self.name}-{digest.hexdigest()[:16]}" / "bin"


def _pinned(module: str, package: str) -> str:
    """The version of a package in one of our go.mod files, the only place that says it."""
    content = (SOURCE / "tools" / module / "go.mod").read_text()
    found = re.search(rf"^(?:require)?\s+{re.escape(package)} (v\S+)", content, re.MULTILINE)
    if not found:
        raise ClusterError(f"tools/{module}/go.mod does not require {package}")
    return found.group(1)


def _kubernetes(folder: str) -> Module:
    version = _pinned(folder, "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".", 2)
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    ldflags = " ".join(f"-X k8s.io/component-base/version.{key}={value}" for key, value in values.items())
    return Module(folder, {name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBERNETES}, ldflags)


def _minor(folder: str) -> str:
    """The minor version that a module of Kubernetes pins, such as 1.36."""
    return ".".join(_pinned(folder, "k8s.io/kubernetes").removeprefix("v").split(".")[:2])


_CONTAINERD = "github.com/containerd/containerd/v2"
_KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet")
_NEWEST = _kubernetes("kubernetes")
_OLDEST = _kubernetes("kubernetes-1.32")
KUBERNETES = {_minor(module.name): module for module in (_NEWEST, _OLDEST)}
"""Modules of Kubernetes by their minor version: the newest, which is the default, and the oldest that is supported."""
MODULES = (
    _NEWEST,
    _OLDEST,
    Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
    Module(
        "containerd",
        {name: f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
        f"-X {_CONTAINERD}/version.Version={_pinned('containerd', _CONTAINERD)}",
        # Without these snapshotters it needs no C libraries.
        "no_btrfs,no_devmapper,no_zfs",
    ),
    Module("pause", {"pause": "."}),
    Module("actionlint", {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}),
    Module("helm", {"helm": "helm.sh/helm/v4/cmd/helm"}),
    Module("helm-docs", {"helm-docs": "github.com/norwoodj/helm-docs/cmd/helm-docs"}),
    Module("kind", {"kind": "sigs.k8s.io/kind"}),
    Module("krew", {"krew": "sigs.k8s.io/krew/cmd/krew"}),
    Module("kube-score", {"kube-score": "github.com/zegl/kube-score/cmd/kube-score"}),
    Module("kwok", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}),
    Module("kueue", {"kueue": "sigs.k8s.io/kueue/cmd/kueue"}),
    Module("oauth2-proxy", {"oauth2-proxy": "github.com/oauth2-proxy/oauth2-proxy/v7"}),
)
CONTROL_PLANE_TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
OTHER_PROGRAMS = ("actionlint", "helm", "helm-docs", "kind", "krew", "kube-score", "kwok", "kueue", "oauth2-proxy")
"""Built when a command names them: no cluster needs them to run."""
NODE_TOOLS = ("kube-scheduler", "kubelet", "containerd", "containerd-shim-runc-v2", "ctr", "pause")


class _Progress:
    """Shows the progress of a build: `go build -v` names each package on stderr as it is compiled."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.packages = 0
        self.last_lines: deque[str] = deque(maxlen=30)
        self.start = time.monotonic()
        self._done = threading.Event()

    def read(self, lines: Iterable[str]) -> None:
        """Count the lines until the build ends, saying every few seconds how far it is."""
        threading.Thread(target=self._report, daemon=True).start()
        for line in lines:
            self.last_lines.append(line.rstrip())
            self.packages += 1
        self._done.set()

    def _report(self) -> None:
        while not self._done.wait(10):
            say(f"building {self.what}: {self.packages} packages compiled, {self.seconds():.0f} s")

    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self.start


def _build(module: Module, names: list[str]) -> None:
    progress = _Progress(", ".join(names))
    say(f"building {progress.what} (module {module.name}, once for this machine)")
    module.built.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the rename below is atomic: an interrupted build leaves no half program.
    draft = Path(tempfile.mkdtemp(prefix="build-", dir=module.built.parent))
    try:
        _go_build(module, names, draft, progress)
        for name in names:
            (draft / name).replace(module.built / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    say(f"built {progress.what} in {progress.seconds():.0f} s")


def _go_build(module: Module, names: list[str], draft: Path, progress: _Progress) -> None:
    """One call for several programs, which is faster than one each."""
    flags = ["-v", "-mod=readonly", "-buildvcs=false", "-trimpath", "-ldflags", f"-s -w {module.ldflags}".strip()]
    flags += ["-tags", module.tags] if module.tags else []
    # GOWORK=off: a go.work of the user's above the checkout must not change the pins.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    # Go names a program after its package's folder, which is not always its name; a single one we can name ourselves.
    output = str(draft / names[0]) if len(names) == 1 else f"{draft}/"
    command = [str(find_go()), "build", *flags, "-o", output, *(module.programs[name] for name in names)]
    with subprocess.Popen(command, cwd=module.folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        progress.read(process.stderr or ())
    if process.returncode:
        raise ClusterError(f"building {progress.what} failed:\n  " + "\n  ".join(progress.last_lines))


def _from_assets(name: str) -> Path | None:
    """The control plane's programs may come from where envtest users have them."""
    given = assets()
    candidate = given / name if given and name in CONTROL_PLANE_TOOLS else None
    return candidate if candidate and os.access(candidate, os.X_OK) else None


def _ensure(module: Module, names: list[str]) -> None:
    with locked(module.built.parent / "lock", f"waiting for another run that builds {module.name}"):
        missing = [name for name in names if not (module.built / name).exists()]
        if missing:
            for left in module.built.parent.glob("build-*"):
                # A killed build left it; the lock is held here, so no other build uses it.
                shutil.rmtree(left, ignore_errors=True)
            _build(module, missing)


def _link(name: str, target: Path) -> None:
    link = bin_dir() / name
    if link.is_symlink() and link.readlink() == target:
        return
    bin_dir().mkdir(parents=True, exist_ok=True)
    draft = link.with_name(f".{name}.{os.getpid()}")
    draft.symlink_to(target)
    draft.replace(link)


def source_of(name: str) -> Path:
    """The folder of the module that a program is built from, in Go's module cache; it is downloaded if it is
    missing."""
    module = next(module for module in MODULES if name in module.programs)
    command = [str(find_go()), "list", "-mod=readonly", "-f", "{{.Module.Dir}}", module.programs[name]]
    environment = {**os.environ, "GOWORK": "off", "GOTOOLCHAIN": "local"}
    answer = subprocess.run(command, cwd=module.folder, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ClusterError(f"the source of {name} was not found: {answer.stderr.strip()}")
    return Path(answer.stdout.strip())


def resolve(names: Iterable[str], kubernetes: str = "") -> dict[str, Path]:
    """The paths of the named programs; what is missing is built first.

    `kubernetes` is one of KUBERNETES, and the newest by default. The shared links stay those of the newest.
    """
    wanted = list(names)
    found = {name: path for name in wanted if (path := _from_assets(name))} if not kubernetes else {}
    chosen = KUBERNETES[kubernetes] if kubernetes else _NEWEST
    for module in MODULES:
        if module in KUBERNETES.values() and module is not chosen:
            continue
        ours = [name for name in wanted if name in module.programs and name not in found]
        if any(not (module.built / name).exists() for name in ours):
            _ensure(module, ours)
        found.update({name: module.built / name for name in ours})
    for name, path in found.items():
        if chosen is _NEWEST or name not in chosen.programs:
            _link(name, path)
    return found
