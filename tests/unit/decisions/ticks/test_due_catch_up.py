"""Due ticks with `catchUp: All`: they start, wait or are missed, policy by policy. Neighbour: `test_due.py`."""

from __future__ import annotations

from typing import Final

import pytest
from tests.builders.due_ticks import (
    ALLOW,
    FORBID,
    QUEUE,
    REPLACE,
    SUPERSEDED,
    TOO_LATE,
    TOO_MANY,
    BesideRuns,
    WithDeadline,
    all_of,
    busy,
    decide,
    due,
    minutes,
    overlap,
    span,
)

from process_operator.resources.process_request import CatchUp

CATCH_UP_ALL: Final = [
    BesideRuns("Allow: one that is due starts", policy=ALLOW, now="12:01", decided=all_of(["12:01"])),
    BesideRuns("Allow: all start, oldest first", policy=ALLOW, now="12:03", decided=all_of(minutes(1, 3))),
    BesideRuns(
        "Allow: beside what runs, too",
        policy=ALLOW,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=all_of(minutes(1, 3)),
    ),
    BesideRuns(
        "Allow: ten in one decision, the rest in the next",
        policy=ALLOW,
        now="12:25",
        decided=all_of(minutes(1, 10), 15),
    ),
    BesideRuns(
        "Allow: the newest hundred are made up, the older are too many",
        policy=ALLOW,
        now="13:45",
        decided=all_of(minutes(6, 15), 90, span("12:01", "12:05", 5, TOO_MANY)),
    ),
    BesideRuns("Forbid: one that is due starts", policy=FORBID, now="12:01", decided=all_of(["12:01"])),
    BesideRuns(
        "Forbid: alone, the oldest starts and the rest wait",
        policy=FORBID,
        now="12:03",
        decided=all_of(["12:01"], 2),
    ),
    BesideRuns(
        "Forbid: all wait for a blocking run",
        policy=FORBID,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=all_of([], 3),
    ),
    BesideRuns(
        "Forbid: a hundred wait, the older are too many",
        policy=FORBID,
        now="13:43",
        busy_intervals=[busy("12:00")],
        decided=all_of([], 100, span("12:01", "12:03", 3, TOO_MANY)),
    ),
    BesideRuns("Replace: one that is due starts", policy=REPLACE, now="12:01", decided=due("12:01")),
    BesideRuns(
        "Replace: as with Latest, the newest starts",
        policy=REPLACE,
        now="12:03",
        decided=due("12:03", None, span("12:01", "12:02", 2, SUPERSEDED)),
    ),
    BesideRuns(
        "Replace: as with Latest, the newest waits until the other is gone",
        policy=REPLACE,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=due(None, "12:03", span("12:01", "12:02", 2, SUPERSEDED)),
    ),
    BesideRuns("Queue: all join, oldest first", policy=QUEUE, now="12:03", decided=all_of(minutes(1, 3))),
    BesideRuns(
        "Queue: behind what runs, too",
        policy=QUEUE,
        now="12:03",
        busy_intervals=[busy("12:00")],
        decided=all_of(minutes(1, 3)),
    ),
    BesideRuns(
        "Queue: the newest hundred join, ten in one decision",
        policy=QUEUE,
        now="13:45",
        busy_intervals=[busy("12:00")],
        decided=all_of(minutes(6, 15), 90, span("12:01", "12:05", 5, TOO_MANY)),
    ),
]


@pytest.mark.parametrize("case", CATCH_UP_ALL, ids=lambda case: case.id)
def test_catching_up_with_all(case: BesideRuns) -> None:
    assert decide(case.policy, case.now, *case.busy_intervals, catch_up=CatchUp.ALL) == case.decided


ALL_WITH_DEADLINE: Final = [
    WithDeadline(
        "Allow: exactly at the deadline still starts, the older are missed",
        now="12:03:20.9",
        deadline=80,
        decided=all_of(minutes(2, 3), 0, span("12:01", "12:01", 1, TOO_LATE)),
    ),
    WithDeadline(
        "Allow: all are too late",
        now="12:03:21",
        deadline=20,
        decided=due(None, None, span("12:01", "12:03", 3, TOO_LATE)),
    ),
    WithDeadline(
        "Forbid: a tick that waited too long for the blocking run is skipped",
        now="12:05",
        deadline=130,
        decided=all_of([], 3, span("12:01", "12:02", 2, overlap())),
        policy=FORBID,
        busy_intervals=[busy("12:00")],
    ),
    WithDeadline(
        "Forbid: a tick that is too late without a blocking run is missed, then the oldest starts",
        now="12:05",
        deadline=130,
        decided=all_of(["12:03"], 2, span("12:01", "12:01", 1, overlap()), span("12:02", "12:02", 1, TOO_LATE)),
        policy=FORBID,
        busy_intervals=[busy("12:00", "12:01:30")],
    ),
    WithDeadline(
        "Replace: as with Latest",
        now="12:05",
        deadline=70,
        decided=due("12:05", None, span("12:01", "12:03", 3, TOO_LATE), span("12:04", "12:04", 1, SUPERSEDED)),
        policy=REPLACE,
    ),
    WithDeadline(
        "Queue: who is too late does not join",
        now="12:05",
        deadline=130,
        decided=all_of(minutes(3, 5), 0, span("12:01", "12:02", 2, TOO_LATE)),
        policy=QUEUE,
        busy_intervals=[busy("12:00")],
    ),
    WithDeadline(
        "Allow: too late comes before too many",
        now="14:00",
        deadline=6600,
        decided=all_of(minutes(21, 30), 90, span("12:01", "12:09", 9, TOO_LATE), span("12:10", "12:20", 11, TOO_MANY)),
    ),
]


@pytest.mark.parametrize("case", ALL_WITH_DEADLINE, ids=lambda case: case.id)
def test_catching_up_with_all_and_a_starting_deadline(case: WithDeadline) -> None:
    assert (
        decide(case.policy, case.now, *case.busy_intervals, catch_up=CatchUp.ALL, deadline=case.deadline)
        == case.decided
    )
