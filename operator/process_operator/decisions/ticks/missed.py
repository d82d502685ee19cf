"""Missed ticks as records: single runs first, one summary run for a long row of them.

The first ten consecutive ticks that are missed for one reason (and because of one run) get a record each. From the
eleventh on, a summary named after its first tick stands for all of them. A one-second schedule that is blocked for a
week therefore leaves eleven objects. Ticks that were too many to wait are in one summary from the first on. Counts are
recomputed from the calendar, never added up. Neighbour: `due.py` decides which ticks are missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.missed_tick import MissedReason, Record, Span
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunSummary
from process_operator.timing.recurrence import Recurrence

_MAX_SINGLE_RECORDS: Final = 10
"""Records of single ticks in one row, before a summary."""
_GROWTH_INTERVAL: Final = timedelta(minutes=1)
"""Least time between two writes of a summary that grows."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A summary run that now stands for more ticks."""

    run: str
    missed_reason: MissedReason
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class Records:
    """Records to write for missed ticks, and the newest tick that they cover."""

    new: tuple[Record, ...] = ()
    grown: tuple[Growth, ...] = ()
    cursor: datetime | None = None


def record_spans(
    spans: Sequence[Span],
    recurrence: Recurrence,
    history: Sequence[FinishedRun],
    *,
    ongoing: bool,
    briefly: bool = False,
) -> Records:
    """Make the records of missed ticks, continuing the row that is already in the history.

    Args:
        spans: in order of time.
        recurrence: the calendar, to count and to step through ticks.
        history: finished runs of the request, in any order.
        ongoing: a run still blocks, so more ticks will be missed. A summary then grows once a minute at most.
        briefly: write one summary for each span, because a quota has little room for records.
    """
    new: list[Record] = []
    grown: list[Growth] = []
    cursor: datetime | None = None
    for index, span in enumerate(spans):
        more_follows = ongoing and index == len(spans) - 1
        singles, summary = _row_before(span, recurrence, history)
        if summary is not None:
            assert summary.summary is not None
            if more_follows and span.last - summary.summary.to < _GROWTH_INTERVAL:
                break
            start = summary.summary.from_
            count = recurrence.count(start, span.last) + recurrence.is_tick(start)
            grown.append(Growth(summary.name, span.missed_reason, RunSummary(from_=start, to=span.last, count=count)))
        else:
            in_one = span.missed_reason.reason == RunReason.TOO_MANY or (briefly and span.count > 1)
            alone = 0 if in_one else max(0, _MAX_SINGLE_RECORDS - singles)
            ticks = [span.first, *recurrence.between(span.first, span.last, limit=alone - 1)] if alone else []
            new.extend(Record(tick, span.missed_reason) for tick in ticks)
            rest = span.count - len(ticks)
            if rest:
                first = recurrence.next_after(ticks[-1]) if ticks else span.first
                assert first is not None
                new.append(Record(first, span.missed_reason, RunSummary(from_=first, to=span.last, count=rest)))
        cursor = span.last
    return Records(tuple(new), tuple(grown), cursor)


def in_one_summary(first: datetime, last: datetime, count: int, missed_reason: MissedReason) -> Record:
    """One record for all ticks that the end of an activation leaves undecided."""
    summary = RunSummary(from_=first, to=last, count=count) if count > 1 else None
    return Record(first, missed_reason, summary)


def _row_before(span: Span, recurrence: Recurrence, history: Sequence[FinishedRun]) -> tuple[int, FinishedRun | None]:
    """Number of single records of the same row right before the span, or the summary that ends the row."""
    ticks = sorted((run for run in history if run.scheduled is not None), key=lambda run: run.scheduled or run.created)
    expected, singles = span.first, 0
    for run in reversed(ticks):
        assert run.scheduled is not None
        last = run.summary.to if run.summary else run.scheduled
        if run.missed_reason != str(span.missed_reason) or recurrence.next_after(last) != expected:
            break
        if run.summary is not None:
            return singles, run
        singles += 1
        expected = run.scheduled
    return singles, None
