"""Entry point: how a command ends when its output or the program itself fails."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from process_operator.plugin import app as command_line
from process_operator.plugin.errors import Exit


def fail(*_: object, **__: object) -> None:
    raise LookupError("a mistake\nin the program")


def test_unexpected_error_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command_line, "app", fail)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == Exit.ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: unexpected LookupError: a mistake\\nin the program. With PROCESS_OPERATOR_DEBUG=1")


def test_unexpected_error_has_its_traceback_for_developers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "app", fail)
    monkeypatch.setenv("PROCESS_OPERATOR_DEBUG", "1")
    with pytest.raises(SystemExit):
        command_line.main()
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("command.app = lambda *_, **__: print('x')", id="in the last flush"),
        pytest.param("command.app = lambda *_, **__: print('x' * 100000)", id="in a print"),
        pytest.param("", id="in the help"),
    ],
)
def test_output_without_a_reader_is_no_error(code: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = (
        f"import sys\nfrom process_operator.plugin import app as command\n{code}\nsys.argv[1:] = []\ncommand.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (Exit.OK, "")


def test_characters_that_the_output_lacks_are_escaped() -> None:
    program = (
        "from process_operator.plugin import app as command\n"
        "command.app = lambda *_, **__: print('caf\\u00e9')\ncommand.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (Exit.OK, b"caf\\xe9\n", b"")
