"""New runs of the engine Operator: the due tick that is claimed, and those that wait or are refused.

`ticks.py` decides the due ticks. Neighbours: `request_calendar.py`, `refused_ticks.py`, and `cronjob_runs.py` for the
other engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from process_operator.decisions import manifests
from process_operator.decisions.cronjob_runs import (
    cronjob_jobs,
    without_jobs,
)
from process_operator.decisions.plan import Action, CreateRun, Draft, Emit, LoadHistory
from process_operator.decisions.refusal import Refusal, Span, in_one_summary
from process_operator.decisions.refused_ticks import refuse
from process_operator.decisions.request_calendar import (
    LATE,
    Calendar,
    Progress,
    has_run,
    occupations,
    settled_through,
    span_of,
    without_runs,
)
from process_operator.decisions.run_view import RunView
from process_operator.decisions.snapshot import Snapshot, Undecided
from process_operator.decisions.template import JobTemplate
from process_operator.decisions.ticks import decide_due_ticks
from process_operator.resources.conditions import EventReason, RunReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import RunPhase, Trigger


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
    cursor = refuse(snapshot, calendar, due.refused, draft, ongoing=due.waiting is not None)
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
        snapshot, calendar, span_of(calendar.recurrence, after, now, Refusal(RunPhase.MISSED, RunReason.EDITED))
    )
    return tuple(Undecided(calendar.run_name(span.first), span.first, span.last, span.count) for span in spans)


def _free(snapshot: Snapshot, calendar: Calendar, spans: Iterable[Span]) -> list[Span]:
    """The spans without ticks for which there is a run, or a Job that will get one."""
    jobs = {job.tick for job in cronjob_jobs(snapshot)}
    return without_runs(tuple(without_jobs(spans, calendar, jobs)), calendar, snapshot)


def _was_away(after: datetime, calendar: Calendar, now: datetime) -> bool:
    first = calendar.recurrence.next_after(after)
    return first is not None and now - first > timedelta(seconds=1)


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
    spans = span_of(calendar.recurrence, after, last, Refusal(RunPhase.MISSED, reason))
    for span in _free(snapshot, calendar, spans):
        record = in_one_summary(span.first, span.last, span.count, span.refusal)
        name = calendar.run_name(span.first)
        draft.do(CreateRun(manifests.refused_run_manifest(calendar.request, name=name, record=record)))
    return last
