"""Terminal: hostile texts, tables, colours, and questions."""

from __future__ import annotations

import io
import json
import os
import signal
import sys

import pexpect
import pytest
import yaml

from process_operator.plugin import terminal
from process_operator.plugin.errors import CommandError, Exit

ESCAPE = "\x1b]0;title\x07"
BIDI = "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe"
C1 = "\x9b31m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("close-day", "close-day", id="plain"),
        pytest.param("Bücher ✓ 日本", "Bücher ✓ 日本", id="letters of all scripts stay"),
        pytest.param(ESCAPE, "\\x1b]0;title\\x07", id="escape sequence"),
        pytest.param(C1, "\\x9b31m", id="8-bit control sequence introducer"),
        pytest.param(BIDI, "\\u202etxt.exe", id="change of direction"),
        pytest.param("a\nb\rc\td", "a\\nb\\rc\\td", id="line breaks and tabs"),
        pytest.param("a\N{ZERO WIDTH SPACE}b", "a\\u200bb", id="invisible character"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert terminal.printable(text) == shown


def test_lines_and_tabs_of_a_log_stay() -> None:
    assert terminal.printable_log("a\tb\n\x1b[2Jc") == "a\tb\n\\x1b[2Jc"


@pytest.mark.parametrize("text", [ESCAPE, BIDI, C1, "plain ü"])
def test_json_and_yaml_are_harmless_and_read_back(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say_json({"message": text})
    as_json = capsys.readouterr().out
    terminal.say_yaml({"message": text})
    as_yaml = capsys.readouterr().out
    assert json.loads(as_json) == yaml.safe_load(as_yaml) == {"message": text}
    assert all(char == "\n" or char.isprintable() for char in as_json + as_yaml)


def test_table_is_aligned_and_neutralized(capsys: pytest.CaptureFixture[str]) -> None:
    widths = terminal.table(["NAME", "WHY"], [["a", "x"], ["longer", ESCAPE]])
    terminal.table(["NAME", "WHY"], [["b", "y"]], has_header=False, widths=widths)
    assert capsys.readouterr().out.splitlines() == [
        "NAME     WHY",
        "a        x",
        "longer   \\x1b]0;title\\x07",
        "b        y",
    ]


def test_table_that_fits_is_cut_at_the_edge(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    terminal.table(["NAME"], [["x" * 21]], fits=True)
    assert capsys.readouterr().out.splitlines()[1] == "x" * 17 + "..."


def test_wrapped_lines_fit_after_the_indent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = terminal.wrapped("one two three four five six seven eight nine ten", 12)
    assert " ".join(lines) == "one two three four five six seven eight nine ten"
    assert max(map(len, lines)) <= 28


class Tty(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        pytest.param({}, True, id="a terminal"),
        pytest.param({"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param({"TERM": "dumb"}, False, id="a dumb terminal"),
    ],
)
def test_colors(environment: dict[str, str], *, colored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", Tty())
    assert terminal.colored("Failed", "red") == ("\x1b[31mFailed\x1b[0m" if colored else "Failed")


def test_no_color_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert terminal.colored("Failed", "red") == "Failed"


def test_one_object_needs_no_question() -> None:
    terminal.confirm("This suspends:", ["daily"], yes=False)


def test_question_without_terminal_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(CommandError, match=r"This suspends: a, b.*add --yes") as caught:
        terminal.confirm("This suspends:", ["a", "b"], yes=False)
    assert caught.value.status == Exit.USAGE
    terminal.confirm("This suspends:", ["a", "b"], yes=True)


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_question_on_a_terminal(
    typed: str, *, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Tty(typed))
    if agreed:
        terminal.confirm("This suspends:", ["a", "b"], yes=False)
    else:
        with pytest.raises(CommandError, match="nothing was changed"):
            terminal.confirm("This suspends:", ["a", "b"], yes=False)
    assert capsys.readouterr().err == "This suspends:\n  a, b\nContinue? [y/N] "


def _accept_interrupts() -> None:
    """Undo what a process inherits that was started in the background: it ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_at_the_question_ends_a_command_that_runs_in_a_loop() -> None:
    code = (
        "import asyncio\n"
        "from process_operator.plugin.terminal import confirm\n"
        "async def ask():\n    confirm('This suspends:', ['a', 'b'], yes=False)\n"
        "try:\n    asyncio.run(ask())\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = pexpect.spawn(
        sys.executable,
        ["-c", code],
        env=environment,
        encoding="utf-8",
        timeout=120,
        preexec_fn=_accept_interrupts,
    )
    try:
        child.expect_exact("Continue? [y/N] ")
        child.sendintr()
        child.expect_exact("interrupted")
        child.expect(pexpect.EOF)
    finally:
        child.close(force=True)
