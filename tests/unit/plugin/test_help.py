"""Help: every command has an example that parses, usage errors take one line, and nothing heavy is imported."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main

from process_operator.plugin import app as command_line

HEAVY = ("kubernetes", "kopf", "aiohttp", "process_operator.resources", "process_operator.cluster")
GROUP: Any = typer.main.get_command(command_line.app)


def leaves(group: Any, *path: str) -> list[tuple[str, ...]]:
    """Paths of all commands below a group."""
    found: list[tuple[str, ...]] = []
    for name, command in sorted(group.commands.items()):
        found += leaves(command, *path, name) if hasattr(command, "commands") else [(*path, name)]
    return found


def printed_help(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.argv", ["/usr/local/bin/kubectl-process", *arguments, "--help"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("path", leaves(GROUP), ids=" ".join)
def test_every_command_has_an_example_that_parses(
    path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = GROUP
    for name in path:
        command = command.commands[name]
    help_text = " ".join((command.help or "").split())
    (example,) = re.findall(r"Example: (kubectl process .*)", help_text)
    words = shlex.split(example)
    size = 2 + len(path)
    assert words[:size] == ["kubectl", "process", *path]
    command.make_context(path[-1], words[size:])  # raises if it cannot be read
    shown = printed_help(*path, monkeypatch=monkeypatch, capsys=capsys)
    assert f"Usage: kubectl process {' '.join(path)}" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(
    ("program", "shown"),
    [
        pytest.param("kubectl-process", "kubectl process", id="kubectl process"),
        pytest.param("kubectl-process_operator", "kubectl process-operator", id="kubectl process-operator"),
    ],
)
def test_usage_has_the_name_of_the_call(
    program: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [f"/usr/bin/{program}"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 0
    assert f"Usage: {shown} [OPTIONS]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nosuch"], "No such command 'nosuch'", id="unknown command"),
        pytest.param(["runs", "--nosuch"], "No such option: --nosuch", id="unknown option"),
        pytest.param(["wait"], "Missing argument", id="missing argument"),
        pytest.param(["runs", "-o", "xml"], "xml", id="unknown form"),
        pytest.param(["run"], "name a request, or a Process", id="neither request nor Process"),
        pytest.param(["run", "a", "-p", "X"], "write NAME=VALUE", id="a parameter without a value"),
        pytest.param(["run", "-p", "X=1"], "name a request, or a Process", id="parameters of nothing"),
        pytest.param(["unschedule"], "name at least one request", id="neither names nor selector"),
        pytest.param(["runs", "--phase", "bad"], "allowed: Pending, Running", id="unknown phase"),
        pytest.param(["next", "--show-zone", "mars"], "allowed: schedule, local, utc", id="unknown zone"),
        pytest.param(["runs", "-w", "-o", "json"], "--watch works with", id="watch as JSON"),
        pytest.param(["runs", "--request-timeout", "x"], "--request-timeout", id="bad timeout"),
    ],
)
def test_usage_errors_take_one_line_and_end_with_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["kubectl-process", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert message in line


def imported(*arguments: str) -> set[str]:
    """Modules in the process after a command."""
    code = (
        "import sys; sys.argv = ['kubectl-process', *sys.argv[1:]]\n"
        "from process_operator.plugin.app import main\n"
        "try:\n    main()\n"
        "except SystemExit as ended:\n    assert not ended.code, ended.code\n"
        "print('MODULES', *sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(answer.stdout.rpartition("MODULES ")[2].split())


def test_help_imports_nothing_heavy() -> None:
    found = imported("--help")
    assert not found & {*HEAVY, "pydantic", "rich", "asyncio", "yaml"}
    # typer reads the options of a command by pydantic; none of our models are imported.
    assert not imported("runs", "--help") & {*HEAVY, "rich", "asyncio", "yaml"}


def test_console_scripts_exist() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    scripts = {name: target for name, target in project["scripts"].items() if name != "process-operator"}
    assert {name.removeprefix("kubectl-").removeprefix("kubectl_complete-") for name in scripts} == {
        "process",
        "process_operator",
    }
    for target in scripts.values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
