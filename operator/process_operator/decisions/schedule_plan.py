"""New runs of a schedule: the tick to claim, the ticks to refuse, and the Jobs of the CronJob to give a run.

The cursor (`status.lastScheduleTime`) says through which tick everything is settled; it moves only with a plan whose
records have been written. Neighbours: `ticks.py` decides the due ticks, `refusal.py` lays refused ones down,
`cronjob_plan.py` keeps the CronJob itself in line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from process_operator import names
from process_operator.decisions import manifests
from process_operator.decisions.cronjob_plan import own_cronjob
from process_operator.decisions.plan import Action, CreateRun, DeleteJob, Draft, Emit, GrowSummary, KillJob, LoadHistory
from process_operator.decisions.refusal import Records, Refusal, Span, in_one_summary, record_spans
from process_operator.decisions.run_view import RunView, waits_for_start
from process_operator.decisions.snapshot import FinishedRun, Snapshot, Undecided
from process_operator.decisions.template import JobTemplate
from process_operator.decisions.ticks import Occupation, decide_due_ticks, spans_without_job
from process_operator.resources.conditions import EventReason, RunReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRunStatus, RunPhase, Trigger
from process_operator.resources.workloads import Job, Kill, KillReason
from process_operator.timing.recurrence import Recurrence

_INSTANT: Final = timedelta(microseconds=1)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
LATE: Final = timedelta(seconds=60)
"""From this lateness on a run is a catch-up."""
PASSED_OVER_AFTER: Final = timedelta(seconds=10)
"""The CronJob controller polls every 10 seconds: only then is a tick worth another look."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the schedule is after the plan: the cursor, runs started by it, and the tick that waits."""

    cursor: datetime | None
    started: int = 0
    waiting: datetime | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """The ticks of the present stretch and the names of their runs."""

    request: ProcessRequest
    recurrence: Recurrence
    stem: str

    def run_name(self, tick: datetime) -> str:
        """Name of the run (and Job) of a tick."""
        return names.tick_run_name(self.stem, int(tick.timestamp()), whole_minutes=self.recurrence.whole_minutes)


def calendar_of(snapshot: Snapshot, recurrence: Recurrence) -> Calendar:
    """The calendar of a request that is there."""
    assert snapshot.request is not None
    return Calendar(snapshot.request, recurrence, names.child_stem(snapshot.name, snapshot.uid))


def settled_through(snapshot: Snapshot, recurrence: Recurrence) -> datetime:
    """The instant up to which no tick is looked at: the cursor, but not before the stretch began."""
    cursor = snapshot.status.last_schedule_time
    return recurrence.floor if cursor is None else max(cursor, recurrence.floor)


# ---- engine Operator


def plan_ticks(
    snapshot: Snapshot,
    calendar: Calendar,
    views: tuple[RunView, ...],
    blockers: tuple[str, ...],
    at_once: JobTemplate | None,
    now: datetime,
    draft: Draft,
) -> Progress:
    """Claim the newest due tick, let it wait, or refuse it; refuse the older ones.

    `at_once` is the template where a claimed tick may start without waiting for its turn.
    """
    after = settled_through(snapshot, calendar.recurrence)
    spec = calendar.request.spec
    newest = calendar.recurrence.previous(now)
    # A crash may have come between the claim and the cursor: then the newest tick is in nobody's way, its own run least.
    is_claimed = newest is not None and has_run(snapshot, calendar.run_name(newest))
    due = decide_due_ticks(
        calendar.recurrence,
        after=after,
        now=now,
        policy=spec.concurrency_policy,
        deadline_seconds=spec.starting_deadline_seconds,
        blocked=bool(blockers) and not is_claimed,
        occupations=occupations(snapshot, views),
    )
    cursor = snapshot.status.last_schedule_time
    if due.start is None and not due.refused:
        return Progress(cursor, waiting=due.waiting)
    if due.refused and any(view.refusal is not None for view in views):
        # Those refused before are finished first: where the next ones belong follows from them.
        return Progress(cursor, waiting=due.waiting)
    if snapshot.history is None and (due.refused or _was_away(after, calendar, now)):
        # Ticks since the written cursor may have run already: only a list shows finished runs.
        draft.do(LoadHistory())
        return Progress(cursor, waiting=due.waiting)
    cursor = _refuse(snapshot, calendar, due.refused, draft, ongoing=due.waiting is not None)
    if due.start is None:
        return Progress(cursor, waiting=due.waiting)
    if not has_run(snapshot, calendar.run_name(due.start)):
        trigger = Trigger.CATCH_UP if now - due.start > LATE else Trigger.SCHEDULE
        name = calendar.run_name(due.start)
        manifest = manifests.run_manifest(calendar.request, name=name, trigger=trigger, scheduled=due.start)
        draft.do(*claim(calendar.request, manifest, at_once, due.start))
    return Progress(due.start, started=1)


