"""Container images: built here and loaded into containerd; no registry is used.

`localhost/pause:1` holds a pod's namespaces; `localhost/busybox:1` is for test jobs: `command: [sh, -c, "echo hi"]`.
An image is an OCI archive: a tar with one layer, its config, a manifest and an index.
"""

import gzip
import hashlib
import io
import json
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

from .console import ClusterError, say
from .packages import BUSYBOX

PAUSE = "localhost/pause:1"
BUSYBOX_IMAGE = "localhost/busybox:1"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class _Tar:
    """A tar in memory. Times are zero, so that the same files give the same image on every machine."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._buffer, mode="w", format=tarfile.GNU_FORMAT)

    def folder(self, path: str, mode: int = 0o755) -> None:
        self._add(path, mode, tarfile.DIRTYPE)

    def link(self, path: str, target: str) -> None:
        entry = tarfile.TarInfo(path)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self._add(path, mode, tarfile.REGTYPE, content)

    def _add(self, path: str, mode: int, kind: bytes, content: bytes = b"") -> None:
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.size = kind, mode, len(content)
        self._tar.addfile(entry, io.BytesIO(content))

    def finish(self) -> bytes:
        self._tar.close()
        return self._buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _archive(name: str, layer: bytes, settings: dict[str, object]) -> bytes:
    """The OCI archive of an image with one layer."""
    packed = gzip.compress(layer, mtime=0)
    system = {"os": "linux", "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine())}
    config = json.dumps(
        {**system, "config": settings, "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}, sort_keys=True
    ).encode()

    def reference(kind: str, content: bytes) -> dict[str, object]:
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": _digest(content), "size": len(content)}

    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": reference("config.v1+json", config),
            "layers": [reference("layer.v1.tar+gzip", packed)],
        }
    ).encode()
    annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
    entry = {**reference("manifest.v1+json", manifest), "platform": system, "annotations": annotations}
    archive = _Tar()
    archive.file("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    archive.file("index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
    for blob in (config, packed, manifest):
        archive.file(f"blobs/sha256/{_digest(blob).partition(':')[2]}", blob)
    return archive.finish()


def _pause(program: Path) -> bytes:
    layer = _Tar()
    layer.file("pause", program.read_bytes(), 0o755)
    return _archive(PAUSE, layer.finish(), {"Entrypoint": ["/pause"], "User": "65535:65535"})


def _busybox() -> bytes:
    layer = _Tar()
    for folder in ("bin", "etc", "root", "proc", "sys", "dev", "home", "var"):
        layer.folder(folder)
    layer.folder("tmp", 0o1777)
    layer.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/sh\n")
    layer.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    layer.file("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    listed = subprocess.run([str(BUSYBOX), "--list"], capture_output=True, text=True, check=True).stdout.split()
    for applet in sorted(set(listed) - {"busybox"}):
        layer.link(f"bin/{applet}", "busybox")
    environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    return _archive(BUSYBOX_IMAGE, layer.finish(), {"Cmd": ["sh"], "Env": environment})


def _ctr(ctr: Path, socket: Path, *arguments: str) -> str:
    # The kubelet sees the images of this namespace only.
    command = [str(ctr), "--address", str(socket), "--namespace", "k8s.io", "images", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ClusterError(f"ctr images {' '.join(arguments)} failed: {answer.stderr.strip()}")
    return answer.stdout


def answers(ctr: Path, socket: Path) -> bool:
    """Whether containerd can be asked for its images."""
    try:
        _ctr(ctr, socket, "list", "--quiet")
    except ClusterError:
        return False
    return True


def load(ctr: Path, socket: Path, archive: Path) -> None:
    """Load an OCI or Docker archive into the node."""
    if not archive.exists():
        raise ClusterError(f"no such image archive: {archive}")
    print(_ctr(ctr, socket, "import", str(archive.resolve())), end="", file=sys.stderr)


def load_local(ctr: Path, socket: Path, pause: Path, folder: Path) -> None:
    """Make and load the two local images, unless they are there."""
    present = _ctr(ctr, socket, "list", "--quiet").split()
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PAUSE, BUSYBOX_IMAGE):
        if name not in present:
            say(f"loading the image {name}")
            file = folder / f"{name.replace('/', '_').replace(':', '_')}.tar"
            file.write_bytes(_pause(pause) if name == PAUSE else _busybox())
            _ctr(ctr, socket, "import", str(file))
