"""End of an activation: the due ticks that it leaves undecided are recorded as Missed.

`activation_change.py` calls it if an edit, a suspension or a reschedule ends the activation of a schedule.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from process_operator.decisions.engines.cronjob_runs import cronjob_jobs, without_jobs
from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.inputs.rejections import cause_of_misses
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.runs import missed_run_manifest
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.ticks.missed import in_one_summary
from process_operator.decisions.ticks.progress import (
    Calendar,
    runs_left,
    runs_of_ticks,
    settled_through,
    span_of,
    without_runs,
)
from process_operator.resources.process_run import RunPhase


def plan_activation_end(snapshot: Snapshot, calendar: Calendar, reason: str, now: datetime) -> Part[datetime | None]:
    """Record the undecided ticks in one summary. The value is the last of them (UTC); None if there is none.

    The history must be known. After a crash between a claim and the cursor a tick has a run, which it keeps. A
    tick whose CronJob created a Job gets the run of that Job.
    """
    after = settled_through(snapshot, calendar.recurrence)
    last = calendar.recurrence.previous(calendar.recurrence.due_through(now))
    if last is None or last <= after:
        return part().without_value()
    left = runs_left(snapshot, runs_of_ticks(snapshot, after, last))
    if left is not None and left <= 0:
        return part().without_value()
    cause = cause_of_misses(snapshot)
    missed_reason = MissedReason(RunPhase.MISSED, reason, cause[1] if cause is not None else "")
    spans = _without_runs_and_jobs(snapshot, calendar, span_of(calendar.recurrence, after, last, missed_reason))
    return part(*(_record(calendar, span) for span in spans)).with_value(last)


def _without_runs_and_jobs(snapshot: Snapshot, calendar: Calendar, spans: Iterable[Span]) -> list[Span]:
    """The spans without the ticks that have a run, or a Job that is about to get one."""
    jobs = {job.tick for job in cronjob_jobs(snapshot)}
    return without_runs(without_jobs(spans, calendar, jobs), calendar, snapshot)


def _record(calendar: Calendar, span: Span) -> CreateRun:
    record = in_one_summary(span.first, span.last, span.count, span.missed_reason)
    return CreateRun(missed_run_manifest(calendar.request, name=calendar.run_name(span.first), record=record))
