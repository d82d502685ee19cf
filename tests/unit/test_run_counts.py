"""How many runs ended in each way, counted from what was written and from the finished runs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.given import at, finished

from process_operator.decisions.run_counts import is_counted, with_uncounted
from process_operator.decisions.snapshot import FinishedRun
from process_operator.resources.process_request import RunCounts
from process_operator.resources.process_run import RunPhase


def ended(name: str, recorded: str, phase: RunPhase = RunPhase.SUCCEEDED) -> FinishedRun:
    return finished(name, phase, recorded=at(recorded))


def counts(through: str | None = None, at_through: int = 0, **numbers: int) -> RunCounts:
    return RunCounts(through=at(through) if through is not None else None, at_through=at_through, **numbers)


FAILED = RunPhase.FAILED
A, B, C = ended("a", "12:01"), ended("b", "12:02"), ended("c", "12:02", FAILED)


@pytest.mark.parametrize(
    ("written", "history", "wanted"),
    [
        pytest.param(counts(), [], counts(), id="nothing ended"),
        pytest.param(counts(), [A, B, C], counts("12:02", 2, succeeded=2, failed=1), id="none was counted"),
        pytest.param(counts("12:02", 2, succeeded=2, failed=1), [C, B, A], counts("12:02", 2, succeeded=2, failed=1), id="all were counted"),
        pytest.param(counts("12:01", 1, succeeded=1), [A, B, C], counts("12:02", 2, succeeded=2, failed=1), id="two since"),
        pytest.param(counts("12:02", 1, succeeded=2), [A, B, C], counts("12:02", 2, succeeded=2, failed=1), id="one in the same second"),
        pytest.param(counts("12:02", 2, succeeded=1, failed=1), [C], counts("12:02", 2, succeeded=1, failed=1), id="one of the second was removed since"),
        pytest.param(counts("12:02", 1, succeeded=9), [ended("d", "12:00")], counts("12:02", 1, succeeded=9), id="older ones are counted"),
        pytest.param(counts(succeeded=9), [A, B, C], counts(succeeded=9), id="of counts that do not say up to when, nothing is missing"),
        pytest.param(counts(), [finished("a")], counts(), id="a run that does not say when it was recorded"),
    ],
)  # fmt: skip
def test_the_counts_hold_every_finished_run_once(written: Any, history: Any, wanted: Any) -> None:
    found = with_uncounted(written, history)
    assert found == wanted
    assert with_uncounted(found, history) == found


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        pytest.param(counts("12:02", 1, succeeded=1), True, id="recorded before the last that is counted"),
        pytest.param(counts("12:00", 1, succeeded=1), False, id="recorded after it"),
        pytest.param(counts(), False, id="nothing was counted"),
        pytest.param(counts(failed=3), True, id="the counts do not say up to when"),
    ],
)
def test_a_run_is_kept_until_it_is_counted(written: RunCounts, wanted: bool) -> None:  # noqa: FBT001
    assert is_counted(written, A) is wanted
    assert is_counted(written, finished("a"))
