"""Progress of a schedule: the ticks of the present activation, those that runs cover, and the cursor.

All ticks up to the cursor (`status.lastScheduleTime`) are settled. It moves only with a plan whose records have been
written. Neighbours: `engines/operator.py` and `engines/cronjob_runs.py` decide the ticks, `missed_records.py` records
the missed ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.inputs.missed_tick import MissedReason, Span, summary_of
from process_operator.decisions.inputs.run_view import RunView, waits_for_start
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.ticks.due import BusyInterval
from process_operator.resources import names
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import RunPhase, Trigger
from process_operator.timing.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress after a plan: the cursor, the number of runs that the plan starts, and the number of waiting ticks."""

    cursor: datetime | None
    started: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Calendar:
    """The ticks of the present activation and the names of their runs."""

    request: ProcessRequest
    recurrence: Recurrence
    stem: str

    def run_name(self, tick: datetime) -> str:
        """Name of the run (and Job) of a tick."""
        return names.tick_run_name(self.stem, int(tick.timestamp()), whole_minutes=self.recurrence.whole_minutes)


@dataclass(frozen=True, slots=True)
class NewRuns:
    """Progress of the schedule once the new runs are created, and its calendar if the request has one."""

    progress: Progress
    calendar: Calendar | None = None


def calendar_of(snapshot: Snapshot, recurrence: Recurrence) -> Calendar:
    """The calendar of a request that is there."""
    assert snapshot.request is not None
    return Calendar(snapshot.request, recurrence, names.child_stem(snapshot.name, snapshot.uid))


def settled_through(snapshot: Snapshot, recurrence: Recurrence) -> datetime:
    """The instant (UTC) through which ticks are settled: the cursor, or the start of the activation if that is later.

    If the rules of the zone have changed since, the wall time of the cursor can come again. That tick is settled too.
    """
    cursor, wall_time = snapshot.status.last_schedule_time, snapshot.status.last_wall_time
    settled = recurrence.floor if cursor is None else max(cursor, recurrence.floor)
    return settled if wall_time is None else max(settled, recurrence.settled_by(datetime.fromisoformat(wall_time)))


def runs_left(snapshot: Snapshot, counted: int = 0) -> int | None:
    """Number of runs that `maxRuns` leaves to the activation; None if it has no limit.

    `counted`: runs of the activation that the status does not count yet.
    """
    assert snapshot.request is not None and snapshot.status.activation is not None
    schedule = snapshot.request.spec.timing.schedule
    if schedule is None or schedule.max_runs is None:
        return None
    return schedule.max_runs - snapshot.status.activation.runs - counted


def has_run(snapshot: Snapshot, name: str) -> bool:
    """Whether a run of that name is open, or finished as far as is known."""
    return any(run.metadata.name == name for run in snapshot.runs) or any(
        run.name == name for run in snapshot.history or ()
    )


def is_covered(snapshot: Snapshot, calendar: Calendar, tick: datetime) -> bool:
    """Whether a run covers a tick: its own, or a summary, which a wrong clock may have created before the tick."""
    if has_run(snapshot, calendar.run_name(tick)):
        return True
    summaries = [*(run.summary for run in snapshot.history or ()), *map(summary_of, snapshot.runs)]
    return any(summary.from_ <= tick <= summary.to for summary in summaries if summary is not None)


def busy_intervals(snapshot: Snapshot, views: tuple[RunView, ...]) -> tuple[BusyInterval, ...]:
    """Times during which known runs blocked other runs, each from its claim to its end."""
    ended = [
        BusyInterval(run.name, min(run.created, run.start), run.end)
        for run in snapshot.history or ()
        if run.start is not None
    ]
    going = [
        BusyInterval(view.name, view.created, None)
        for view in views
        if view.missed_reason is None and not waits_for_start(view)
    ]
    return (*ended, *going)


def runs_of_ticks(snapshot: Snapshot, after: datetime, until: datetime) -> int:
    """Number of ticks in (after, until] with a run that has started or will start."""
    return sum(1 for tick in ticks_with_runs(snapshot) if after < tick <= until)


def ticks_with_runs(snapshot: Snapshot) -> list[datetime]:
    """Ticks with a known run that has started or will start."""
    started = [
        run.scheduled for run in snapshot.history or () if not run.missed_reason and run.phase != RunPhase.MISSED
    ]
    started += [
        run.spec.scheduled_time
        for run in snapshot.runs
        if run.spec.trigger in (Trigger.SCHEDULE, Trigger.CATCH_UP)
        and names.ANNOTATION_MISSED_REASON not in run.metadata.annotations
    ]
    return [tick for tick in started if tick is not None]


def latest(*instants: datetime | None) -> datetime | None:
    """The latest of some instants; None if there is none."""
    return max(filter(None, instants), default=None)


def span_of(recurrence: Recurrence, after: datetime, until: datetime, missed_reason: MissedReason) -> list[Span]:
    """The ticks in (after, until] as one span, or an empty list."""
    found = recurrence.span(after, until)
    return [Span.of(found, missed_reason)] if found is not None else []


def without_ticks(
    spans: Iterable[Span], calendar: Calendar, ranges: Collection[tuple[datetime, datetime]]
) -> list[Span]:
    """The spans without the ticks in `ranges`, each given by its first and its last instant."""
    recurrence, left = calendar.recurrence, list[Span]()
    for span in spans:
        after = recurrence.before(span.first) or recurrence.floor
        for first, last in sorted(r for r in ranges if r[1] >= span.first and r[0] <= span.last):
            left += span_of(recurrence, after, recurrence.before(first) or after, span.missed_reason)
            after = max(after, last)
        left += span_of(recurrence, after, span.last, span.missed_reason)
    return left


def without_runs(spans: Iterable[Span], calendar: Calendar, snapshot: Snapshot) -> list[Span]:
    """The spans without the ticks that a run covers, alone or in a summary."""
    taken = [
        (run.scheduled, run.summary.to if run.summary else run.scheduled)
        for run in snapshot.history or ()
        if run.scheduled is not None
    ]
    for run in snapshot.runs:
        summary = summary_of(run)
        if run.spec.scheduled_time is not None and run.spec.trigger.is_of_timing:
            taken.append((run.spec.scheduled_time, summary.to if summary is not None else run.spec.scheduled_time))
    return without_ticks(spans, calendar, taken)
