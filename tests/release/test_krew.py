"""Manifest for krew: the real krew installs the plugin from it, and rejects an archive that is not the manifest's."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from release import krew

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PLATFORMS: Final = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")
URL: Final = "https://downloads.example.com/v0.1.0/"
SCRIPT: Final = '#!/bin/sh\necho "called as $0 with $@"\n'


@pytest.fixture(scope="module")
def program() -> Path:
    """The real krew, built if it is missing."""
    command = [sys.executable, str(REPOSITORY / "hack" / "cluster"), "program", "krew"]
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())


def archives(folder: Path, script: str = SCRIPT) -> list[Path]:
    """Archives as `executable.sh` makes them, with a small script in place of the plugin."""
    made = []
    for platform in PLATFORMS:
        archive = folder / f"{krew.PROGRAM}-{platform}.tar.gz"
        with tarfile.open(archive, "w:gz") as file:
            for name, text, mode in ((krew.PROGRAM, script, 0o755), ("LICENSE", "a license", 0o644)):
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(text), mode
                file.addfile(info, io.BytesIO(text.encode()))
        made.append(archive)
    return made


@dataclass(frozen=True)
class Home:
    """A folder in which krew installs plugins."""

    program: Path
    folder: Path

    def install(self, manifest: Path, archive: Path) -> subprocess.CompletedProcess[str]:
        command = [str(self.program), "install", f"--manifest={manifest}", f"--archive={archive}"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KREW_ROOT": str(self.folder / "krew")}
        environment |= {"KREW_OS": "linux", "KREW_ARCH": "amd64"}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def written(folder: Path, made: list[Path]) -> Path:
    manifest = folder / "process-operator.yaml"
    manifest.write_text(krew.manifest("0.1.0", URL, made), encoding="utf-8")
    return manifest


def test_krew_installs_the_plugin(program: Path, tmp_path: Path) -> None:
    made = archives(tmp_path)
    home = Home(program, tmp_path)
    installed = home.install(written(tmp_path, made), made[0])
    assert installed.returncode == 0, installed.stderr
    assert 'PEX_SCRIPT=kubectl_complete-process_operator exec kubectl-process_operator "$@"' in installed.stderr
    command = tmp_path / "krew" / "bin" / krew.PROGRAM
    ran = subprocess.run([str(command), "status"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"called as {command} with status\n"
    assert (command.resolve().parent / "LICENSE").read_text() == "a license"


def test_krew_rejects_another_archive(program: Path, tmp_path: Path) -> None:
    manifest = written(tmp_path, archives(tmp_path))
    changed = archives(tmp_path, script=SCRIPT + "# changed\n")
    rejected = Home(program, tmp_path).install(manifest, changed[0])
    assert rejected.returncode != 0
    assert "checksum does not match" in rejected.stderr
    assert not (tmp_path / "krew" / "bin" / krew.PROGRAM).exists()


def test_platforms_and_texts(tmp_path: Path) -> None:
    found: dict[str, Any] = yaml.safe_load(
        krew.manifest("0.1.0", URL, archives(tmp_path), homepage="https://example.com")
    )
    spec = found["spec"]
    assert (found["metadata"]["name"], spec["version"], spec["homepage"]) == (
        "process-operator",
        "v0.1.0",
        "https://example.com",
    )
    platforms = [tuple(platform["selector"]["matchLabels"].values()) for platform in spec["platforms"]]
    assert sorted("-".join(platform) for platform in platforms) == sorted(PLATFORMS)
    assert {platform["uri"].rpartition("/")[0] for platform in spec["platforms"]} == {URL.rstrip("/")}
    # krew's naming guide: at most 50 characters, no full stop.
    assert len(spec["shortDescription"]) <= 50
    assert not spec["shortDescription"].endswith(".")


def test_archive_of_no_platform(tmp_path: Path) -> None:
    other = tmp_path / "kubectl-process_operator-plan9-mips.tar.gz"
    other.write_bytes(b"")
    with pytest.raises(ValueError, match="has the name of no platform"):
        krew.manifest("0.1.0", URL, [other])
