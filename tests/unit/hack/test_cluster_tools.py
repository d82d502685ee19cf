"""Programs of a cluster: their location in `hack/cluster`, and the links to them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from cluster import layout, tools

REPOSITORY: Final = Path(__file__).resolve().parents[3]
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


@pytest.mark.usefixtures("folder")
def test_another_version_of_kubernetes_has_programs_of_its_own_and_leaves_the_links() -> None:
    newest = tools.resolve(PROGRAMS)
    oldest = tools.resolve(PROGRAMS, "1.32")
    assert {name for name in PROGRAMS if oldest[name] != newest[name]} == {*PROGRAMS} - {"etcd"}
    assert all("kubernetes-1.32-" in str(oldest[name]) for name in PROGRAMS if name != "etcd")
    assert {name: (layout.bin_dir() / name).readlink() for name in PROGRAMS} == newest
    assert tools.resolve(PROGRAMS, next(iter(tools.KUBERNETES))) == newest


def test_a_version_that_is_asked_for_does_not_come_from_programs_of_ones_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = folder / "assets" / "kube-apiserver"
    put_program(mine)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(mine.parent))
    assert tools.resolve(PROGRAMS)["kube-apiserver"] == mine
    assert "kubernetes-1.32-" in str(tools.resolve(PROGRAMS, "1.32")["kube-apiserver"])


def test_the_oldest_version_of_the_clusters_is_the_one_that_the_chart_asks_for() -> None:
    chart = (REPOSITORY / "charts" / "process-operator" / "Chart.yaml").read_text()
    oldest = min(tools.KUBERNETES, key=lambda version: int(version.partition(".")[2]))
    assert f'kubeVersion: ">={oldest}.0-0"' in chart
