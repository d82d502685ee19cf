"""Due ticks: the table of policy, catch-up, blocking run and starting deadline, cell by cell."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Final

import pytest
from tests.builders.due_ticks import (
    ALLOW,
    FORBID,
    QUEUE,
    REPLACE,
    SUPERSEDED,
    TOO_LATE,
    BesideRuns,
    WithDeadline,
    busy,
    decide,
    due,
    overlap,
    span,
)
from tests.builders.instants import at
from tests.builders.snapshots import every

from process_operator.decisions.inputs.missed_tick import Span
from process_operator.decisions.ticks.due import BusyInterval, DueTicks, Rules, decide_due_ticks, spans_without_job
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp


@pytest.mark.parametrize("policy", [ALLOW, FORBID, REPLACE, QUEUE])
@pytest.mark.parametrize(
    ("now", "decided"),
    [
        pytest.param("12:00:59", due(), id="before the next tick nothing is due"),
        pytest.param("12:01", due("12:01"), id="a tick is due at its very instant"),
        pytest.param("12:01:59", due("12:01"), id="a tick is due until the next"),
        pytest.param(
            "12:02:30",
            due("12:02", None, span("12:01", "12:01", 1, SUPERSEDED)),
            id="the newest starts, the older is missed",
        ),
        pytest.param(
            "13:00", due("13:00", None, span("12:01", "12:59", 59, SUPERSEDED)), id="an hour away is one span"
        ),
    ],
)
def test_alone(policy: ConcurrencyPolicy, now: str, decided: DueTicks) -> None:
    assert decide(policy, now) == decided


BESIDE_RUNS: Final = [
    BesideRuns(
        "Allow: starts beside it",
        policy=ALLOW,
        now="12:01",
        busy_intervals=[busy("12:00")],
        decided=due("12:01"),
    ),
    BesideRuns(
        "Forbid: the newest waits",
        policy=FORBID,
        now="12:01",
        busy_intervals=[busy("12:00")],
        decided=due(None, "12:01"),
    ),
    BesideRuns(
        "Forbid: when a newer one comes the older are skipped",
        policy=FORBID,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=due(None, "12:03", span("12:01", "12:02", 2, overlap())),
    ),
    BesideRuns(
        "Forbid: skipped while the run was there, missed after it had ended",
        policy=FORBID,
        now="12:05",
        busy_intervals=[busy("12:00", "12:02:30")],
        decided=due("12:05", None, span("12:01", "12:02", 2, overlap()), span("12:03", "12:04", 2, SUPERSEDED)),
    ),
    BesideRuns(
        "Forbid: each names the run that blocked it",
        policy=FORBID,
        now="12:05",
        busy_intervals=[busy("12:00", "12:02", run="a"), busy("12:02", "12:04:30", run="b")],
        decided=due("12:05", None, span("12:01", "12:01", 1, overlap("a")), span("12:02", "12:04", 3, overlap("b"))),
    ),
    BesideRuns(
        "Forbid: a run that ends at a tick does not block it",
        policy=FORBID,
        now="12:05",
        busy_intervals=[busy("12:00", "12:03")],
        decided=due("12:05", None, span("12:01", "12:02", 2, overlap()), span("12:03", "12:04", 2, SUPERSEDED)),
    ),
    BesideRuns(
        "Replace: waits until the other is gone",
        policy=REPLACE,
        now="12:01",
        busy_intervals=[busy("12:00")],
        decided=due(None, "12:01"),
    ),
    BesideRuns(
        "Replace: older ones are missed, not skipped",
        policy=REPLACE,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=due(None, "12:03", span("12:01", "12:02", 2, SUPERSEDED)),
    ),
    BesideRuns(
        "Queue: joins behind it",
        policy=QUEUE,
        now="12:01",
        busy_intervals=[busy("12:00")],
        decided=due("12:01"),
    ),
]


@pytest.mark.parametrize("case", BESIDE_RUNS, ids=lambda case: case.id)
def test_beside_other_runs(case: BesideRuns) -> None:
    assert decide(case.policy, case.now, *case.busy_intervals) == case.decided


WITH_DEADLINE: Final = [
    WithDeadline(
        "exactly at the deadline still starts",
        now="12:01:20.9",
        deadline=20,
        decided=due("12:01"),
    ),
    WithDeadline(
        "a second later it is missed",
        now="12:01:21",
        deadline=20,
        decided=due(None, None, span("12:01", "12:01", 1, TOO_LATE)),
    ),
    WithDeadline(
        "a deadline of 0 allows the second of the tick",
        now="12:01:00.9",
        deadline=0,
        decided=due("12:01"),
    ),
    WithDeadline(
        "too late and superseded are told apart",
        now="12:10",
        deadline=150,
        decided=due("12:10", None, span("12:01", "12:07", 7, TOO_LATE), span("12:08", "12:09", 2, SUPERSEDED)),
    ),
    WithDeadline(
        "a tick that is too late because a run blocked it is skipped",
        now="12:04",
        deadline=60,
        decided=due(None, "12:04", span("12:01", "12:03", 3, overlap())),
        policy=FORBID,
        busy_intervals=[busy("12:00")],
    ),
    WithDeadline(
        "the one that waits is given up at its deadline",
        now="12:02:50",
        deadline=30,
        decided=due(None, None, span("12:01", "12:02", 2, overlap())),
        policy=FORBID,
        busy_intervals=[busy("12:00")],
    ),
    WithDeadline(
        "too late after the run had ended is missed",
        now="12:06:40",
        deadline=30,
        decided=due(None, None, span("12:01", "12:02", 2, overlap()), span("12:03", "12:06", 4, TOO_LATE)),
        policy=FORBID,
        busy_intervals=[busy("12:00", "12:02:30")],
    ),
]


@pytest.mark.parametrize("case", WITH_DEADLINE, ids=lambda case: case.id)
def test_with_a_starting_deadline(case: WithDeadline) -> None:
    assert decide(case.policy, case.now, *case.busy_intervals, deadline=case.deadline) == case.decided


def test_a_year_of_seconds_is_counted_and_not_listed() -> None:
    begun = time.process_time()
    decided = decide_due_ticks(
        every(1),
        after=at("12:00"),
        now=at("12:00") + timedelta(days=365),
        rules=Rules(FORBID, CatchUp.ALL),
        blocked=False,
        busy_intervals=[],
    )
    # To list thirty million takes half a minute.
    assert time.process_time() - begun < 2
    assert (len(decided.start), decided.waiting, [s.count for s in decided.missed]) == (1, 99, [365 * 86400 - 100])


@pytest.mark.parametrize(
    ("after", "now", "decided"),
    [
        pytest.param("12:05", "12:05:30", due(), id="ticks that the cursor covers are not evaluated again"),
        pytest.param("12:05", "12:01", due(), id="a clock that was set back decides nothing"),
        pytest.param("12:04", "12:05:30", due("12:05"), id="after the cursor it continues"),
    ],
)
def test_the_cursor(after: str, now: str, decided: DueTicks) -> None:
    assert decide(ALLOW, now, after=after) == decided


@pytest.mark.parametrize(
    ("policy", "busy_intervals", "spans"),
    [
        pytest.param(FORBID, [], (span("12:01", "12:03", 3, SUPERSEDED),), id="nobody was there: missed"),
        pytest.param(
            FORBID,
            [busy("12:00", "12:02:30")],
            (span("12:01", "12:02", 2, overlap()), span("12:03", "12:03", 1, SUPERSEDED)),
            id="a run was there: skipped",
        ),
        pytest.param(
            ALLOW,
            [busy("12:00", "12:02:30")],
            (span("12:01", "12:03", 3, SUPERSEDED),),
            id="under Allow no run blocked",
        ),
    ],
)
def test_ticks_that_the_cronjob_controller_passed_over(
    policy: ConcurrencyPolicy, busy_intervals: list[BusyInterval], spans: tuple[Span, ...]
) -> None:
    found = spans_without_job(
        every(60), after=at("12:00"), until=at("12:03"), policy=policy, busy_intervals=busy_intervals
    )
    assert found == spans
