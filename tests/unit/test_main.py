"""The command `process-operator` is there in the virtual environment of `make venv`, and in one of pip."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPTS: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]


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


@pytest.mark.parametrize("script", SCRIPTS)
def test_pip_is_told_what_a_script_calls(script: str) -> None:
    module, _, name = SCRIPTS[script].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("script", [name for name in SCRIPTS if "complete" not in name])
def test_a_script_of_the_virtual_environment_names_itself(script: str) -> None:
    command = [str(Path(sys.executable).with_name(script)), "--help"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert f"Usage: {script.replace('kubectl-', 'kubectl ').replace('_', '-')}" in answer


@pytest.mark.parametrize("script", [name for name in SCRIPTS if "complete" in name])
def test_a_completion_of_the_virtual_environment_ends_with_its_directive(script: str) -> None:
    command = [str(Path(sys.executable).with_name(script)), "ru"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert answer.splitlines()[-1] == ":4"
    assert "runs" in answer
