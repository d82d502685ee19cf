"""Name of the built image, and its way into the storage from which the user pushes it. buildah is the real one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[3]
SCRIPTS: Final = REPOSITORY / "hack" / "image"
IMAGE: Final = "registry.example.com/process-operator:1.2.3"

needs_buildah = pytest.mark.skipif(shutil.which("buildah") is None, reason="buildah is not installed")


def named(**settings: str) -> tuple[str, Path]:
    """The name of the image and its archive, as build.sh has them."""
    script = '. hack/image/name.sh; printf "%s\\n" "$image" "$archive"'
    unset = {name: value for name, value in os.environ.items() if name not in ("IMAGE", "VERSION", "BASE_IMAGE")}
    environment = {**unset, "cache": "/cache", **settings}
    found = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    image, archive = found.stdout.splitlines()
    return image, Path(archive)


def test_the_name_of_a_release_is_as_the_user_gives_it() -> None:
    image, archive = named(IMAGE="registry.example.com/process-operator", VERSION="1.2.3")
    assert image == IMAGE
    assert re.fullmatch(r"registry\.example\.com_process-operator_1\.2\.3-[0-9a-f]{12}\.tar", archive.name)


def test_without_a_name_the_tag_has_a_digest_of_what_is_in_the_image() -> None:
    image, archive = named(VERSION="1.2.3")
    tag = re.fullmatch(r"localhost/process-operator:1\.2\.3-([0-9a-f]{12})", image)
    assert tag is not None
    assert archive == Path(f"/cache/localhost_process-operator_1.2.3-{tag[1]}.tar")
    assert named(VERSION="1.2.3") == (image, archive)
    assert named(VERSION="1.2.3", BASE_IMAGE="debian:trixie")[0] != image


# ---- hand-over


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A docker-archive of an image with one empty layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w"):
        pass
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    manifest = [{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]
    path = tmp_path / "image.tar"
    with tarfile.open(path, mode="w") as tar:
        for name, content in (
            ("layer.tar", layer.getvalue()),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No engine of docker answers, and buildah has a storage of its own."""
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    unset = {name: value for name, value in os.environ.items() if name not in ("DEV_CLUSTER", "STORAGE_DRIVER")}
    return {**unset, "DOCKER_HOST": f"unix://{tmp_path}/none", "CONTAINERS_STORAGE_CONF": str(storage)}


def handed_over(archive: Path, environment: dict[str, str]) -> list[str]:
    """Output of hand_over.sh about an archive."""
    command = [str(SCRIPTS / "hand_over.sh"), IMAGE, str(archive)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def advice(archive: Path) -> list[str]:
    """Lines that are printed in any case."""
    return [
        "image: for the chart: --set image.repository=registry.example.com/process-operator --set image.tag=1.2.3",
        f"image: into the local cluster: python3 hack/cluster load --name dev {archive}",
    ]


@needs_buildah
def test_the_printed_name_can_be_pushed_from_the_storage_of_the_user(
    archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    if subprocess.run(["buildah", "images"], env=environment, capture_output=True, check=False).returncode:
        pytest.skip("buildah cannot use a storage here, because it is neither root nor has subordinate UIDs")
    push = f"buildah push {IMAGE}"
    assert handed_over(archive, environment) == [f"image: push it where your nodes pull: {push}", *advice(archive)]
    pushed = tmp_path / "pushed"
    subprocess.run([*push.split(), f"dir:{pushed}"], env=environment, capture_output=True, check=True)
    assert len(json.loads((pushed / "manifest.json").read_text())["layers"]) == 1


@needs_buildah
def test_an_image_that_no_storage_accepts_is_pushed_from_its_archive(
    archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "storage.conf").write_text('[storage]\ndriver = "none"\n')
    why, push, *rest = handed_over(archive, environment)
    assert why.startswith("image: it is in no storage of buildah: ")
    assert push == f"image: push it where your nodes pull: skopeo copy docker-archive:{archive} docker://{IMAGE}"
    assert rest == advice(archive)


def test_without_docker_and_buildah_only_the_chart_and_the_cluster_are_named(
    archive: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("bash", "env"):
        (programs / name).symlink_to(shutil.which(name) or name)
    assert handed_over(archive, {**environment, "PATH": str(programs)}) == advice(archive)
