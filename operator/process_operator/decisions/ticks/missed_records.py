"""The records of ticks that do not start: which runs are made for them, and through which tick that settles.

`missed.py` says how a row of ticks is laid down. Neighbours: `engines/operator.py`, `engines/cronjob_runs.py`.
"""

from __future__ import annotations

from datetime import datetime

from process_operator.decisions.inputs.missed_tick import Span
from process_operator.decisions.inputs.rejections import is_quota_full
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.runs import missed_run_manifest
from process_operator.decisions.plan.actions import CreateRun, GrowSummary
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.ticks.missed import Records, record_spans
from process_operator.decisions.ticks.progress import Calendar, latest, without_runs
from process_operator.resources.process_run import ProcessRunStatus


def record_missed(
    snapshot: Snapshot, calendar: Calendar, spans: tuple[Span, ...], builder: PlanBuilder, *, ongoing: bool
) -> datetime | None:
    """Record refused ticks that have no run yet; the cursor that follows from it."""
    history, cursor = snapshot.history or (), snapshot.status.last_schedule_time
    for span in without_runs(spans, calendar, snapshot):
        grows_later = ongoing and span.last == spans[-1].last
        briefly = is_quota_full(snapshot)
        records = record_spans((span,), calendar.recurrence, history, ongoing=grows_later, briefly=briefly)
        _write(records, calendar, builder)
        if records.cursor is None:
            return latest(cursor, calendar.recurrence.before(span.first))
    return latest(cursor, spans[-1].last if spans else None)


def _write(records: Records, calendar: Calendar, builder: PlanBuilder) -> None:
    for record in records.new:
        builder.add(
            CreateRun(missed_run_manifest(calendar.request, name=calendar.run_name(record.tick), record=record))
        )
    for growth in records.grown:
        status = ProcessRunStatus(phase=growth.missed_reason.phase, summary=growth.summary)
        builder.add(GrowSummary(growth.run, status))