def claim(
    request: ProcessRequest, manifest: dict[str, object], at_once: JobTemplate | None, scheduled: datetime
) -> tuple[Action, ...]:
    """Make a run, and its Job with it where it may start at once."""
    if at_once is None:
        return (CreateRun(manifest),)
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    name = metadata["name"]
    job = manifests.job_to_come(at_once, request, run=name, scheduled=scheduled)
    return CreateRun(manifest, job), Emit(EventReason.RUN_STARTED, f"started run {name}", about=name)


def undecided(snapshot: Snapshot, calendar: Calendar, progress: Progress, now: datetime) -> tuple[Undecided, ...]:
    """The due ticks that a plan leaves undecided, in rows without a gap."""
    after = max(progress.cursor or calendar.recurrence.floor, calendar.recurrence.floor)
    spans = _free(
        snapshot, calendar, _span(calendar.recurrence, after, now, Refusal(RunPhase.MISSED, RunReason.EDITED))
    )
    return tuple(Undecided(calendar.run_name(span.first), span.first, span.last, span.count) for span in spans)


def _free(snapshot: Snapshot, calendar: Calendar, spans: Iterable[Span]) -> list[Span]:
    """The spans without ticks for which there is a run, or a Job that will get one."""
    jobs = {job.tick for job in _cronjob_jobs(snapshot)}
    return _without_runs(tuple(_without_jobs(spans, calendar, jobs)), calendar, snapshot)


def _was_away(after: datetime, calendar: Calendar, now: datetime) -> bool:
    first = calendar.recurrence.next_after(after)
    return first is not None and now - first > timedelta(seconds=1)


def has_run(snapshot: Snapshot, name: str) -> bool:
    """Whether a run of that name is open, or finished as far as is known."""
    return any(run.metadata.name == name for run in snapshot.runs) or any(
        run.name == name for run in snapshot.history or ()
    )


def occupations(snapshot: Snapshot, views: tuple[RunView, ...]) -> tuple[Occupation, ...]:
    """When which run was in the way, as far as that is known: from its claim to its end."""
    ended = [
        Occupation(run.name, min(run.created, run.start), run.end)
        for run in snapshot.history or ()
        if run.start is not None
    ]
    going = [
        Occupation(view.name, view.created, None)
        for view in views
        if view.refusal is None and not waits_for_start(view)
    ]
    return (*ended, *going)


def _refuse(
    snapshot: Snapshot, calendar: Calendar, spans: tuple[Span, ...], draft: Draft, *, ongoing: bool
) -> datetime | None:
    """Record refused ticks that have no run yet; the cursor that follows from it."""
    history, cursor = snapshot.history or (), snapshot.status.last_schedule_time
    for span in _without_runs(spans, calendar, snapshot):
        grows_later = ongoing and span.last == spans[-1].last
        records = record_spans((span,), calendar.recurrence, history, ongoing=grows_later)
        _write(records, calendar, draft)
        if records.cursor is None:
            return _latest(cursor, calendar.recurrence.previous(span.first - _INSTANT))
    return _latest(cursor, spans[-1].last if spans else None)


def _latest(*instants: datetime | None) -> datetime | None:
    return max(filter(None, instants), default=None)


