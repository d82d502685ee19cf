"""Due ticks: the table of policy, catch-up, blocking run and starting deadline, cell by cell."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import every

from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.ticks.due import BusyInterval, DueTicks, Rules, decide_due_ticks, spans_without_job
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp
from process_operator.resources.process_run import RunPhase

ALLOW, FORBID, REPLACE, QUEUE = (
    ConcurrencyPolicy.ALLOW,
    ConcurrencyPolicy.FORBID,
    ConcurrencyPolicy.REPLACE,
    ConcurrencyPolicy.QUEUE,
)
SUPERSEDED = MissedReason(RunPhase.MISSED, "Superseded")
TOO_LATE = MissedReason(RunPhase.MISSED, "DeadlinePassed")
TOO_MANY = MissedReason(RunPhase.MISSED, "TooMany")


def overlap(run: str = "r") -> MissedReason:
    return MissedReason(RunPhase.SKIPPED, "Overlap", run)


def span(first: str, last: str, count: int, missed_reason: MissedReason) -> Span:
    return Span(at(first), at(last), count, missed_reason)


def busy(start: str, end: str | None = None, run: str = "r") -> BusyInterval:
    return BusyInterval(run, at(start), at(end) if end is not None else None)


def due(start: str | None = None, waiting: str | None = None, *missed: Span) -> DueTicks:
    return DueTicks((at(start),) if start else (), 1 if waiting else 0, missed)


def all_of(start: list[str], waiting: int = 0, *missed: Span) -> DueTicks:
    return DueTicks(tuple(at(tick) for tick in start), waiting, missed)


def minutes(first: int, last: int) -> list[str]:
    return [f"12:{minute:02d}" for minute in range(first, last + 1)]


def decide(policy: ConcurrencyPolicy, now: str, *busy_intervals: BusyInterval, **known: Any) -> DueTicks:
    """Every minute since noon; everything up to 12:00 is settled, unless `after` says otherwise."""
    return decide_due_ticks(
        every(60),
        after=at(known.get("after", "12:00")),
        now=at(now),
        rules=Rules(policy, known.get("catch_up", CatchUp.LATEST), known.get("deadline")),
        blocked=any(busy_interval.end is None for busy_interval in busy_intervals),
        busy_intervals=busy_intervals,
    )


@pytest.mark.parametrize("policy", [ALLOW, FORBID, REPLACE, QUEUE])
@pytest.mark.parametrize(
    ("now", "decided"),
    [
        pytest.param("12:00:59", due(), id="before the next tick nothing is due"),
        pytest.param("12:01", due("12:01"), id="a tick is due at its very instant"),
        pytest.param("12:01:59", due("12:01"), id="and until the next"),
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


@dataclass(frozen=True)
class BesideRuns:
    """Due ticks beside other runs of the request, and the decision about them."""

    id: str
    policy: ConcurrencyPolicy
    now: str
    decided: DueTicks
    busy_intervals: list[BusyInterval] = field(default_factory=list)


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


@dataclass(frozen=True)
class WithDeadline:
    """Due ticks with a deadline in seconds, and what is decided about them."""

    id: str
    now: str
    deadline: int
    decided: DueTicks
    policy: ConcurrencyPolicy = ALLOW
    busy_intervals: list[BusyInterval] = field(default_factory=list)


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
