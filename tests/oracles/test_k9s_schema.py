"""Schemas and keys of k9s itself: config/k9s passes its schemas, and no plugin has a key of its tables.

The schemas and the keys come from the source of k9s, by its Go module. Helm judges by the schemas, as it does for the
values of a chart. Neighbour: `tests/unit/docs/test_k9s.py` checks the commands and the columns.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml
from tests.chart.helm import REPOSITORY, helm

from cluster.go_toolchain import find_go

MODULE: Final = "github.com/derailed/k9s@v0.50.16"
SUM: Final = "h1:djzWog8EYth+S6oLE1YjsC4BqMfo2on+mAv1FU/YoZA="
FOLDER: Final = REPOSITORY / "config" / "k9s"
TABLES: Final = ("browser.go", "table.go", "owner_extender.go", "app.go")
"""Sources of the keys that each table of a custom kind has."""


@pytest.fixture(scope="module")
def k9s(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of k9s, in Go's module cache."""
    command = (str(find_go()), "mod", "download", "-json", MODULE)
    folder = tmp_path_factory.mktemp("k9s")
    answer = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(answer.stdout)
    assert found["Sum"] == SUM
    return Path(found["Dir"])


def judged(k9s: Path, folder: Path, name: str, text: str) -> str:
    """Complaints of Helm about a file, by the schema of that name. Empty if there are none."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: k9s\nversion: 0.0.0\n")
    shutil.copyfile(k9s / "internal" / "config" / "json" / "schemas" / f"{name}.json", folder / "values.schema.json")
    (folder / "values.yaml").write_text(text)
    answer = helm("template", "k9s", str(folder))
    return "" if answer.returncode == 0 else answer.stderr


@pytest.mark.parametrize("name", ["plugins", "views"])
def test_it_passes_the_schema(k9s: Path, tmp_path: Path, name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    assert judged(k9s, tmp_path / "right", name, text) == ""
    assert "additional properties" in judged(k9s, tmp_path / "wrong", name, f"{text}\nothers: {{}}\n")


def test_no_key_of_a_table_is_replaced(k9s: Path) -> None:
    view = k9s / "internal" / "view"
    own = {f"Shift-{key}" for name in TABLES for key in re.findall(r"KeyShift([A-Z])\b", (view / name).read_text())}
    own |= {f"Shift-{key}" for key in re.findall(r"KeyShift([A-Z])\b", (k9s / "internal/ui/table.go").read_text())}
    assert own >= {"Shift-N", "Shift-A", "Shift-J", "Shift-P"}
    plugins = yaml.safe_load((FOLDER / "plugins.yaml").read_text())["plugins"]
    keys = {plugin["shortCut"] for plugin in plugins.values()}
    assert all(re.fullmatch("Shift-[A-Z]", key) for key in keys)
    assert keys & own == set()
