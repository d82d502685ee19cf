"""Records of missed ticks: the runs that are created for them, and the tick through which they settle the schedule.

`missed.py` says how a row of ticks is recorded. Neighbours: `engines/operator.py`, `engines/cronjob_runs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from process_operator.decisions.inputs.missed_tick import Span
from process_operator.decisions.inputs.rejections import is_quota_full
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.runs import missed_run_manifest
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun, GrowSummary
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.ticks.missed import Records, record_spans
from process_operator.decisions.ticks.progress import Calendar, latest, without_runs
from process_operator.resources.process_run import ProcessRunStatus


def record_missed(
    snapshot: Snapshot, calendar: Calendar, spans: tuple[Span, ...], *, ongoing: bool
) -> Part[datetime | None]:
    """Record the missed ticks that have no run yet. The value is the cursor that follows from the records (UTC).

    `ongoing`: more ticks of the last span are about to be missed.
    """
    history, cursor = snapshot.history or (), snapshot.status.last_schedule_time
    actions: list[Action] = []
    for span in without_runs(spans, calendar, snapshot):
        grows_later = ongoing and span.last == spans[-1].last
        briefly = is_quota_full(snapshot)
        records = record_spans((span,), calendar.recurrence, history, ongoing=grows_later, briefly=briefly)
        actions += _writes(records, calendar)
        if records.cursor is None:
            return part(*actions).with_value(latest(cursor, calendar.recurrence.before(span.first)))
    return part(*actions).with_value(latest(cursor, spans[-1].last if spans else None))


def _writes(records: Records, calendar: Calendar) -> Iterator[Action]:
    for record in records.new:
        yield CreateRun(missed_run_manifest(calendar.request, name=calendar.run_name(record.tick), record=record))
    for growth in records.grown:
        status = ProcessRunStatus(phase=growth.missed_reason.phase, summary=growth.summary)
        yield GrowSummary(growth.run, status)
