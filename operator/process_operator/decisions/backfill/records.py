"""Records of a backfill's ticks: which runs exist for each tick, and how a tick counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from process_operator.decisions.context import DecisionContext
from process_operator.decisions.inputs.history import BackfillMark, FinishedRun, backfill_mark
from process_operator.decisions.ticks.progress import Calendar
from process_operator.resources import names
from process_operator.resources.process_backfill import ProcessBackfill, Rerun
from process_operator.resources.process_run import ProcessRun, RunPhase
from process_operator.timing.recurrence import Recurrence

_COUNTED: Final = {
    RunPhase.SUCCEEDED: "succeeded",
    RunPhase.FAILED: "failed",
    RunPhase.CANCELED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Range:
    """The ticks of one backfill: those of a calendar in (after, until], in UTC."""

    backfill: ProcessBackfill
    recurrence: Recurrence
    after: datetime
    until: datetime

    def ticks(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """The ticks in (after, until] that are in the range, oldest first."""
        tick = self.recurrence.next_after(max(after, self.after))
        while tick is not None and tick <= min(until, self.until):
            yield tick
            tick = self.recurrence.next_after(tick)


OPEN: Final = "open"


@dataclass(frozen=True, slots=True)
class Records:
    """The runs of each tick: those of the schedule that started or will start, and those of backfills."""

    calendar: Calendar
    open: Mapping[str, ProcessRun]
    ended: Mapping[str, FinishedRun]
    by_backfills: Mapping[datetime, tuple[str, ...]]
    """Names of the runs of backfills, by their ticks."""

    @classmethod
    def of(cls, context: DecisionContext, calendar: Calendar) -> Records:
        """All records of a request."""
        snapshot = context.snapshot
        marks = [(run.metadata.name, backfill_mark(run)) for run in snapshot.runs]
        marks += [(run.name, run.backfill) for run in snapshot.history or ()]
        found: dict[datetime, tuple[str, ...]] = {}
        for name, mark in marks:
            if mark is not None:
                found[mark.tick] = (*found.get(mark.tick, ()), name)
        opened = {
            run.metadata.name: run
            for run in snapshot.runs
            if names.ANNOTATION_MISSED_REASON not in run.metadata.annotations
        }
        ended = {run.name: run for run in snapshot.history or () if run.backfill is not None or _has_run(run)}
        return cls(calendar, opened, ended, found)

    def opened(self, tick: datetime) -> list[ProcessRun]:
        """The open runs of a tick."""
        return [self.open[name] for name in self._names(tick) if name in self.open]

    def finished(self, tick: datetime) -> list[FinishedRun]:
        """The finished runs of a tick."""
        return [self.ended[name] for name in self._names(tick) if name in self.ended]

    def _names(self, tick: datetime) -> tuple[str, ...]:
        return self.calendar.run_name(tick), *self.by_backfills.get(tick, ())


def end_of(context: DecisionContext, records: Records, backfill: ProcessBackfill, tick: datetime) -> str | None:
    """Result of a tick as the counts name it. `OPEN` if its run is open. None if it needs a run."""
    opened, finished = records.opened(tick), records.finished(tick)
    for run in opened:
        if _is_of(backfill, backfill_mark(run), run.metadata.creation_timestamp):
            return OPEN
    for ended in finished:
        if _is_of(backfill, ended.backfill, ended.created):
            return _COUNTED.get(ended.phase, "unknown")
    if opened:
        return "existing"
    match backfill.spec.rerun:
        case Rerun.ALWAYS:
            return None
        case Rerun.FAILED if finished:
            return "existing" if any(run.phase == RunPhase.SUCCEEDED for run in finished) else None
    return "existing" if finished or _is_done_by_another(context, backfill, tick) else None


def _has_run(run: FinishedRun) -> bool:
    """Whether a run of the schedule is more than the record of a tick that did not start."""
    if run.missed_reason or run.phase in (RunPhase.MISSED, RunPhase.SKIPPED):
        return False
    return run.phase != RunPhase.CANCELED or run.start is not None


def _is_of(backfill: ProcessBackfill, mark: BackfillMark | None, created: datetime | None) -> bool:
    """Whether a run belongs to this backfill. With `rerun`, runs of an earlier backfill of the same name do not count."""
    if mark is None or mark.name != backfill.metadata.name:
        return False
    begun = backfill.metadata.creation_timestamp
    return backfill.spec.rerun == Rerun.NEVER or begun is None or created is None or created >= begun


def _is_done_by_another(context: DecisionContext, backfill: ProcessBackfill, tick: datetime) -> bool:
    """Whether another backfill has run this tick. Its run may be deleted, but the status of the backfill shows it."""
    for other in context.snapshot.backfills:
        status = context.snapshot.status_of(other)
        through = status.last_scheduled_time
        has_been_there = through is not None and other.spec.from_ <= tick <= through
        is_own = status.request_uid == context.snapshot.uid
        if has_been_there and is_own and other.metadata.name != backfill.metadata.name:
            return True
    return False
