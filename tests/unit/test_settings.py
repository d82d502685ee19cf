"""Settings that are wrong are named by their variable, and the operator ends with a line in place of a traceback."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from process_operator.__main__ import app
from process_operator.settings import SettingsError, read_settings

WRONG = [
    pytest.param("WORKERS", "many", "PROCESS_OPERATOR_WORKERS=many: Input should be a valid integer", id="no number"),
    pytest.param("WORKERS", "0", "greater than or equal to 1", id="a number that is too small"),
    pytest.param(
        "LOG_LEVEL", "loud", "PROCESS_OPERATOR_LOG_LEVEL=loud: Input should be 'debug', 'info'", id="no level"
    ),
    pytest.param(
        "LOG_URL",
        "https://{namespace}.example.com/",
        "PROCESS_OPERATOR_LOG_URL=https://{namespace}.example.com/: must not have a field in its host",
        id="a log URL whose host a run chooses",
    ),
    pytest.param("DEFAULT_ENGINE", "Magic", "should be 'Auto', 'CronJob' or 'Operator'", id="no engine"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_setting_that_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"PROCESS_OPERATOR_{name}", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert words in str(caught.value)


def test_the_operator_says_so_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESS_OPERATOR_WORKERS", "many")
    monkeypatch.setenv("PROCESS_OPERATOR_HTTP_PORT", "http")
    answer = CliRunner().invoke(app, ["run"])
    assert (answer.exit_code, answer.stdout) == (2, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith("process-operator: PROCESS_OPERATOR_")
    assert "WORKERS=many" in line
    assert "HTTP_PORT=http" in line
