"""YAML text: readers of YAML 1.1 and 1.2 read the same texts."""

from __future__ import annotations

import pytest
import yaml

from process_operator.client.yaml_text import yaml_text

AMBIGUOUS = [
    *(
        "1e3",
        "1.5E+3",
        "-1e3",
        ".5e1",
        "0x1F",
        "0o17",
        "0b101",
        "1_000",
        "017",
        "1.",
        "+1",
        "-.inf",
        ".NaN",
        "12:30:45",
    ),
    *("y", "N", "yes", "No", "on", "OFF", "true", "False", "null", "~", "", "02:00", "2026-01-31", "=", "<<"),
]


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_ambiguous_texts_are_quoted(text: str) -> None:
    written = yaml_text({text: text})
    assert yaml.safe_load(written) == {text: text}
    assert written.count("'") + written.count('"') >= 4


@pytest.mark.parametrize("text", ["Succeeded", "erp-1", "registry.example.com/erp:1", "year", "one"])
def test_other_texts_stay_plain(text: str) -> None:
    written = yaml_text({"text": text})
    assert yaml.safe_load(written) == {"text": text}
    assert "'" not in written
    assert '"' not in written
