"""Counts of runs: each once, in the phase of its end, whatever is recorded in one second."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import finished

from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.status.run_counts import with_uncounted
from process_operator.resources.process_request_status import RunCounts
from process_operator.resources.process_run import RunPhase


def ended(name: str, phase: RunPhase, recorded: str) -> FinishedRun:
    return finished(name, phase, end=recorded, recorded=at(recorded))


NEWER = ended("b", RunPhase.SUCCEEDED, "12:00:13")
OLDER = ended("a", RunPhase.FAILED, "12:00:13")


@pytest.mark.parametrize(
    ("counts", "history", "wanted"),
    [
        pytest.param(RunCounts(), [], (0, 0), id="nothing ended"),
        pytest.param(RunCounts(), [NEWER, OLDER], (1, 1), id="two in one second, at once"),
        pytest.param(
            with_uncounted(RunCounts(), [NEWER]),
            [NEWER, OLDER],
            (1, 1),
            id="two in one second, one after the other, against the order of their names",
        ),
        pytest.param(
            with_uncounted(RunCounts(), [NEWER, OLDER]), [NEWER, OLDER], (1, 1), id="nothing is counted a second time"
        ),
        pytest.param(
            with_uncounted(RunCounts(), [OLDER]),
            [OLDER, ended("c", RunPhase.FAILED, "12:00:14")],
            (0, 2),
            id="a run that is recorded later",
        ),
    ],
)
def test_each_run_is_counted_once(counts: RunCounts, history: list[FinishedRun], wanted: tuple[int, int]) -> None:
    found = with_uncounted(counts, history)
    assert (found.succeeded, found.failed) == wanted
