"""Expanding cron fields: every range and step of every field, against plain arithmetic."""

from __future__ import annotations

import subprocess
import sys

import pytest

from process_operator.timing.cron.expansion import expand, normalised_item
from process_operator.timing.cron.field import Field
from process_operator.timing.cron.standard import parse_cron

FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of month", 1, 31),
    Field("month", 1, 12),
    Field("weekday", 0, 6),
)
STEPS = (1, 2, 3, 5, 7, 15, 30, 59, 60, 1000)


@pytest.mark.parametrize("index", range(5), ids=[field.name for field in FIELDS])
def test_every_range_and_step_of_a_field(index: int) -> None:
    field = FIELDS[index]
    for low in range(field.low, field.high + 1):
        for high in range(low, field.high + 1):
            # Two steps for each range: a year of minutes is long otherwise, and all steps meet all lengths.
            for step in {1, STEPS[(low + high) % len(STEPS)]}:
                text = normalised_item(field, low, high, step)
                assert expand(index, field.low, field.high, text) == frozenset(range(low, high + 1, step)), text


@pytest.mark.parametrize("index", range(5), ids=[field.name for field in FIELDS])
def test_a_list_of_all_values_is_all_values(index: int) -> None:
    field = FIELDS[index]
    values = range(field.low, field.high + 1)
    assert expand(index, field.low, field.high, ",".join(map(str, values))) == frozenset(values)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        pytest.param("5-5,7", {5, 7}, id="a range of one value in a list"),
        pytest.param("59/15", {59}, id="a step from the last value"),
        pytest.param("5-5/3", {5}, id="a step over a range of one value"),
        pytest.param("0-59", set(range(60)), id="the whole range"),
        pytest.param("*/1", set(range(60)), id="a step of one over all"),
    ],
)
def test_what_croniter_alone_reads_otherwise_or_might(text: str, minutes: set[int]) -> None:
    assert parse_cron(f"{text} 0 * * *").minutes == minutes


@pytest.mark.parametrize("command", ["process_operator.resources.schema", "process_operator.preview.command"])
def test_crds_and_preview_start_without_croniter(command: str) -> None:
    program = "import importlib, sys; importlib.import_module(sys.argv[1]); print('croniter' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program, command], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


@pytest.mark.parametrize(("text", "is_imported"), [("daily: {at: '02:00'}", False), ("cron: 0 2 * * *", True)])
def test_croniter_is_imported_for_expressions_only(text: str, *, is_imported: bool) -> None:
    program = (
        "import sys, yaml\n"
        "from datetime import UTC, datetime\n"
        "from process_operator.resources.schedule import Schedule\n"
        "from process_operator.timing.recurrence import compile_schedule\n"
        "compile_schedule(Schedule.model_validate(yaml.safe_load(sys.argv[1])), since=datetime(2027, 1, 1, tzinfo=UTC))\n"
        "print('croniter' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program, text], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(is_imported)
