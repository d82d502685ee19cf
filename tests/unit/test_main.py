"""The command `process-operator` is there in the virtual environment of `make venv`, and in one of pip."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([str(Path(sys.executable).with_name("process-operator"))], id="process-operator"),
        pytest.param([sys.executable, "-m", "process_operator"], id="python -m"),
    ],
)
def test_it_runs_from_any_folder(command: list[str], tmp_path: Path) -> None:
    subprocess.run([*command, "crds", "out"], cwd=tmp_path, check=True)
    committed = {path.name: path.read_text() for path in (REPOSITORY / "crds").iterdir()}
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == committed


def test_pip_is_told_what_the_command_calls() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["process-operator"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))
