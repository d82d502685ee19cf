"""Requests of the ERP: its own worked examples come out with the same instants, and what is left out or rejected."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.plugin.importing.worked_examples import BEFORE, EXAMPLES, Row, instants, row

from process_operator.plugin.importing.etendo import EtendoOptions, import_etendo
from process_operator.plugin.importing.etendo_tables import read_tables
from process_operator.plugin.importing.imported import Imported, as_yaml


def imported(*rows: Row, zone: str = "Etc/UTC", now: datetime = BEFORE, **options: Any) -> list[Imported]:
    tables = read_tables(json.dumps(rows))
    return list(import_etendo(tables, EtendoOptions(ZoneInfo(zone), now, **options)))


@pytest.mark.parametrize(("columns", "wanted"), EXAMPLES)
def test_worked_examples(columns: Row, wanted: list[str]) -> None:
    (found,) = imported(row(**columns))
    assert not found.rejected
    assert instants(found, len(wanted)) == wanted


@pytest.mark.parametrize(
    ("columns", "start"),
    [
        pytest.param({"START_TIME": "2019-09-23T22:30:00Z"}, "2019-09-23T00:30:00+02:00", id="a timestamp for a time"),
        pytest.param({"START_TIME": "22:30:00+00:00"}, "2019-09-23T00:30:00+02:00", id="a time"),
        pytest.param({"START_TIME": "1970-01-01 17:45:29+01"}, "2019-09-23T17:45:29+02:00", id="the offset of 1970"),
        pytest.param({"START_DATE": "2019-09-22 22:00:00+00"}, "2019-09-23T17:45:29+02:00", id="a date"),
    ],
)
def test_offsets_are_converted_to_the_zone(columns: Row, start: str) -> None:
    (found,) = imported(row(FREQUENCY="4", **columns), zone="Europe/Madrid")
    schedule = found.manifests[0]["spec"]["timing"]["schedule"]
    assert schedule["startTime"] == start
    assert schedule["daily"]["at"] == start[11:19]


def test_finish_is_included() -> None:
    finish = {"FINISHES": "Y", "FINISHES_DATE": "2019-09-27", "FINISHES_TIME": "15:10:31"}
    every = {"FREQUENCY": "1", "SECONDLY_INTERVAL": "30", "START_DATE": "2019-09-27", "START_TIME": "15:10:00"}
    (found,) = imported(row(**every, **finish))
    assert instants(found, 5) == ["09-27 15:10:00", "09-27 15:10:30"]


def test_clock_change_in_madrid() -> None:
    start = {"START_DATE": "2019-10-26", "START_TIME": "13:10:00"}
    hourly, daily = imported(
        row(FREQUENCY="3", HOURLY_INTERVAL="24", **start), row(FREQUENCY="4", **start), zone="Europe/Madrid"
    )
    # 13:10 in Madrid is 11:10 in UTC before the change, and 12:10 after it.
    assert instants(hourly, 2) == ["10-26 11:10:00", "10-27 11:10:00"]
    assert instants(daily, 2) == ["10-26 11:10:00", "10-27 12:10:00"]


@pytest.mark.parametrize(("documented", "runs"), [(True, 4), (False, 3)])
def test_repetitions(*, documented: bool, runs: int) -> None:
    three = row(FREQUENCY="2", MINUTELY_INTERVAL="5", MINUTELY_REPETITIONS="3")
    (found,) = imported(three, counts_first_run=documented)
    assert len(instants(found, 10)) == runs
    assert any("--repetitions" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [
        pytest.param({"ISACTIVE": "N", "FREQUENCY": "4"}, "not active", id="inactive"),
        pytest.param({"STATUS": "COM", "FREQUENCY": "4"}, "complete", id="complete"),
        pytest.param({"TIMING_OPTION": "I"}, "ran at once", id="Run Immediately"),
        pytest.param({"TIMING_OPTION": "L", "START_DATE": "2018-01-01"}, "has passed", id="Run Later in the past"),
        pytest.param(
            {"FREQUENCY": "4", "START_DATE": "2018-01-01", "FINISHES": "Y", "FINISHES_DATE": "2018-02-01"},
            "has passed",
            id="finish in the past",
        ),
    ],
)
def test_left_out(columns: Row, left_out: str) -> None:
    (found,) = imported(row(**columns))
    assert left_out in found.left_out
    assert not found.manifests


def test_all_keeps_them_suspended() -> None:
    for columns in ({"STATUS": "COM", "FREQUENCY": "4"}, {"TIMING_OPTION": "I"}):
        (found,) = imported(row(**columns), everything=True)
        assert found.manifests[0]["spec"]["suspend"] is True


def test_unscheduled_is_suspended() -> None:
    (found,) = imported(row(FREQUENCY="4", STATUS="UNS"))
    assert found.manifests[0]["spec"]["suspend"] is True


@pytest.mark.parametrize(
    ("columns", "rejected"),
    [
        pytest.param({"FREQUENCY": "5"}, "no day is ticked", id="weekly without a day"),
        pytest.param({"FREQUENCY": "9"}, "FREQUENCY '9' is unknown", id="unknown frequency"),
        pytest.param({"TIMING_OPTION": "X"}, "TIMING_OPTION 'X' is unknown", id="unknown timing"),
        pytest.param({"FREQUENCY": "4", "START_TIME": None}, "START_TIME is empty", id="no time of day"),
        pytest.param({"FREQUENCY": "4", "START_DATE": "soon"}, "START_DATE 'soon' is not a date", id="no date"),
        pytest.param(
            {"FREQUENCY": "6", "MONTHLY_OPTION": "S"}, "from 1 to 31", id="a value that the API server rejects"
        ),
        pytest.param({"FREQUENCY": "7", "CRON": "0 3 * * *"}, "is not a Quartz expression", id="five fields"),
        pytest.param({"FREQUENCY": "7", "CRON": "0 H 3 * * ?"}, "is not a Quartz expression", id="H"),
        pytest.param({"FREQUENCY": "7", "CRON": "0 0 12 31 2 ?"}, "no such time", id="a day that never comes"),
        pytest.param({"FREQUENCY": "7", "CRON": "0 61 * * * ?"}, "61 is out of range", id="out of range"),
        pytest.param({"FREQUENCY": "1", "SECONDLY_INTERVAL": float("inf")}, "not a whole number", id="infinite"),
        pytest.param({"FREQUENCY": "1", "SECONDLY_INTERVAL": 1.5}, "not a whole number", id="a fraction"),
        pytest.param({"FREQUENCY": "4", "START_TIME": "25:00"}, "is not a time of day", id="no hour"),
        pytest.param({"FREQUENCY": "4", "PARAMS": "[1]"}, "PARAMS is not a JSON object", id="parameters"),
        pytest.param(
            {"FREQUENCY": "4", "ISGROUP": "Y", "AD_PROCESS_GROUP_ID": "G"}, "export AD_PROCESS_GROUP", id="group"
        ),
    ],
)
def test_rejected(columns: Row, rejected: str) -> None:
    (found,) = imported(row(**columns))
    assert rejected in found.rejected
    assert not [body for body in found.manifests if body["kind"] == "ProcessRequest"]


def test_processes_parameters_and_groups() -> None:
    tables = {
        "ad_process_request": [
            row(FREQUENCY="4", PARAMS='{"Org Id": 7, "format": "pdf"}'),
            row(FREQUENCY="4", AD_PROCESS_ID=None, ISGROUP="Y", AD_PROCESS_GROUP_ID="G"),
            row(FREQUENCY="4", AD_PROCESS_ID="800171"),
        ],
        "ad_process": [
            {
                "ad_process_id": "800170",
                "value": "ImportOrders",
                "name": "Import orders",
                "classname": "org.Import",
                "preventconcurrent": "Y",
            },
            {"ad_process_id": "800171", "value": "CloseDay", "name": "Close day"},
        ],
        "ad_process_group": [{"ad_process_group_id": "G", "name": "Night work", "stopwhenfail": "Y"}],
        "ad_process_group_list": [
            {"ad_process_group_id": "G", "ad_process_id": "800170", "seqno": 20},
            {"ad_process_group_id": "G", "ad_process_id": "800171", "seqno": 10},
        ],
    }
    options = EtendoOptions(ZoneInfo("Etc/UTC"), BEFORE, {"CloseDay": "close"})
    single, group, known = import_etendo(read_tables(json.dumps(tables)), options)
    request, process = single.manifests
    assert request["spec"]["process"] == {"name": "importorders"}
    assert request["spec"]["parameters"] == [{"name": "Org_Id", "value": "7"}, {"name": "format", "value": "pdf"}]
    assert process["spec"]["concurrencyPolicy"] == "Forbid"
    assert any("org.Import" in remark for remark in single.remarks)
    _, steps = group.manifests  # the Process of the single request is there already
    assert [step["process"]["name"] for step in steps["spec"]["steps"]] == ["close", "importorders"]
    assert steps["spec"]["stopOnFailure"] is True
    (request,) = known.manifests
    assert request["spec"]["process"] == {"name": "close"}


def test_csv_as_the_database_exports_it() -> None:
    columns = row(FREQUENCY="4", STATUS="UNS", PARAMS='{"a": "b, c"}')
    text = "\ufeff" + ",".join(key.lower() for key in columns) + "\n"
    text += ",".join('"' + str(value).replace('"', '""') + '"' for value in columns.values()) + "\n"
    (found,) = import_etendo(read_tables(text), EtendoOptions(ZoneInfo("Europe/Madrid"), BEFORE))
    request = found.manifests[0]
    assert request["spec"]["timing"]["schedule"]["startTime"] == "2019-09-23T17:45:29+02:00"
    assert request["spec"]["parameters"] == [{"name": "a", "value": "b, c"}]
    (document, _) = as_yaml([found])
    assert document.startswith("---\n# 0F3B5C7D9E: process 800170 has no counterpart")
