"""Progress with one request: what a change replaces, and which number tells a decision that its basis is old."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.builders.instants import at

from process_operator.decisions.inputs.blocked import Blocked
from process_operator.resources.process_backfill import ProcessBackfillStatus
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.state.memory import Memory
from process_operator.state.progress import RequestProgress

KEY = ("erp", "close")
STATUS = ProcessBackfillStatus()
BLOCKED = Blocked(what="create a Job", reason="QuotaExceeded", message="", since=at("12:00"), again_at=at("12:01"))
BUSY = RequestProgress(backfills={"a": STATUS}, backfills_written_at={"a": at("12:00"), "b": at("12:00")})


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(
            BUSY.with_backfills({"b": STATUS}), replace(BUSY, backfills={"a": STATUS, "b": STATUS}), id="decided"
        ),
        pytest.param(
            BUSY.without_backfill("a", written_at=at("12:05")),
            RequestProgress(backfills_written_at={"a": at("12:05"), "b": at("12:00")}),
            id="written",
        ),
        pytest.param(
            BUSY.without_backfill("a"), RequestProgress(backfills_written_at={"b": at("12:00")}), id="finished"
        ),
        pytest.param(
            RequestProgress().with_blocked("Run", BLOCKED),
            RequestProgress(blocked={"Run": BLOCKED}),
            id="an action failed",
        ),
        pytest.param(
            RequestProgress(blocked={"Run": BLOCKED}).with_blocked("Run", None), RequestProgress(), id="it works again"
        ),
    ],
)
def test_a_change_makes_another_value(found: RequestProgress, wanted: RequestProgress) -> None:
    assert found == wanted
    assert RequestProgress(backfills={"a": STATUS}, backfills_written_at={"a": at("12:00"), "b": at("12:00")}) == BUSY


@pytest.mark.parametrize("how", ["another status was seen", "everything was reset", "the request was deleted"])
def test_a_decision_about_an_old_status_is_recognized(how: str) -> None:
    memory = Memory()
    memory.set_progress(KEY, replace(memory.progress(KEY), status=ProcessRequestStatus(), failures=1))
    basis = memory.progress(KEY).status_version
    memory.set_progress(KEY, replace(memory.progress(KEY), failures=2))
    assert memory.progress(KEY).status_version == basis
    if how == "another status was seen":
        memory.mark_status_changed(KEY)
    elif how == "everything was reset":
        memory.reset()
    else:
        memory.mark_request_deleted(KEY)
    assert memory.progress(KEY).status_version != basis
    assert memory.progress(KEY).status is None