def _without_runs(spans: tuple[Span, ...], calendar: Calendar, snapshot: Snapshot) -> list[Span]:
    """The spans without the ticks that a run stands for already, alone or in a summary."""
    taken = [
        (run.scheduled, run.summary.to if run.summary else run.scheduled)
        for run in snapshot.history or ()
        if run.scheduled is not None
    ]
    for run in snapshot.runs:
        summary = manifests.summary_of(run)
        if run.spec.scheduled_time is not None:
            taken.append((run.spec.scheduled_time, summary.to if summary is not None else run.spec.scheduled_time))
    free: list[Span] = []
    for span in spans:
        low = span.first - _INSTANT
        for first, last in sorted((first, last) for first, last in taken if last >= span.first and first <= span.last):
            free += _span(calendar.recurrence, low, first - _INSTANT, span.refusal)
            low = max(low, last)
        free += [span] if low < span.first else _span(calendar.recurrence, low, span.last, span.refusal)
    return free


def _span(recurrence: Recurrence, after: datetime, until: datetime, refusal: Refusal) -> list[Span]:
    count = recurrence.count(after, until) if after < until else 0
    if not count:
        return []
    first, last = recurrence.next_after(after), recurrence.previous(until)
    assert first is not None and last is not None
    return [Span(first, last, count, refusal)]


def _write(records: Records, calendar: Calendar, draft: Draft) -> None:
    for record in records.new:
        draft.do(
            CreateRun(
                manifests.refused_run_manifest(calendar.request, name=calendar.run_name(record.tick), record=record)
            )
        )
    for growth in records.grown:
        status = ProcessRunStatus(phase=growth.refusal.phase, summary=growth.summary)
        draft.do(GrowSummary(growth.run, status))


def plan_stretch_end(
    snapshot: Snapshot, calendar: Calendar, reason: str, now: datetime, draft: Draft
) -> datetime | None:
    """Record the ticks that a stretch leaves undecided as Missed, in one summary; the last of them.

    The history must be known. Where the claim of one of these ticks was written and the cursor was not, its run stands,
    and so does that of every Job of a CronJob.
    """
    after = settled_through(snapshot, calendar.recurrence)
    last = calendar.recurrence.previous(now)
    if last is None or last <= after:
        return None
    spans = _span(calendar.recurrence, after, last, Refusal(RunPhase.MISSED, reason))
    for span in _free(snapshot, calendar, spans):
        record = in_one_summary(span.first, span.last, span.count, span.refusal)
        name = calendar.run_name(span.first)
        draft.do(CreateRun(manifests.refused_run_manifest(calendar.request, name=name, record=record)))
    return last


# ---- engine CronJob


def plan_cronjob_jobs(snapshot: Snapshot, now: datetime, draft: Draft) -> int:
    """Give every Job that the CronJob made its run, whatever the request wants by now; how many were made."""
    return sum(1 for job in _cronjob_jobs(snapshot) if _plan_job(snapshot, job, now, draft))


def plan_passed_over(
    snapshot: Snapshot, calendar: Calendar, views: tuple[RunView, ...], now: datetime, draft: Draft
) -> Progress:
    """Record the ticks that the controller passed over without a Job, up to the newest that it started."""
    cursor = snapshot.status.last_schedule_time
    after = settled_through(snapshot, calendar.recurrence)
    cronjob = own_cronjob(snapshot)
    reached = None if cronjob is None or cronjob.last_schedule_time is None else min(cronjob.last_schedule_time, now)
    newest = None if reached is None else calendar.recurrence.previous(reached)
    upcoming = calendar.recurrence.next_after(max(after, now))
    draft.wake(None if upcoming is None else upcoming + PASSED_OVER_AFTER)
    if newest is None or newest <= after:
        return Progress(cursor)
    jobs = {job.tick for job in _cronjob_jobs(snapshot)}
    older = spans_without_job(
        calendar.recurrence,
        after=after,
        until=newest - _INSTANT,
        policy=calendar.request.spec.concurrency_policy,
        occupations=occupations(snapshot, views),
    )
    has_all = newest in jobs or has_run(snapshot, calendar.run_name(newest))
    if snapshot.history is None and (older or not has_all):
        draft.do(LoadHistory())
        return Progress(cursor)
    for part in _without_jobs(older, calendar, jobs):
        _refuse(snapshot, calendar, (part,), draft, ongoing=False)
    if not has_all:
        # The controller says that it started this tick, and no Job of it is there: the run finds out.
        draft.do(CreateRun(_cronjob_run(calendar.request, calendar.run_name(newest), newest, now)))
    return Progress(newest)


