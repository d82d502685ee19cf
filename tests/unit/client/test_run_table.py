"""RunFilter: what the API server selects, and what the client selects of the rows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.builders.instants import at

from process_operator.client.run_table import FAILED_PHASES, RunFilter, RunRow

CREATED = "2026-11-30T09:00:00Z"


def row(**cells: Any) -> RunRow:
    return RunRow(
        "erp", "daily-1", CREATED, {"Status": "Succeeded", "Process": "close", "Trigger": "Schedule", **cells}
    )


@pytest.mark.parametrize(
    ("wanted", "selector"),
    [
        pytest.param(RunFilter(), None, id="everything"),
        pytest.param(RunFilter(request="daily"), "spec.request.name=daily", id="of a request"),
        pytest.param(RunFilter(phases=frozenset({"Failed"})), "status.phase=Failed", id="in one phase"),
        pytest.param(RunFilter(phases=FAILED_PHASES), None, id="several phases are for the client"),
        pytest.param(
            RunFilter(request="daily", fields="status.phase!=Failed"),
            "status.phase!=Failed,spec.request.name=daily",
            id="with the user's own selector",
        ),
    ],
)
def test_field_selector(wanted: RunFilter, selector: str | None) -> None:
    assert wanted.field_selector == selector


@pytest.mark.parametrize(
    ("wanted", "cells", "selected"),
    [
        pytest.param(RunFilter(), {}, True, id="no filter selects all"),
        pytest.param(RunFilter(phases=FAILED_PHASES), {"Status": "Missed"}, True, id="one of the phases"),
        pytest.param(RunFilter(phases=FAILED_PHASES), {}, False, id="another phase"),
        pytest.param(RunFilter(phases=frozenset({"Pending"})), {"Status": None}, True, id="no phase yet is Pending"),
        pytest.param(RunFilter(process="close"), {}, True, id="its process"),
        pytest.param(RunFilter(process="open"), {}, False, id="another process"),
        pytest.param(RunFilter(trigger="Manual"), {}, False, id="another trigger"),
        pytest.param(
            RunFilter(since=at("2026-11-30T09:00")),
            {},
            True,
            id="its creation, if it has no tick, is included in since",
        ),
        pytest.param(RunFilter(since=at("2026-11-30T10:00")), {}, False, id="too early"),
        pytest.param(
            RunFilter(since=at("2026-11-30T10:00")),
            {"Scheduled": "2026-11-30T10:00:00Z"},
            True,
            id="the tick counts first",
        ),
        pytest.param(RunFilter(until=at("2026-11-30T08:00")), {}, False, id="too late"),
        pytest.param(RunFilter(until=at("2026-11-30T09:00")), {}, True, id="until is included"),
    ],
)
def test_selection(wanted: RunFilter, cells: dict[str, Any], *, selected: bool) -> None:
    assert wanted.selects(row(**cells)) is selected
