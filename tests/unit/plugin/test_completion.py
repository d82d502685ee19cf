"""Completion: candidates with descriptions, cobra's directive, one read of the cluster in half a minute, and silence."""

from __future__ import annotations

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
        pytest.param(["runs", "-n", "e"], ["erp"], id="namespaces"),
        pytest.param(["runs", "--context", ""], ["test", "live"], id="contexts"),
        pytest.param(["nosuch", ""], [], id="nothing after an unknown command"),
    ],
)
def test_candidates(words: list[str], candidates: list[str]) -> None:
    assert completion.complete(words) == (candidates, ":4")


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
