"""Options and arguments that all commands share."""

from __future__ import annotations

import pytest

from process_operator.plugin import app as command_line
from process_operator.plugin.errors import Exit


@pytest.mark.parametrize(
    "words",
    [
        ["wait", ""],
        ["logs", ""],
        ["why", ""],
        ["run", ""],
        ["run", "--process", ""],
        ["status", ""],
        ["unschedule", ""],
        ["cancel", "a", ""],
    ],
    ids=lambda words: " ".join(words[:-1]),
)
def test_empty_name_is_a_usage_error(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["kubectl-process", *words, "--kubeconfig", "/nonexistent"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == Exit.USAGE
    assert "a name must not be empty" in capsys.readouterr().err
