"""Worked examples of the ERP's own tests: columns of a Process Request, and the instants at which it ran."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import pytest

from process_operator.plugin.importing.imported import Imported
from process_operator.preview.manifest_set import manifest_set
from process_operator.preview.preview import Period, preview

Row = dict[str, Any]
START = {"START_DATE": "2019-09-23 00:00:00", "START_TIME": "1970-01-01 17:45:29"}
BEFORE = datetime(2019, 9, 1, tzinfo=UTC)


def row(**columns: Any) -> Row:
    return {
        "AD_PROCESS_REQUEST_ID": "0F3B5C7D9E",
        "ISACTIVE": "Y",
        "AD_PROCESS_ID": "800170",
        "ISGROUP": "N",
        "STATUS": "SCH",
        "TIMING_OPTION": "S",
        **START,
        **columns,
    }


def instants(found: Imported, count: int, start: datetime = BEFORE) -> list[str]:
    """Instants by `preview`, as if the request had been applied before all of them."""
    (given,) = manifest_set(found.manifests, namespace="erp").requests
    assert given.request is not None, given.error
    shown = preview(given.request, given.process, Period(start))
    assert shown.error is None, shown.error
    return [tick.due.strftime("%m-%d %H:%M:%S") for tick in islice(shown.ticks, count)]


def days(*found: str, at: str = "17:45:29") -> list[str]:
    return [f"{day} {at}" for day in found]


FRIDAY = {"START_DATE": "2019-09-27", "START_TIME": "17:45:29"}

EXAMPLES: Final = [
    pytest.param(
        {"FREQUENCY": "1", "SECONDLY_INTERVAL": 30, "START_DATE": "2019-09-27", "START_TIME": "15:10:00"},
        ["09-27 15:10:00", "09-27 15:10:30", "09-27 15:11:00"],
        id="every 30 seconds",
    ),
    pytest.param(
        {"FREQUENCY": "4", "DAILY_OPTION": "N", "DAILY_INTERVAL": "4", **FRIDAY},
        days("09-27", "10-01", "10-05"),
        id="every 4 days",
    ),
    pytest.param({"FREQUENCY": "4", **FRIDAY}, days("09-27", "09-28", "09-29"), id="daily"),
    pytest.param({"FREQUENCY": "4", "DAILY_OPTION": "D", **FRIDAY}, days("09-27", "09-30"), id="weekdays"),
    pytest.param(
        {"FREQUENCY": "4", "DAILY_OPTION": "E", **FRIDAY}, days("09-28", "09-29", "10-05", "10-06"), id="weekends"
    ),
    pytest.param(
        {"FREQUENCY": "5", "DAY_MON": "Y", "DAY_FRI": "Y", "DAY_SAT": "Y", "DAY_TUE": "N"},
        days("09-23", "09-27", "09-28", "09-30"),
        id="weekly",
    ),
    pytest.param(
        {"FREQUENCY": "6", "MONTHLY_OPTION": "1", "MONTHLY_DAY_OF_WEEK": "1"},
        days("10-07", "11-04", "12-02", "01-06"),
        id="first Monday",
    ),
    pytest.param(
        {"FREQUENCY": "6", "MONTHLY_OPTION": "2", "MONTHLY_DAY_OF_WEEK": "7"},
        days("10-13", "11-10", "12-08", "01-12"),
        id="second Sunday",
    ),
    pytest.param(
        {"FREQUENCY": "6", "MONTHLY_OPTION": "3", "MONTHLY_DAY_OF_WEEK": "2"},
        days("10-15", "11-19", "12-17", "01-21"),
        id="third Tuesday",
    ),
    pytest.param({"FREQUENCY": "6", "MONTHLY_OPTION": "L"}, days("09-30", "10-31", "11-30", "12-31"), id="last day"),
    pytest.param(
        {"FREQUENCY": "6", "MONTHLY_OPTION": "S", "MONTHLY_SPECIFIC_DAY": "23"},
        days("09-23", "10-23", "11-23", "12-23"),
        id="day 23",
    ),
    pytest.param(
        {"FREQUENCY": "7", "CRON": "0 0 18 LW * ?"},
        days("09-30", "10-31", "11-29", at="18:00:00"),
        id="cron of Quartz",
    ),
    pytest.param(
        {"TIMING_OPTION": "L", "START_DATE": "2019-09-27", "START_TIME": "15:10:00"},
        ["09-27 15:10:00"],
        id="Run Later",
    ),
]
