"""Import commands: options that have no effect, and files that cannot be read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from process_operator.plugin.connection import Connecting
from process_operator.plugin.errors import CommandError, Exit
from process_operator.plugin.import_command import show_cronjobs, show_crontab, show_etendo
from process_operator.plugin.importing.cronjob import CronJobOptions

OPTIONS = CronJobOptions(datetime(2026, 11, 30, tzinfo=UTC))
CONNECTING = Connecting()


def cronjobs(names: list[str], **options: Any) -> None:
    given = {"selector": None, "everywhere": False, "file": None, **options}
    show_cronjobs(CONNECTING, names, options=OPTIONS, **given)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        pytest.param(["a"], {"selector": "app=erp"}, "-l has no effect with names", id="names and labels"),
        pytest.param(["a"], {"everywhere": True}, "-A has no effect with names", id="names and all namespaces"),
        pytest.param([], {"file": "x", "selector": "app=erp"}, "-l has no effect with -f", id="file and labels"),
        pytest.param([], {"file": "x", "everywhere": True}, "-A has no effect with -f", id="file and all namespaces"),
    ],
)
def test_options_without_effect(names: list[str], options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        cronjobs(names, **options)
    assert caught.value.status == Exit.USAGE


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        pytest.param("{kind: List, items: [1]}", Exit.ERROR, "the items of the List are not objects", id="numbers"),
        pytest.param("{kind: List, items: 5}", Exit.ERROR, "the items of the List are not objects", id="a number"),
        pytest.param("{kind: CronJob, metadata: 5}", Exit.NOT_SUCCEEDED, "1 of 1 cannot be imported", id="no name"),
        pytest.param("{kind: CronJob, spec: 2026-13-45}", Exit.ERROR, "is not YAML: month must be in", id="a month"),
        pytest.param("[1]", Exit.ERROR, "there are no CronJobs there", id="no object"),
    ],
)
def test_files_of_cronjobs(tmp_path: Path, text: str, status: Exit, message: str) -> None:
    file = tmp_path / "given.yaml"
    file.write_text(text)
    with pytest.raises(CommandError, match=message) as caught:
        cronjobs([], file=str(file))
    assert caught.value.status == status
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("X: 2026-13-45", "is not YAML: month must be in", id="a month"),
        pytest.param("X: [", "is not YAML: while parsing", id="half a list"),
        pytest.param("X:", "write one line for each process", id="no name"),
        pytest.param("- X", "write one line for each process", id="a list"),
    ],
)
def test_maps_of_processes(tmp_path: Path, text: str, message: str) -> None:
    table, mapping = tmp_path / "requests.json", tmp_path / "map.yaml"
    table.write_text("[]")
    mapping.write_text(text)
    with pytest.raises(CommandError, match=message) as caught:
        show_etendo(
            str(table), None, time_zone="Etc/UTC", mapping=str(mapping), everything=False, repetitions="documented"
        )
    assert "\n" not in str(caught.value)


def test_only_a_line_feed_ends_a_line_of_a_crontab(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "crontab"
    file.write_bytes(b"0 1 * * * a\r0 2 * * * b\n")
    show_crontab(str(file), image="erp:1", time_zone="Etc/UTC", system=False)
    (made,) = yaml.safe_load_all(capsys.readouterr().out)
    (container,) = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["command"][2] == "a\r0 2 * * * b"


def test_texts_that_are_no_utf8(tmp_path: Path) -> None:
    file = tmp_path / "crontab"
    file.write_bytes(b"0 1 * * * \xff\n")
    with pytest.raises(CommandError, match="cannot be read"):
        show_crontab(str(file), image="erp:1", time_zone="Etc/UTC", system=False)


@pytest.mark.parametrize(
    ("file", "database"),
    [pytest.param(None, None, id="neither"), pytest.param("requests.csv", "postgresql://", id="both")],
)
def test_an_export_or_a_database(file: str | None, database: str | None) -> None:
    with pytest.raises(CommandError, match="and not both") as caught:
        show_etendo(file, database, time_zone="Etc/UTC", mapping=None, everything=False, repetitions="documented")
    assert caught.value.status == Exit.USAGE


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed
    with pytest.raises(CommandError, match=r"needs psycopg: install process-operator\[etendo\]") as caught:
        show_etendo(
            None, "postgresql://", time_zone="Etc/UTC", mapping=None, everything=False, repetitions="documented"
        )
    assert "\n" not in str(caught.value)
