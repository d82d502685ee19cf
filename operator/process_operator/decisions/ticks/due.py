"""Due ticks of a schedule: which start, which wait, and which are missed.

This is the table policy x catch-up x deadline. Ticks are never listed by the thousand. A long outage of a one-second
schedule is a few spans, cut wherever the reason changes. Neighbours: `missed.py` records the missed ticks,
`concurrency/policy.py` finds the runs that block a tick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.plan.limits import MAX_STARTS, MAX_WAITING
from process_operator.resources.conditions import RunReason
from process_operator.resources.model import whole_second
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_request import CatchUp
from process_operator.resources.process_run import RunPhase
from process_operator.timing.missed import is_too_old
from process_operator.timing.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class BusyInterval:
    """A time during which a run blocked other runs; `end` is None while it still does (UTC)."""

    run: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class CreationFailure:
    """A cause for which the runs of ticks from `first` (UTC) on could not be created."""

    first: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The fields of a request about ticks that are late or meet another run."""

    policy: ConcurrencyPolicy
    catch_up: CatchUp = CatchUp.LATEST
    deadline_seconds: int | None = None
    """`startingDeadlineSeconds`; None if no tick is ever too late."""
    most: int = MAX_STARTS
    """Number of runs that may start now, at least 1. `maxRuns` may leave fewer than one decision starts."""

    @property
    def starts_all(self) -> bool:
        """Whether older ticks start too. Under Replace the newest tick would end them, so they never start."""
        return self.catch_up == CatchUp.ALL and self.policy != ConcurrencyPolicy.REPLACE


@dataclass(frozen=True, slots=True)
class DueTicks:
    """Decision about the ticks that are due."""

    start: tuple[datetime, ...] = ()
    """Ticks to claim and start, oldest first. Under Queue they are claimed and start in turn."""
    waiting: int = 0
    """Number of the newest ticks that stay undecided, because a run blocks them or the next decision starts them."""
    missed: tuple[Span, ...] = ()
    """Missed ticks, all older than the ticks that start or wait."""


def decide_due_ticks(
    recurrence: Recurrence,
    *,
    after: datetime,
    now: datetime,
    rules: Rules,
    blocked: bool,
    busy_intervals: Sequence[BusyInterval],
    creation_failure: CreationFailure | None = None,
) -> DueTicks:
    """Decide the ticks after `after` that are due by now.

    Args:
        recurrence: the calendar of the activation.
        after: the cursor (UTC). Every tick up to it is settled.
        now: UTC.
        rules: of the request.
        blocked: a run blocks them now.
        busy_intervals: times of runs that block or blocked them, to tell Skipped from Missed.
        creation_failure: why runs could not be created, which the records of missed ticks name.
    """
    newest = recurrence.previous(recurrence.due_through(now))
    if newest is None or newest <= after:
        return DueTicks()
    policy, deadline = rules.policy, rules.deadline_seconds
    busy = _among_ticks(recurrence, busy_intervals) if policy == ConcurrencyPolicy.FORBID else ()
    cut = None
    if deadline is not None:
        cut = recurrence.due_before(whole_second(now) - timedelta(seconds=deadline))
    reasons = _Reasons(cut, busy, creation_failure)
    if is_too_old(recurrence.due_at(newest), now, deadline):
        return DueTicks(missed=tuple(_spans(recurrence, after, newest, reasons)))
    if rules.starts_all:
        low = after if cut is None else max(after, recurrence.before(cut) or after)
        too_old = tuple(_spans(recurrence, after, low, reasons)) if low > after else ()
        at_once = rules.most if policy != ConcurrencyPolicy.FORBID else 0 if blocked else 1
        return _in_turn(recurrence, low, newest, too_old, at_once)
    older = recurrence.before(newest)
    missed = tuple(_spans(recurrence, after, older, reasons)) if older is not None and older > after else ()
    if blocked and policy in (ConcurrencyPolicy.FORBID, ConcurrencyPolicy.REPLACE):
        return DueTicks(waiting=1, missed=missed)
    return DueTicks(start=(newest,), missed=missed)


