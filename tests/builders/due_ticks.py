"""Due ticks of every minute since noon, and the decision about them, for the tables about policies and deadlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.builders.instants import at
from tests.builders.snapshots import every

from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.ticks.due import BusyInterval, DueTicks, Rules, decide_due_ticks
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


@dataclass(frozen=True)
class BesideRuns:
    """Due ticks beside other runs of the request, and the decision about them."""

    id: str
    policy: ConcurrencyPolicy
    now: str
    decided: DueTicks
    busy_intervals: list[BusyInterval] = field(default_factory=list)


@dataclass(frozen=True)
class WithDeadline:
    """Due ticks with a deadline in seconds, and what is decided about them."""

    id: str
    now: str
    deadline: int
    decided: DueTicks
    policy: ConcurrencyPolicy = ALLOW
    busy_intervals: list[BusyInterval] = field(default_factory=list)
