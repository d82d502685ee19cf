"""Completion: candidates with descriptions, cobra's directive, one read of the cluster in half a minute, and silence."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from process_operator.plugin import completion, completion_names
from process_operator.plugin.connection import Connecting

READ = completion_names._read
FOUND = {
    "requests": [("close-day", "daily at 02:30 Europe/Madrid"), ("copy", "")],
    "runs": [("close-day-1", "Failed 2026-11-30T01:30:00Z")],
    "processes": [("close", "Closes the day")],
    "namespaces": [("erp", ""), ("default", "")],
    "cronjobs": [("nightly", "0 2 * * *")],
    "request-parameters/close-day": [("LEDGER=", "Which ledger"), ("MODE=fast", ""), ("MODE=full", "")],
    "process-parameters/close": [("YEAR=", "")],
}


def place(**options: Any) -> Connecting:
    return Connecting(timeout_seconds=completion_names.TIMEOUT_SECONDS, **options)


@pytest.fixture(autouse=True)
def reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, Connecting]]:
    """The reads of the cluster, which answers with FOUND."""
    seen: list[tuple[str, Connecting]] = []

    def read(kind: str, connecting: Connecting) -> completion_names.Names:
        seen.append((kind, connecting))
        return FOUND[kind]

    monkeypatch.setattr(completion_names, "_read", read)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("contexts: [{name: test, context: {}}, {name: live, context: {}}]\n")
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    return seen


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        pytest.param(["sta"], ["status\tShow how things are: of everything, or of one request."], id="a command"),
        pytest.param(
            ["import", "cro"],
            [
                "cronjob\tPrint CronJobs as ProcessRequests, with a comment for each difference.",
                "crontab\tPrint the lines of a crontab as ProcessRequests.",
            ],
            id="a command below",
        ),
        pytest.param(["runs", "--no"], ["--no-headers\tPrint no header line."], id="an option"),
        pytest.param(["runs", "--phase", "F"], ["Failed"], id="a word of an option"),
        pytest.param(["runs", "--phase=F"], ["--phase=Failed"], id="a word after ="),
        pytest.param(["run", "--dry-run", ""], ["none", "client", "server"], id="a dry run"),
        pytest.param(["status", "c"], ["close-day\tdaily at 02:30 Europe/Madrid", "copy"], id="requests"),
        pytest.param(["unschedule", "copy", "cl"], ["close-day\tdaily at 02:30 Europe/Madrid"], id="a second request"),
        pytest.param(["wait", ""], ["close-day-1\tFailed 2026-11-30T01:30:00Z"], id="runs"),
        pytest.param(["run", "--process", ""], ["close\tCloses the day"], id="processes"),
        pytest.param(["import", "cronjob", ""], ["nightly\t0 2 * * *"], id="CronJobs"),
        pytest.param(["run", "close-day", "-p", "MODE=fu"], ["MODE=full"], id="a value of an enum"),
        pytest.param(["run", "close-day", "--param=MODE=fu"], ["--param=MODE=full"], id="a value of an enum after ="),
        pytest.param(["run", "-p", ""], [], id="parameters of nothing"),
        pytest.param(["runs", "-n", "e"], ["erp"], id="namespaces"),
        pytest.param(["runs", "--context", ""], ["test", "live"], id="contexts"),
        pytest.param(["nosuch", ""], [], id="nothing after an unknown command"),
    ],
)
def test_candidates(words: list[str], candidates: list[str]) -> None:
    assert completion.complete(words) == (candidates, ":4")


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        pytest.param(["run", "close-day", "-p", "L"], ["LEDGER=\tWhich ledger"], id="of a request"),
        pytest.param(
            ["run", "-n", "erp", "close-day", "--param", "MODE=full", "-p", "L"],
            ["LEDGER=\tWhich ledger"],
            id="of a request, behind other options and their values",
        ),
        pytest.param(["run", "--process", "close", "-p", ""], ["YEAR="], id="of a process"),
        pytest.param(["create", "request", "new", "--process=close", "-p", "Y"], ["YEAR="], id="of a new request"),
    ],
)
def test_names_of_parameters_are_continued_without_a_space(words: list[str], candidates: list[str]) -> None:
    assert completion.complete(words) == (candidates, ":6")


class Objects:
    """A client that knows two Processes and a request."""

    async def request(self, name: str) -> Any:
        own = {"jobTemplate": {}, "parameters": [{"name": "PATH_OF_FILE", "value": "secret"}]}
        return {"spec": {"process": {"name": "all"}} if name == "nightly" else own}

    async def processes(self) -> list[Any]:
        steps = [{"name": "load", "process": {"name": "load"}}, {"name": "gone", "process": {"name": "gone"}}]
        mode = {"name": "MODE", "enum": ["fast", "not so fast", "$(rm)", "\u202etsaf"], "description": "How"}
        return [
            {"metadata": {"name": "all"}, "spec": {"steps": steps, "parameters": [{"name": "YEAR", "enum": ["a b"]}]}},
            {"metadata": {"name": "load"}, "spec": {"parameters": [mode]}},
        ]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param("process-parameters/all", [("MODE=fast", "How"), ("YEAR=", "")], id="of a Process and its steps"),
        pytest.param("request-parameters/nightly", [("MODE=fast", "How"), ("YEAR=", "")], id="of a request"),
        pytest.param("request-parameters/own", [("PATH_OF_FILE=", "")], id="of a request with its own template"),
        pytest.param("process-parameters/gone", [], id="of a Process that does not exist"),
    ],
)
def test_parameters_are_read_without_values_that_a_shell_splits(
    kind: str, found: completion_names.Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connecting, "run", lambda _self, work: asyncio.run(work(Objects())))
    assert READ(kind, place()) == found


@pytest.mark.parametrize(
    "words", [["import", "crontab", ""], ["runs", "--kubeconfig", ""], ["import", "cronjob", "-f", ""]]
)
def test_files_are_left_to_the_shell(words: list[str]) -> None:
    assert completion.complete(words) == ([], ":0")


def test_options_before_the_cursor_say_where_to_read(reads: list[tuple[str, Connecting]]) -> None:
    completion.complete(["status", "-n", "erp", "--context=live", "--as", "jane", ""])
    assert reads == [("requests", place(namespace="erp", context="live", as_user="jane"))]


def test_groups_before_the_cursor_are_impersonated(reads: list[tuple[str, Connecting]]) -> None:
    completion.complete(["status", "--as", "jane", "--as-group=g1", "--as-group", "g2", ""])
    assert reads == [("requests", place(as_user="jane", as_groups=("g1", "g2")))]


def test_descriptions_do_not_control_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connecting, "run", lambda *_: [("close", "a\tb\x1b[2J")])
    assert READ("processes", place()) == [("close", "a b\\x1b[2J")]


def test_second_completion_reads_the_file(reads: list[tuple[str, Connecting]], tmp_path: Path) -> None:
    for _ in range(2):
        completion.complete(["status", ""])
    assert len(reads) == 1
    completion.complete(["status", "-n", "other", ""])
    assert len(reads) == 2
    for file in (tmp_path / "cache").rglob("*.json"):
        os.utime(file, (0, 0))  # too old
    completion.complete(["status", ""])
    assert len(reads) == 3


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    code = "from process_operator.plugin.completion import main; main()"
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True)


def test_errors_are_silent(tmp_path: Path) -> None:
    answer = run({"KUBECONFIG": str(tmp_path / "nosuch"), "HOME": str(tmp_path)}, "status", "")
    assert (answer.stdout, answer.stderr) == (":4\n", "")


def test_completion_from_the_file_imports_nothing_heavy() -> None:
    completion.complete(["status", ""])
    code = (
        "import sys; from process_operator.plugin.completion import main; main()\n"
        "print(*sorted({'kubernetes', 'pydantic', 'aiohttp', 'kopf', 'asyncio', 'yaml'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code, "status", ""], capture_output=True, text=True, check=True)
    assert answer.stdout == "close-day\tdaily at 02:30 Europe/Madrid\ncopy\n:4\n\n"