def _among_ticks(recurrence: Recurrence, busy_intervals: Sequence[BusyInterval]) -> tuple[BusyInterval, ...]:
    """The same times between nominal instants. A run blocks the ticks that are due while it is open."""
    edge = recurrence.due_before
    return tuple(
        BusyInterval(busy.run, edge(busy.start), edge(busy.end) if busy.end is not None else None)
        for busy in busy_intervals
    )


def _in_turn(
    recurrence: Recurrence, after: datetime, newest: datetime, too_old: tuple[Span, ...], at_once: int
) -> DueTicks:
    """Start each tick in (after, newest] in its turn, `at_once` of them now. The oldest beyond `MAX_WAITING` are missed."""
    missed, left = too_old, recurrence.count(after, newest)
    if left > MAX_WAITING:
        oldest_kept = recurrence.newest(after, newest, limit=MAX_WAITING)[0]
        dropped = recurrence.span(after, recurrence.before(oldest_kept) or after)
        assert dropped is not None
        missed += (Span.of(dropped, MissedReason(RunPhase.MISSED, RunReason.TOO_MANY)),)
        after, left = dropped.last, MAX_WAITING
    start = tuple(recurrence.between(after, newest, limit=at_once)) if at_once else ()
    return DueTicks(start, left - len(start), missed)


def spans_without_job(
    recurrence: Recurrence,
    *,
    after: datetime,
    until: datetime,
    policy: ConcurrencyPolicy,
    busy_intervals: Sequence[BusyInterval],
) -> tuple[Span, ...]:
    """Ticks in (after, until] for which the CronJob controller created no Job."""
    busy = busy_intervals if policy == ConcurrencyPolicy.FORBID else ()
    return tuple(_spans(recurrence, after, until, _Reasons(None, busy)))


@dataclass(frozen=True, slots=True)
class _Reasons:
    """Everything that decides why a tick is missed."""

    cut: datetime | None
    """Ticks before it are too late."""
    busy_intervals: Sequence[BusyInterval]
    creation_failure: CreationFailure | None = None

    def edges(self) -> set[datetime]:
        """Instants at which the reason can change."""
        edges = {edge for busy in self.busy_intervals for edge in (busy.start, busy.end) if edge is not None}
        edges |= {self.cut} if self.cut is not None else set()
        return edges | ({self.creation_failure.first} if self.creation_failure is not None else set())


def _spans(recurrence: Recurrence, after: datetime, until: datetime, reasons: _Reasons) -> Iterator[Span]:
    """Missed ticks in (after, until], cut wherever the reason changes."""
    ends = [recurrence.before(edge) for edge in sorted(reasons.edges()) if after < edge <= until]
    held: Span | None = None
    for end in [*ends, until]:
        found = recurrence.span(after, end) if end is not None else None
        if found is None:
            continue
        after, missed_reason = found.last, _missed_reason(found.first, reasons)
        if held is not None and held.missed_reason == missed_reason:
            held = Span(held.first, found.last, held.count + found.count, missed_reason)
            continue
        if held is not None:
            yield held
        held = Span.of(found, missed_reason)
    if held is not None:
        yield held


def _missed_reason(tick: datetime, reasons: _Reasons) -> MissedReason:
    for busy in reasons.busy_intervals:
        if busy.start <= tick and (busy.end is None or tick < busy.end):
            return MissedReason(RunPhase.SKIPPED, RunReason.OVERLAP, busy.run)
    too_old, failure = reasons.cut is not None and tick < reasons.cut, reasons.creation_failure
    cause = failure.cause if failure is not None and tick >= failure.first else ""
    return MissedReason(RunPhase.MISSED, RunReason.DEADLINE_PASSED if too_old else RunReason.SUPERSEDED, cause)
