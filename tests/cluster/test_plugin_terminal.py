"""kubectl process on a terminal of 80 columns: Ctrl-C at each wait, and texts of the cluster that try to control it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from tests.cluster.desk import COLUMNS, Desk, ended
from tests.cluster.manifests import held, immediately, process, request, schedule
from tests.cluster.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.node

LINE: Final = 262_144
HOSTILE: Final = "\x1b]0;owned\x07\x1b[2J\x9b31m\N{RIGHT-TO-LEFT OVERRIDE}txt.exe"
NEUTRALIZED: Final = "\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u202etxt.exe"
SCRIPT: Final = (
    r"printf '\033]0;owned\007\033[2J\302\233\342\200\256txt.exe\n';"
    f" head -c {LINE} /dev/zero | tr '\\0' x; echo; {held()}"
)
OURS: Final = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|1A|2K)")
"""Colours, and what the spinner writes to hide the cursor and to clear its line."""


@pytest.fixture(scope="module")
def desk(shared_space: Workspace, kubeconfig: Path) -> Desk:
    """A namespace with hostile texts in all fields that take them, and a run that works until it is released."""
    parameters = [{"name": "NOTE", "value": HOSTILE}]
    shared_space.apply_all(
        process("close", description=HOSTILE, parameters=[{"name": "NOTE"}]),
        request("daily", schedule(daily={"at": "02:30"}), process={"name": "close"}, parameters=parameters),
        request("other", schedule(daily={"at": "02:30"}), description=HOSTILE),
        request("working", immediately(), SCRIPT),
    )
    made = Desk(shared_space, kubeconfig)
    for name in ("daily", "other"):
        shared_space.wait_phase(name, "Scheduled")
    made.ok("unschedule", "other", "--reason", HOSTILE)
    shared_space.wait_runs("working", 1, "Running")
    return made


def working(desk: Desk) -> str:
    return str(desk.space.runs("working")[0]["metadata"]["name"])


def is_harmless(text: str) -> bool:
    """Check that nothing but colours, the spinner and line breaks controls the terminal."""
    return all(char in "\r\n\t" or char.isprintable() for char in OURS.sub("", text))


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(["status", "daily"], NEUTRALIZED, id="parameters"),
        pytest.param(["status", "other"], NEUTRALIZED, id="description and reason"),
        pytest.param(["next", "other", "-o", "wide"], NEUTRALIZED, id="description in a table"),
        pytest.param(["why", "other"], NEUTRALIZED, id="reason in a sentence"),
        pytest.param(["status", "other", "-o", "json"], "\\u001b]0;owned", id="JSON"),
        pytest.param(["status", "other", "-o", "yaml"], "\\e]0;owned", id="YAML"),
    ],
)
def test_texts_of_the_cluster_do_not_control_the_terminal(desk: Desk, command: list[str], shown: str) -> None:
    with desk.terminal(*command) as child:
        assert ended(child) == 0
        page = child.before or ""
    assert is_harmless(page)
    assert shown in "".join(page.split()), page


def test_hostile_log_of_a_running_pod_and_ctrl_c(desk: Desk) -> None:
    desk.space.wait_log(working(desk), "begun")
    with desk.terminal("logs", "working", "-f") as child:
        child.expect_exact("begun")
        page = child.before or ""
        child.sendintr()
        child.expect_exact("Stopped following. The run continues")
        assert ended(child) == 130
    assert is_harmless(page)
    assert "\\x1b]0;owned\\x07\\x1b[2J\\x9b\\u202etxt.exe" in page
    assert page.count("x" * 1000) == LINE // 1000
    assert desk.space.phase(working(desk)) == "Running"


def test_raw_log_on_a_terminal(desk: Desk) -> None:
    with desk.terminal("logs", working(desk), "--raw") as child:
        assert ended(child) == 0
        assert "\x1b]0;owned\x07\x1b[2J" in (child.before or "")


def test_ctrl_c_while_waiting(desk: Desk) -> None:
    run = working(desk)
    with desk.terminal("wait", run) as child:
        child.expect_exact("Waiting for run")
        child.sendintr()
        child.expect_exact(f"Stopped waiting. Run {run} continues; kubectl process cancel {run} ends it.")
        assert ended(child) == 130
    assert desk.space.phase(run) == "Running"


@pytest.mark.parametrize("answer", ["Ctrl-C", "Ctrl-D"])
def test_question_without_an_answer_changes_nothing(desk: Desk, answer: str) -> None:
    with desk.terminal("reschedule", "daily", "other") as child:
        child.expect_exact("Continue? [y/N] ")
        if answer == "Ctrl-C":
            child.sendintr()
        else:
            child.sendeof()
        assert ended(child) == (130 if answer == "Ctrl-C" else 1)
    for name in ("daily", "other"):
        assert "process-operator.io/reschedule" not in desk.space.request(name)["metadata"]["annotations"]


def test_page_with_hostile_texts_fits(desk: Desk) -> None:
    with desk.terminal("status", "other") as child:
        assert ended(child) == 0
        lines = OURS.sub("", child.before or "").replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= COLUMNS
