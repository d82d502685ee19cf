"""Status: the strip of the last runs, and the requests that can be next."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

import pytest

from process_operator.client.client import Client
from process_operator.client.run_table import RunRow
from process_operator.plugin import status
from process_operator.resources.types import NamespacedName

SINCE = "2026-11-30T11:00:00Z"
PHASES = ["Succeeded", "Failed", "Missed", "Skipped", "Canceled", "Unknown"]


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [pytest.param("utf-8", "✓✗\N{EN DASH}sc?", id="UTF-8"), pytest.param("ascii", "SFMsc?", id="letters elsewhere")],
)
def test_strip(encoding: str, marks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert status.strip(PHASES) == marks
    marks.encode(encoding)


def body(name: str, upcoming: str | None, *, suspend: bool = False) -> dict[str, Any]:
    found = {"nextRunTime": upcoming} if upcoming else {}
    return {"metadata": {"name": name, "namespace": "erp"}, "spec": {"suspend": suspend}, "status": found}


def test_requests_that_can_be_among_the_next_five() -> None:
    present = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    later = [body(f"later-{minute}", f"2026-11-30T12:{minute:02}:00Z") for minute in range(9, 1, -1)]
    fast = body("every-second", "2026-11-30T11:59:00Z")
    others = [body("suspended", "2026-11-30T12:01:00Z", suspend=True), body("ran-once", None)]
    new = {"metadata": {"name": "new", "namespace": "erp"}, "spec": {}}
    found = [one["metadata"]["name"] for one in status._soonest([*later, fast, *others, new], present)]
    assert found == ["every-second", "later-2", "later-3", "later-4", "later-5", "later-6"]


@dataclass(frozen=True)
class Suspension:
    """A suspended request, and the words about the user who suspended it."""

    id: str
    shown: str
    observed: int = 3
    since: str | None = None
    suspend: bool = True


SUSPENSIONS: Final = [
    Suspension("the operator has seen this suspension", shown="yes, by alice: stocktaking"),
    Suspension(
        "the operator has seen this suspension, and when it began",
        since=SINCE,
        shown=f"yes, since {SINCE}, by alice: stocktaking",
    ),
    Suspension("it has not: the name may be that of an earlier one", observed=2, shown="yes: stocktaking"),
    Suspension("not suspended", since=SINCE, suspend=False, shown=""),
]


@pytest.mark.parametrize("case", SUSPENSIONS, ids=lambda case: case.id)
def test_user_who_suspended(case: Suspension) -> None:
    of = body("daily", None, suspend=case.suspend)
    of["metadata"] |= {"generation": 3, "annotations": {"process-operator.io/suspend-reason": "stocktaking"}}
    of["status"] |= {"observedGeneration": case.observed, "suspendedBy": "alice"}
    of["status"] |= {"suspendedSince": case.since} if case.since else {}
    assert status._suspended(of) == case.shown


def test_a_long_reason_is_cut_on_the_terminal() -> None:
    of = body("daily", None, suspend=True)
    of["metadata"] |= {"generation": 3, "annotations": {"process-operator.io/suspend-reason": "é" * 100_000}}
    assert status._suspended(of) == f"yes: {'é' * 253}..."


@pytest.mark.parametrize(
    ("log", "shown"),
    [
        pytest.param({"text": "done", "url": "https://logs.example.com/r"}, "https://logs.example.com/r", id="a link"),
        pytest.param({"text": "done"}, None, id="no link"),
        pytest.param(None, None, id="no log"),
    ],
)
def test_link_of_the_newest_run_that_has_ended(log: dict[str, str] | None, shown: str | None) -> None:
    asked: list[object] = []

    class Runs:
        """A client with one run."""

        async def runs_named(self, names: list[NamespacedName]) -> list[dict[str, Any]]:
            asked.extend(names)
            return [{"status": {"log": log} if log else {}} for _ in names]

    rows = [RunRow("erp", name, "", {"Status": phase}) for name, phase in (("b", "Running"), ("a", "Failed"))]
    assert asyncio.run(status._last_log(cast("Client", Runs()), rows)) == shown
    assert asked == [("erp", "a")]
