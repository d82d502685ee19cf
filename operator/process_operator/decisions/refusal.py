"""Why a due tick gets no Job, and how that is recorded: single runs first, one summary run for a long row of them.

The first ten consecutive ticks refused for the same reason (and by the same run in the way) are a record each; from the
eleventh on a summary named after its first tick stands for all of them, so a one-second schedule that is blocked for a
week leaves eleven objects. Those that were too many to wait are in one summary from the first on. Counts are recomputed
from the calendar, never added up. Neighbour: `ticks.py` says which ticks are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.snapshot import FinishedRun
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import RunPhase, RunSummary
from process_operator.timing.recurrence import Recurrence

SINGLE_RECORDS: Final = 10
_GROWTH: Final = timedelta(minutes=1)
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A phase and reason for ticks that do not start; `about` names the run in the way, or the cause of a miss."""

    phase: RunPhase
    reason: str
    about: str = ""

    def __str__(self) -> str:
        """As written in the annotation of the claim: `Skipped/Overlap NAME`."""
        return f"{self.phase}/{self.reason} {self.about}".rstrip()

    @classmethod
    def parse(cls, text: str) -> Refusal | None:
        """The inverse of str(); None where the text is not of this form."""
        head, _, about = text.partition(" ")
        phase, _, reason = head.partition("/")
        if phase not in (RunPhase.MISSED, RunPhase.SKIPPED, RunPhase.UNKNOWN) or not reason:
            return None
        return cls(RunPhase(phase), reason, about)

    def message(self, deadline_seconds: int | None = None) -> str:
        """The sentence a person reads in the run."""
        words = _WORDS.get(self.reason, "").format(about=self.about, seconds=deadline_seconds)
        is_named = self.reason == RunReason.OVERLAP or not self.about
        return words if is_named else f"{words}: {self.about}"


_WORDS: Final[dict[str, str]] = {
    RunReason.OVERLAP: "run {about} was in the way (concurrencyPolicy: Forbid)",
    RunReason.SUPERSEDED: "a newer tick was due as well, and only the newest one is started "
    "(catchUp: Latest, or concurrencyPolicy: Replace)",
    RunReason.DEADLINE_PASSED: "not started within {seconds} s of its time (startingDeadlineSeconds)",
    RunReason.SUSPENDED: "was due, but not started, when the request was suspended",
    RunReason.EDITED: "was due, but not started, when the timing was edited",
    RunReason.RESCHEDULED: "was due, but not started, when the request was rescheduled",
    RunReason.FORMER_REQUEST: "it was made for an earlier ProcessRequest of this name, or restored from a backup, "
    "and no Job of it is there: whether it ran is not known",
    RunReason.TOO_MANY: "more than 100 runs were waiting to start: the oldest are given up",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive ticks refused alike: first and last instant (UTC, both included) and how many."""

    first: datetime
    last: datetime
    count: int
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Record:
    """A run to be made for refused ticks: of one tick, or with a summary for several."""

    tick: datetime
    refusal: Refusal
    summary: RunSummary | None = None


@dataclass(frozen=True, slots=True)
class Growth:
    """A summary run that now stands for more ticks."""

    run: str
    refusal: Refusal
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class Records:
    """What to write for refused ticks, and the newest tick that is recorded by it."""

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
    """Lay refused ticks down as records, going on with the row that is already in the history.

    Args:
        spans: in order of time.
        recurrence: the calendar, to count and to step through ticks.
        history: finished runs of the request, in any order.
        ongoing: a run is still in the way, so more ticks will follow: then a summary grows once a minute at most.
        briefly: one summary for each span, because a quota has little room for records.
    """
    new: list[Record] = []
    grown: list[Growth] = []
    cursor: datetime | None = None
    for index, span in enumerate(spans):
        more_follows = ongoing and index == len(spans) - 1
        singles, summary = _row_before(span, recurrence, history)
        if summary is not None:
            assert summary.summary is not None
            if more_follows and span.last - summary.summary.to < _GROWTH:
                break
            start = summary.summary.from_
            count = recurrence.count(start - _INSTANT, span.last)
            grown.append(Growth(summary.name, span.refusal, RunSummary(from_=start, to=span.last, count=count)))
        else:
            in_one = span.refusal.reason == RunReason.TOO_MANY or (briefly and span.count > 1)
            alone = 0 if in_one else max(0, SINGLE_RECORDS - singles)
            ticks = recurrence.between(span.first - _INSTANT, span.last, limit=alone) if alone else []
            new.extend(Record(tick, span.refusal) for tick in ticks)
            rest = span.count - len(ticks)
            if rest:
                first = recurrence.next_after(ticks[-1]) if ticks else span.first
                assert first is not None
                new.append(Record(first, span.refusal, RunSummary(from_=first, to=span.last, count=rest)))
        cursor = span.last
    return Records(tuple(new), tuple(grown), cursor)


def in_one_summary(first: datetime, last: datetime, count: int, refusal: Refusal) -> Record:
    """One record for all ticks that the end of a stretch leaves behind."""
    summary = RunSummary(from_=first, to=last, count=count) if count > 1 else None
    return Record(first, refusal, summary)


def _row_before(span: Span, recurrence: Recurrence, history: Sequence[FinishedRun]) -> tuple[int, FinishedRun | None]:
    """How many single records of the same row come right before the span, or the summary that ends the row."""
    ticks = sorted((run for run in history if run.scheduled is not None), key=lambda run: run.scheduled or run.created)
    expected, singles = span.first, 0
    for run in reversed(ticks):
        assert run.scheduled is not None
        last = run.summary.to if run.summary else run.scheduled
        if run.refusal != str(span.refusal) or recurrence.next_after(last) != expected:
            break
        if run.summary is not None:
            return singles, run
        singles += 1
        expected = run.scheduled
    return singles, None
