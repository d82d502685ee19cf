"""Exports of the ERP's tables: CSV with any delimiter, JSON, and files that are neither."""

from __future__ import annotations

import pytest

from process_operator.plugin.importing.etendo_tables import read_tables

ROW = {"AD_PROCESS_REQUEST_ID": "1", "TIMING_OPTION": "S", "DESCRIPTION": "a, b"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_delimiters(delimiter: str, line: str) -> None:
    header = delimiter.join(["ad_process_request_id", "TIMING_OPTION ", '"description"'])
    text = f"\ufeff{header}{line}{delimiter.join(['1', 'S', chr(34) + 'a, b' + chr(34)])}{line}"
    assert read_tables(text).requests == [ROW]


def test_rows_and_tables_of_json() -> None:
    text = '[{"ad_process_request_id": 1, "timing_option": "S", "description": "a, b"}]'
    assert read_tables(text).requests == [ROW]
    assert read_tables(f'\ufeff{{"ad_process_request": {text}, "AD_PROCESS": null}}').requests == [ROW]
    assert read_tables("[]").requests == []


@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param("{", "the file is not JSON", id="half a file"),
        pytest.param('{"other": []}', "the file has no table AD_PROCESS_REQUEST; it has: OTHER", id="another table"),
        pytest.param("[1, 2]", "the file has no list of objects as the rows of AD_PROCESS_REQUEST", id="numbers"),
        pytest.param('{"AD_PROCESS_REQUEST": 5}', "the file has no list of objects", id="no rows"),
        pytest.param("null", "the file has no column AD_PROCESS_REQUEST_ID and no column TIMING_OPTION", id="null"),
        pytest.param("", "the file has no column AD_PROCESS_REQUEST_ID", id="empty"),
        pytest.param("AD_PROCESS_REQUEST_ID;STATUS\n1;SCH\n", "the file has no column TIMING_OPTION", id="a column"),
        pytest.param('[{"TIMING_OPTION": "S"}]', "the file has no column AD_PROCESS_REQUEST_ID", id="column of JSON"),
        pytest.param("[" + "9" * 5000 + "]", "the file is not JSON", id="too long a number"),
        pytest.param(
            "AD_PROCESS_REQUEST_ID,TIMING_OPTION\n" + "x" * 200_000, "the file is not CSV", id="too long a value"
        ),
    ],
)
def test_other_files(text: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        read_tables(text)
