"""Claims: the actions that create a run, and its Job with it if the run may start at once.

The name of the run is the claim. Neighbours: `operator.py` claims ticks, `new_runs.py` the run of a one-shot timing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from process_operator.decisions.manifests.jobs import job_to_come
from process_operator.decisions.manifests.runs import run_manifest
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import CreateRun, Emit
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.decisions.ticks.progress import Calendar
from process_operator.resources.conditions import EventReason
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import Trigger

_CATCH_UP_AFTER: Final = timedelta(seconds=60)


def claim(
    request: ProcessRequest,
    manifest: dict[str, object],
    template: JobTemplate | None,
    scheduled: datetime,
    *,
    tick: datetime | None = None,
) -> tuple[Action, ...]:
    """Create a run (of `tick`, if one is given), and its Job with it if `template` is given."""
    if template is None:
        return (CreateRun(manifest),)
    metadata = manifest["metadata"]
    assert isinstance(metadata, dict)
    name = metadata["name"]
    job = job_to_come(template, request, run=name, scheduled=scheduled, tick=tick)
    return CreateRun(manifest, job), Emit(EventReason.RUN_STARTED, f"started run {name}", about=name)


def claim_tick(calendar: Calendar, tick: datetime, template: JobTemplate | None, now: datetime) -> tuple[Action, ...]:
    """Create the run of a due tick, and its Job with it if `template` is given."""
    newer = calendar.recurrence.next_after(tick)
    is_superseded = newer is not None and newer <= now
    trigger = Trigger.CATCH_UP if is_superseded else trigger_of(calendar.recurrence.due_at(tick), now)
    manifest = run_manifest(calendar.request, name=calendar.run_name(tick), trigger=trigger, scheduled=tick)
    return claim(calendar.request, manifest, template, tick, tick=tick)


def trigger_of(due: datetime, created: datetime) -> Trigger:
    """The trigger of a run of a schedule: CatchUp if it is created more than a minute after it was due."""
    return Trigger.CATCH_UP if created - due > _CATCH_UP_AFTER else Trigger.SCHEDULE
