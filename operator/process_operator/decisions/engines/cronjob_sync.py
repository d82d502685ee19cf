"""CronJob of a request whose engine is CronJob: created, kept up to date and suspended.

The operator suspends a CronJob that is not wanted. Deleting it would delete its running Jobs too. The operator sets
`status.lastScheduleTime` to the start of the activation. Without it the controller would start ticks of the time before
(seen on Kubernetes 1.36). Neighbours: `manifests/`, `operator.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.acceptance.engine import EngineChoice
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.ownership import cronjobs_of_earlier_requests, own_cronjob
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import cronjob_manifest, cronjob_spec
from process_operator.decisions.manifests.owners import identity_patch
from process_operator.decisions.plan.actions import CreateCronJob, Emit, PatchCronJob
from process_operator.decisions.plan.part import Part, join, part
from process_operator.decisions.run.orphans import adopt_cronjobs
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.conditions import EventReason
from process_operator.resources.engine import Engine
from process_operator.resources.model import format_instant, whole_second
from process_operator.resources.process_request import ProcessRequest
from process_operator.timing.recurrence import Recurrence

MAX_UNRECORDED_JOBS: Final = 50
"""Jobs without a run that the CronJob may have while the API server rejects runs, before the operator suspends it.

The CronJob controller keeps 100 finished Jobs and deletes older ones."""
_CLOCK_SKEW: Final = timedelta(seconds=10)
"""A lastScheduleTime further ahead of the operator's clock was set by the operator, not by the controller's clock."""


def plan_cronjob(
    snapshot: Snapshot, acceptance: Acceptance, now: datetime, *, finished: bool, unrecorded: int
) -> Part[None]:
    """Bring the CronJob up to date with the request, and suspend and adopt CronJobs of earlier requests of its name.

    Args:
        finished: no tick of the schedule is left.
        unrecorded: number of Jobs of the CronJob that have no run.
    """
    planned = suspend_orphans(snapshot) + adopt_cronjobs(snapshot)
    if acceptance.lookup is not None or blocked_now(snapshot, Need.CRON_JOB, now) is not None:
        return planned
    cronjob, choice = own_cronjob(snapshot), acceptance.engine
    if not acceptance.is_accepted or choice is None or choice.engine != Engine.CRON_JOB:
        return planned if cronjob is None or cronjob.suspend else planned + part(_suspend(cronjob))
    request, template = snapshot.request, acceptance.template
    assert request is not None and template is not None
    no_runs = snapshot.blocked.get(Need.RUN) if unrecorded >= MAX_UNRECORDED_JOBS else None
    is_idle = request.spec.suspend or finished or no_runs is not None
    spec = _wanted_spec(request, template, choice, suspend=is_idle)
    if cronjob is None:
        create = part() if is_idle else part(CreateCronJob(cronjob_manifest(request, template, spec)))
        return planned + create
    if no_runs is not None and not cronjob.suspend:
        name = cronjob.metadata.name
        message = f"suspended CronJob {name}, because its {unrecorded} Jobs cannot be recorded: {no_runs.message}"
        planned += part(Emit(EventReason.BLOCKED, message, warning=True, about=name))
    patches = _patches(snapshot, cronjob, spec, template.hash, acceptance.recurrence, None if is_idle else now)
    return planned + part(*patches)


def _patches(
    snapshot: Snapshot,
    cronjob: CronJob,
    spec: dict[str, Any],
    template_hash: str,
    recurrence: Recurrence | None,
    armed_at: datetime | None,
) -> Iterator[PatchCronJob]:
    """The patches that bring a CronJob up to date. `armed_at` is the present (UTC) if it is to fire."""
    name, uid, request = cronjob.metadata.name, cronjob.metadata.uid, snapshot.request
    assert request is not None
    if labels := identity_patch(request, cronjob.metadata):
        yield PatchCronJob(name, uid, labels)
    quiet, last = _quiet_until(snapshot, cronjob, recurrence), cronjob.last_schedule_time
    if armed_at is not None and (last is None or last < quiet or (last > armed_at + _CLOCK_SKEW and last != quiet)):
        patch = {"status": {"lastScheduleTime": format_instant(quiet)}}
        yield PatchCronJob(name, uid, patch, subresource="status")
    if not _is_up_to_date(cronjob, spec, template_hash):
        yield PatchCronJob(name, uid, _replacement(spec, template_hash))


def armed_cronjob(snapshot: Snapshot, acceptance: Acceptance) -> CronJob | None:
    """The CronJob if the controller is to fire it, so that a tick without a Job is an omission of the controller."""
    request, cronjob, template, choice = (
        snapshot.request,
        own_cronjob(snapshot),
        acceptance.template,
        acceptance.engine,
    )
    if acceptance.lookup is not None or request is None or cronjob is None or template is None or choice is None:
        return None
    last = cronjob.last_schedule_time
    if cronjob.metadata.deletion_timestamp is not None or last is None:
        return None
    if last < _quiet_until(snapshot, cronjob, acceptance.recurrence):
        return None
    spec = _wanted_spec(request, template, choice, suspend=False)
    return cronjob if _is_up_to_date(cronjob, spec, template.hash) else None


def _wanted_spec(
    request: ProcessRequest, template: JobTemplate, choice: EngineChoice, *, suspend: bool
) -> dict[str, Any]:
    assert choice.cron is not None
    return cronjob_spec(
        template,
        schedule=choice.cron.schedule,
        time_zone=choice.cron.time_zone,
        policy=request.spec.concurrency_policy.value,
        starting_deadline_seconds=request.spec.starting_deadline_seconds,
        suspend=suspend,
    )


def _quiet_until(snapshot: Snapshot, cronjob: CronJob, recurrence: Recurrence | None) -> datetime:
    """The instant (UTC) after which the controller may fire: the start of the activation, or just before startTime.

    The first tick of an hourly or minutely schedule is the start of its activation. If that is a whole minute, the
    controller has to start it too.
    """
    status, request = snapshot.status, snapshot.request
    assert request is not None and request.spec.timing.schedule is not None
    assert status.activation is not None and status.activation.since is not None
    candidates = [recurrence.floor if recurrence is not None else status.activation.since]
    start = request.spec.timing.schedule.start_time
    if start is not None:
        candidates.append(start - timedelta(seconds=1))
    if cronjob.suspend and status.last_schedule_time is not None:
        # It was suspended while the operator was the engine, which has settled the ticks up to the cursor.
        candidates.append(status.last_schedule_time)
    return whole_second(max(candidates))


def _is_up_to_date(cronjob: CronJob, spec: dict[str, Any], template_hash: str) -> bool:
    seen = (
        cronjob.schedule,
        cronjob.time_zone,
        cronjob.concurrency_policy,
        cronjob.starting_deadline_seconds,
        cronjob.suspend,
    )
    wanted = tuple(
        spec[name] for name in ("schedule", "timeZone", "concurrencyPolicy", "startingDeadlineSeconds", "suspend")
    )
    return seen == wanted and cronjob.template_hash == template_hash


def _replacement(spec: dict[str, Any], template_hash: str) -> tuple[dict[str, Any], ...]:
    # A JSON patch, because a merge patch cannot remove fields of the template.
    annotation = names.ANNOTATION_TEMPLATE_HASH.replace("~", "~0").replace("/", "~1")
    return (
        {"op": "replace", "path": "/spec", "value": {name: value for name, value in spec.items() if value is not None}},
        {"op": "add", "path": f"/metadata/annotations/{annotation}", "value": template_hash},
    )


def _suspend(cronjob: CronJob) -> PatchCronJob:
    return PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, {"spec": {"suspend": True}})


def suspend_orphans(snapshot: Snapshot) -> Part[None]:
    """Suspend CronJobs whose request was deleted with `--cascade=orphan`.

    Otherwise they start Jobs until a user deletes them, and nothing records the runs.
    """
    orphans = (
        cronjob
        for cronjob in cronjobs_of_earlier_requests(snapshot)
        if not cronjob.suspend and cronjob.metadata.deletion_timestamp is None
    )
    message = f"suspended, because its ProcessRequest {snapshot.name} no longer exists"
    return join(
        part(
            _suspend(cronjob),
            Emit(
                EventReason.ORPHANED,
                message,
                warning=True,
                about=cronjob.metadata.name,
                on_cronjob=cronjob.metadata.name,
            ),
        )
        for cronjob in orphans
    )
