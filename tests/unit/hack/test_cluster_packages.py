"""Packages of Debian: `hack/cluster/packages.py`, with an apt-get that only writes down how it was started."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from cluster import cli, layout, packages
from cluster.console import ClusterError

REPOSITORY: Final = Path(__file__).resolve().parents[3]
OPTIONS: Final = "-q -y -o DPkg::Lock::Timeout=600"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The arguments with which apt-get was started until now. It fails on packages that the lists do not have."""
    calls = tmp_path / "calls"
    lists = tmp_path / "lists"
    calls.touch()
    lists.write_text("buildah")
    command = tmp_path / "apt-get"
    command.write_text(f"""#!/bin/sh
echo "$*" >>{calls}
[ "$5" = update ] && echo chromium >>{lists}
[ "$5" != install ] || grep -q "$7" {lists}
""")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return lambda: calls.read_text().splitlines()


def test_an_install_waits_for_the_one_that_runs(
    started: Callable[[], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    lock = layout.cache() / "locks" / "apt-get"
    with ThreadPoolExecutor(1) as pool:
        with layout.locked(lock):
            second = pool.submit(packages.install, ["buildah"])
            said = ""
            while "waiting for another run that installs packages" not in said:
                assert not second.done()
                time.sleep(0.01)
                said += capfd.readouterr().err
            assert started() == []
        second.result()
    assert started() == [f"{OPTIONS} install --no-install-recommends buildah"]


def test_old_package_lists_are_refreshed(started: Callable[[], list[str]]) -> None:
    assert cli.main(["packages", "chromium"]) == 0
    install = f"{OPTIONS} install --no-install-recommends chromium"
    assert started() == [install, f"{OPTIONS} update", install]


def test_a_package_that_nobody_has_is_named(
    started: Callable[[], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["packages", "no-such-package"]) == 1
    assert "apt-get could not install: no-such-package" in capfd.readouterr().err
    assert len(started()) == 3


def test_a_user_who_is_not_root_reads_what_to_install(
    started: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match=r"please install .*: chromium$"):
        packages.install(["chromium"])
    assert started() == []


def test_nothing_else_in_the_repository_starts_apt_get() -> None:
    scripts = [
        path
        for folder in ("hack", "tests", ".ci")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in (".sh", ".py", "") and path.is_file() and "node_modules" not in path.parts
    ]
    found = {path.name for path in scripts if re.search(r"apt-get\b.* (install|update|download)", path.read_text())}
    found |= {path.name for path in scripts if '"apt-get", "-q"' in path.read_text()}
    assert found == {"packages.py", Path(__file__).name}