def _without_jobs(spans: Iterable[Span], calendar: Calendar, ticks: set[datetime | None]) -> list[Span]:
    parts: list[Span] = []
    for span in spans:
        low = span.first - _INSTANT
        for tick in sorted(tick for tick in ticks if tick is not None and span.first <= tick <= span.last):
            parts += _span(calendar.recurrence, low, tick - _INSTANT, span.refusal)
            low = tick
        parts += _span(calendar.recurrence, low, span.last, span.refusal)
    return parts


def _cronjob_jobs(snapshot: Snapshot) -> list[Job]:
    """Jobs that the CronJob of this request made (or that a person made from it), oldest first."""
    own = [
        job
        for job in snapshot.jobs.values()
        if job.controller is not None
        and job.controller.kind == "CronJob"
        and job.metadata.labels.get(names.LABEL_REQUEST_UID) == snapshot.uid
    ]
    return sorted(own, key=lambda job: (job.metadata.creation_timestamp or _LONG_AGO, job.metadata.name))


def _plan_job(snapshot: Snapshot, job: Job, now: datetime, draft: Draft) -> bool:
    """Make the run of a Job that has none; whether one is made."""
    assert snapshot.request is not None
    name, cursor = job.metadata.name, snapshot.status.last_schedule_time
    if name in snapshot.gone_jobs or has_run(snapshot, name):
        return _plan_recorded_job(snapshot, job, draft)
    is_settled = job.tick is not None and cursor is not None and job.tick <= cursor
    if is_settled:
        return job.finished is None and _plan_stray_job(snapshot, job, draft)
    if job.tick is None and job.finished is not None and snapshot.history is None:
        # Made by a person, and over: whether it is recorded only a list can tell.
        draft.do(LoadHistory())
        return False
    draft.do(CreateRun(_cronjob_run(snapshot.request, name, job.tick, job.metadata.creation_timestamp or now)))
    draft.do(Emit(EventReason.RUN_STARTED, f"started run {name}", about=name))
    return True


def _plan_recorded_job(snapshot: Snapshot, job: Job, draft: Draft) -> bool:
    refused = next((r for r in snapshot.history or () if r.name == job.metadata.name and r.refusal), None)
    if (
        refused is not None
        and job.finished is None
        and job.kill is None
        and job.metadata.name not in snapshot.gone_jobs
    ):
        _kill_stray(job, refused, draft)
    return False


def _plan_stray_job(snapshot: Snapshot, job: Job, draft: Draft) -> bool:
    """A Job that still runs for a tick whose run is gone: its run was deleted, or finished without it."""
    if snapshot.history is None:
        draft.do(LoadHistory())
    elif job.metadata.deletion_timestamp is None:
        draft.do(DeleteJob(job.metadata.name, job.metadata.uid))
    return False


def _kill_stray(job: Job, record: FinishedRun, draft: Draft) -> None:
    patch = {
        "metadata": {
            "annotations": {names.ANNOTATION_KILL: str(Kill(KillReason.CANCELED, f"recorded as {record.phase}"))}
        },
        "spec": {"suspend": False, "activeDeadlineSeconds": 0},
    }
    name = job.metadata.name
    message = f"ended Job {name}: its tick is recorded as {record.phase} ({record.reason})"
    draft.do(KillJob(name, name, patch, 0, None), Emit(EventReason.REFUSED, message, warning=True, about=name))


def _cronjob_run(request: ProcessRequest, name: str, tick: datetime | None, created: datetime) -> dict[str, object]:
    trigger = Trigger.MANUAL
    if tick is not None:
        trigger = Trigger.CATCH_UP if created - tick > LATE else Trigger.SCHEDULE
    annotations = {manifests.ANNOTATION_ENGINE: "CronJob"}
    return manifests.run_manifest(request, name=name, trigger=trigger, scheduled=tick, annotations=annotations)
