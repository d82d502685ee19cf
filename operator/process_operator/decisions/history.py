"""What is remembered of a finished run. Neighbours: `retention.py` and `refusal.py` read it, `performer.py` collects it."""

from __future__ import annotations

from process_operator.decisions import manifests
from process_operator.decisions.snapshot import FinishedRun
from process_operator.resources.process_run import ProcessRun


def remembered(run: ProcessRun) -> FinishedRun:
    """The few facts of a finished run that later decisions need."""
    created = run.metadata.creation_timestamp
    assert created is not None
    annotations = run.metadata.annotations
    return FinishedRun(
        name=run.metadata.name,
        phase=run.status.phase,
        reason=run.status.reason or "",
        created=created,
        scheduled=run.spec.scheduled_time,
        start=run.status.start_time,
        end=run.status.end_time,
        summary=run.status.summary,
        refusal=annotations.get(manifests.ANNOTATION_VERDICT, ""),
        by_cronjob=annotations.get(manifests.ANNOTATION_ENGINE) == "CronJob",
    )
