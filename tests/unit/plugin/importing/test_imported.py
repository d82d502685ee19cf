"""Manifests as YAML: comments stay comments, and texts stay texts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import yaml

from process_operator.plugin.importing.imported import Imported, as_yaml, checked, manifest
from process_operator.resources.kinds import PROCESS_REQUEST

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["nice\n---\nkind: Pod", "a\rkind: Pod", "a\x85b", "a\u2028b", "\x1b[2J", "\u202eab"])
def test_comments_are_one_harmless_line(text: str) -> None:
    found = Imported(text, ({"kind": "ProcessRequest"},), (f"remark {text}",))
    (document,) = as_yaml([found])
    assert list(yaml.safe_load_all(document)) == [{"kind": "ProcessRequest"}]
    start, comment, _ = document.split("\n")
    assert start == "---"
    assert comment.startswith("# ")
    assert comment.isprintable()


@pytest.mark.parametrize("char", ["\x1b", "\u202e", "\x85"])
def test_values_do_not_control_the_terminal(char: str) -> None:
    (document,) = as_yaml([Imported("x", ({"text": f"a{char}b"},))])
    assert all(one == "\n" or one.isprintable() for one in document)
    assert yaml.safe_load(document) == {"text": f"a{char}b"}


def request(**schedule: object) -> Imported:
    spec = {"process": {"name": "close"}, "timing": {"schedule": schedule}}
    return Imported("x", (manifest(PROCESS_REQUEST, "x", spec),))


def test_schedules_are_judged() -> None:
    assert checked(request(cron="0 3 * * *", timeZone="Europe/Madrid"), now=NOW).manifests
    assert "no such time" in checked(request(cron="0 3 31 2 *"), now=NOW).rejected
    assert "Foo/Bar" in checked(request(cron="0 3 * * *", timeZone="Foo/Bar"), now=NOW).rejected
    assert checked(request(cron="0 3 * * *", finishTime="2020-01-01T00:00:00Z"), now=NOW).manifests
