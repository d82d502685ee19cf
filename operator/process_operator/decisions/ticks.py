"""Due ticks of a schedule: which one starts, which one waits, and which are refused.

The table policy x catch-up x deadline for `catchUp: Latest`. Ticks are never listed by the thousand: a long outage of a
one-second schedule is a few spans, cut where the reason changes. Neighbours: `refusal.py` writes the refused ones down,
`concurrency.py` says what is in the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.refusal import Refusal, Span
from process_operator.resources.conditions import RunReason
from process_operator.resources.process import ConcurrencyPolicy
from process_operator.resources.process_run import RunPhase
from process_operator.timing.missed import is_too_old
from process_operator.timing.recurrence import Recurrence

_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Occupation:
    """A time during which a run was in the way; `end` is None while it still is (UTC)."""

    run: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class DueTicks:
    """What becomes of the ticks that are due."""

    start: datetime | None = None
    """Claim and start this one (for Queue: claim it, it starts at its turn)."""
    waiting: datetime | None = None
    """Undecided: a run is in the way, and it is not too late yet."""
    refused: tuple[Span, ...] = ()


def decide_due_ticks(
    recurrence: Recurrence,
    *,
    after: datetime,
    now: datetime,
    policy: ConcurrencyPolicy,
    deadline_seconds: int | None,
    blocked: bool,
    occupations: Sequence[Occupation],
) -> DueTicks:
    """Decide the ticks in (after, now].

    Args:
        recurrence: the calendar of the stretch.
        after: the cursor, UTC: every tick up to it is settled.
        now: UTC.
        policy: of the request.
        deadline_seconds: `startingDeadlineSeconds`, or None where nothing is ever too late.
        blocked: a run is in the way now.
        occupations: runs that are or were in the way, to tell Skipped from Missed.
    """
    newest = recurrence.previous(now)
    if newest is None or newest <= after:
        return DueTicks()
    occupied = occupations if policy == ConcurrencyPolicy.FORBID else ()
    cut = None if deadline_seconds is None else now.replace(microsecond=0) - timedelta(seconds=deadline_seconds)
    if is_too_old(newest, now, deadline_seconds):
        return DueTicks(refused=tuple(_spans(recurrence, after, newest, cut, occupied)))
    older = recurrence.previous(newest - _INSTANT)
    refused = tuple(_spans(recurrence, after, older, cut, occupied)) if older is not None and older > after else ()
    if blocked and policy in (ConcurrencyPolicy.FORBID, ConcurrencyPolicy.REPLACE):
        return DueTicks(waiting=newest, refused=refused)
    return DueTicks(start=newest, refused=refused)


def spans_without_job(
    recurrence: Recurrence,
    *,
    after: datetime,
    until: datetime,
    policy: ConcurrencyPolicy,
    occupations: Sequence[Occupation],
) -> tuple[Span, ...]:
    """Ticks in (after, until] that the CronJob controller passed over without a Job."""
    occupied = occupations if policy == ConcurrencyPolicy.FORBID else ()
    return tuple(_spans(recurrence, after, until, None, occupied))


def _spans(
    recurrence: Recurrence, after: datetime, until: datetime, cut: datetime | None, occupations: Sequence[Occupation]
) -> Iterator[Span]:
    """Refused ticks in (after, until], cut wherever the reason can change; neighbours refused alike are one span."""
    edges = {edge for occupation in occupations for edge in (occupation.start, occupation.end) if edge is not None}
    if cut is not None:
        edges.add(cut)
    inner = sorted(edge for edge in edges if after < edge <= until)
    held: Span | None = None
    for low, high in zip(
        [after, *(edge - _INSTANT for edge in inner)], [*(edge - _INSTANT for edge in inner), until], strict=True
    ):
        count = recurrence.count(low, high)
        if not count:
            continue
        first, last = recurrence.next_after(low), recurrence.previous(high)
        assert first is not None and last is not None
        refusal = _refusal(first, cut, occupations)
        if held is not None and held.refusal == refusal:
            held = Span(held.first, last, held.count + count, refusal)
            continue
        if held is not None:
            yield held
        held = Span(first, last, count, refusal)
    if held is not None:
        yield held


def _refusal(tick: datetime, cut: datetime | None, occupations: Sequence[Occupation]) -> Refusal:
    for occupation in occupations:
        if occupation.start <= tick and (occupation.end is None or tick < occupation.end):
            return Refusal(RunPhase.SKIPPED, RunReason.OVERLAP, occupation.run)
    too_old = cut is not None and tick < cut
    return Refusal(RunPhase.MISSED, RunReason.DEADLINE_PASSED if too_old else RunReason.SUPERSEDED)
