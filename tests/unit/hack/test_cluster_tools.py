"""Programs of a cluster: their location in `hack/cluster`, and the links to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster import layout, tools

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = tools.CONTROL_PLANE_TOOLS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, in which the programs of the control plane are built already."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    for module in tools.MODULES:
        for name in {*PROGRAMS} & {*module.programs}:
            put_program(module.built / name)
    return tmp_path


def put_program(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)


def test_programs_of_ones_own_leave_the_links_of_others_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tools.resolve(PROGRAMS)
    shared = layout.bin_dir()
    assets = folder / "assets"
    for name in ("etcd", "kube-apiserver", "kubectl"):
        put_program(assets / name)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))

    found = tools.resolve(PROGRAMS)
    assert found == {**built, **{name: assets / name for name in ("etcd", "kube-apiserver", "kubectl")}}
    assert {name: (shared / name).readlink() for name in PROGRAMS} == built
    assert {name: (layout.bin_dir() / name).readlink() for name in PROGRAMS} == found

    monkeypatch.delenv("KUBEBUILDER_ASSETS")
    assert layout.bin_dir() == shared
    assert tools.resolve(PROGRAMS) == built


def test_each_folder_of_programs_has_links_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {layout.bin_dir()}
    for name in ("1.32", "1.33"):
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(folder / name))
        seen.add(layout.bin_dir())
        monkeypatch.setenv("KUBEBUILDER_ASSETS", f"{folder}/{name}/")
        seen.add(layout.bin_dir())
    assert len(seen) == 3
