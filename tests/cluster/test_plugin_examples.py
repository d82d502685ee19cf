"""Examples in the help of kubectl process: each works as it stands, in a namespace that has what they name."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, Final

import pytest
import typer.main
from tests.cluster.desk import Desk
from tests.cluster.manifests import immediately, manual_run, process, request, schedule
from tests.cluster.workspace import Workspace

from process_operator.plugin import app as command_line

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.node

GROUP: Final[Any] = typer.main.get_command(command_line.app)
RUN: Final = "close-day-x2z9k"
DAILY: Final = schedule(daily={"at": "02:30"}, timeZone="Europe/Madrid")
CRONTAB: Final = "30 2 * * * root /usr/bin/close-day\n"
REQUESTS: Final = (
    "AD_PROCESS_REQUEST_ID,AD_PROCESS_ID,ISACTIVE,STATUS,TIMING_OPTION,FREQUENCY,START_DATE,START_TIME\n"
    "1,800170,Y,SCH,S,4,2026-11-30,02:30:00\n"
)
SHOWN: Final = {
    "backfill": "2026-11-0",
    "cancel": f"{RUN} unchanged: it is Succeeded",
    "create request": "close-day created",
    "import cronjob": "kind: ProcessRequest",
    "import crontab": "/usr/bin/close-day",
    "import etendo": "name: import-orders",
    "logs": "closed",
    "next": "close-day",
    "reschedule": "import-orders rescheduled",
    "run": "closed",
    "runs": "",
    "schedule": "close-day unchanged",
    "status": "daily at 02:30 Europe/Madrid",
    "unschedule": "close-day unscheduled",
    "wait": f"run {RUN}: Succeeded",
    "why": "",
}
"""A part of each answer. `monitor` has tests of its own."""
OF_FILES: Final = frozenset({"import crontab", "import etendo"})


def examples(group: Any = GROUP, *path: str) -> list[tuple[str, list[str]]]:
    """Commands with the words of their example, after `kubectl process`."""
    found: list[tuple[str, list[str]]] = []
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            found += examples(command, *path, name)
            continue
        (text,) = re.findall(r"Example: kubectl process (.*)", " ".join(command.help.split()))
        found.append((" ".join((*path, name)), shlex.split(text)))
    return [(name, words) for name, words in found if name != "monitor"]


@pytest.fixture(scope="module")
def desk(shared_space: Workspace, kubeconfig: Path) -> Desk:
    """A namespace with the objects that the examples name."""
    space = shared_space
    space.apply_all(
        process("close", "echo closed"),
        request("close-day", DAILY, process={"name": "close"}),
        request("import-orders", immediately()),
    )
    space.wait_phase("close-day", "Scheduled")
    space.create(manual_run("close-day", RUN))
    command = ("--image=localhost/busybox:1", "--schedule=0 2 * * *", "--", "true")
    space.cluster.run("create", "cronjob", "nightly", "--namespace", space.namespace, *command)
    space.wait_runs("close-day", 1, "Succeeded")
    space.wait_runs("import-orders", 1, "Succeeded")
    return Desk(space, kubeconfig)


@pytest.fixture
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the examples name, in the working directory."""
    (tmp_path / "crontab").write_text(CRONTAB)
    (tmp_path / "requests.csv").write_text(REQUESTS)
    (tmp_path / "processes.yaml").write_text('"800170": import-orders\n')
    monkeypatch.chdir(tmp_path)


def test_every_command_is_known_here() -> None:
    assert {name for name, _ in examples()} == SHOWN.keys()


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("name", "words"), [pytest.param(*example, id=example[0]) for example in examples()])
def test_example(desk: Desk, name: str, words: list[str]) -> None:
    # The host's own crontab may be missing, or may have lines that cannot be imported.
    given = ["crontab" if word == "/etc/crontab" else word for word in words]
    if name == "create request":  # its Manual run stays
        desk.space.cluster.run("delete", "preq", "close-day", "--namespace", desk.space.namespace, "--wait")
    answer = desk.run(*given, has_cluster=name not in OF_FILES)
    assert answer.code == 0, answer
    assert SHOWN[name] in answer.out
    if name == "create request":
        desk.space.wait_phase("close-day", "Scheduled")
