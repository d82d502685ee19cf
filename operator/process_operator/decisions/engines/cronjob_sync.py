"""The CronJob of a request, where that is its engine: made, kept in line, put to rest; and the Jobs it made.

A CronJob is never deleted, because that would take its running Jobs along; what is not wanted is suspended. The quiet
until the first tick is set by `status.lastScheduleTime`: without it the controller makes up ticks of a time in which it
should have been quiet (seen on Kubernetes 1.36). Neighbours: `manifests/cronjobs.py`, `operator.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from process_operator.decisions.acceptance.acceptance import Acceptance
from process_operator.decisions.acceptance.engine import EngineChoice
from process_operator.decisions.inputs.blocked import Need
from process_operator.decisions.inputs.ownership import is_cronjob_of
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.cronjobs import cronjob_manifest, cronjob_spec
from process_operator.decisions.manifests.owners import identity_patch
from process_operator.decisions.plan.actions import CreateCronJob, Emit, PatchCronJob
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.orphans import adopt_cronjobs
from process_operator.decisions.template.job_template import JobTemplate
from process_operator.resources import names
from process_operator.resources.batch.cronjob import CronJob
from process_operator.resources.conditions import EventReason
from process_operator.resources.engine import Engine
from process_operator.resources.model import format_instant
from process_operator.resources.process_request import ProcessRequest

MAX_UNRECORDED_JOBS: Final = 50
"""Jobs without a run, where the API server rejects runs. Of more than 100 the CronJob controller deletes the oldest."""
_SKEW = timedelta(seconds=10)
"""A lastScheduleTime this far ahead of our clock is a quiet that we set, not a tick of the controller's clock."""


def own_cronjob(snapshot: Snapshot) -> CronJob | None:
    """The CronJob of this request (and not of one that had its name before)."""
    return next((c for c in snapshot.cronjobs if is_cronjob_of(c, snapshot.name, snapshot.uid)), None)


def plan_cronjob(
    snapshot: Snapshot, acceptance: Acceptance, now: datetime, builder: PlanBuilder, *, finished: bool, unrecorded: int
) -> None:
    """Bring the CronJob in line with the request.

    Args:
        finished: no tick of the schedule is left.
        unrecorded: how many Jobs of the CronJob have no run.
    """
    suspend_orphans(snapshot, builder)
    builder.include(adopt_cronjobs(snapshot))
    if acceptance.ask is not None or blocked_now(snapshot, Need.CRON_JOB, now) is not None:
        return
    request, cronjob, template = snapshot.request, own_cronjob(snapshot), acceptance.template
    assert request is not None
    choice = acceptance.engine
    if not acceptance.is_accepted or choice is None or choice.engine != Engine.CRON_JOB:
        if cronjob is not None and not cronjob.suspend:
            builder.add(_suspend(cronjob))
        return
    assert template is not None
    no_runs = snapshot.blocked.get(Need.RUN) if unrecorded >= MAX_UNRECORDED_JOBS else None
    rests = request.spec.suspend or finished or no_runs is not None
    if no_runs is not None and cronjob is not None and not cronjob.suspend:
        name = cronjob.metadata.name
        message = f"suspended CronJob {name} until its {unrecorded} Jobs can be recorded: {no_runs.message}"
        builder.add(Emit(EventReason.BLOCKED, message, warning=True, about=name))
    spec = _wanted_spec(request, template, choice, suspend=rests)
    if cronjob is None:
        if not rests:
            builder.add(CreateCronJob(cronjob_manifest(request, template, spec)))
        return
    if labels := identity_patch(request, cronjob.metadata):
        builder.add(PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, labels))
    quiet = _quiet_until(snapshot, cronjob)
    last = cronjob.last_schedule_time
    if not rests and (last is None or last < quiet or (last > now + _SKEW and last != quiet)):
        patch = {"status": {"lastScheduleTime": format_instant(quiet)}}
        builder.add(PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, patch, subresource="status"))
    if not _is_up_to_date(cronjob, spec, template.hash):
        builder.add(PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, _replacement(spec, template.hash)))


def armed_cronjob(snapshot: Snapshot, acceptance: Acceptance) -> CronJob | None:
    """The CronJob where all is set for the controller to fire it: a tick without a Job is its omission then."""
    request, cronjob, template, choice = (
        snapshot.request,
        own_cronjob(snapshot),
        acceptance.template,
        acceptance.engine,
    )
    if acceptance.ask is not None or request is None or cronjob is None or template is None or choice is None:
        return None
    last = cronjob.last_schedule_time
    if cronjob.metadata.deletion_timestamp is not None or last is None or last < _quiet_until(snapshot, cronjob):
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


def _quiet_until(snapshot: Snapshot, cronjob: CronJob) -> datetime:
    """The instant after which the controller may fire: where the activation began, or right before its startTime."""
    status, request = snapshot.status, snapshot.request
    assert request is not None and request.spec.timing.schedule is not None
    assert status.activation is not None and status.activation.since is not None
    candidates = [status.activation.since]
    start = request.spec.timing.schedule.start_time
    if start is not None:
        candidates.append(start - timedelta(seconds=1))
    if cronjob.suspend and status.last_schedule_time is not None:
        # It rested while the operator was the engine: ticks up to the cursor are settled.
        candidates.append(status.last_schedule_time)
    return max(candidates).replace(microsecond=0)


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
    # A JSON patch: a merge patch could not take anything out of the template.
    annotation = names.ANNOTATION_TEMPLATE_HASH.replace("~", "~0").replace("/", "~1")
    return (
        {"op": "replace", "path": "/spec", "value": {name: value for name, value in spec.items() if value is not None}},
        {"op": "add", "path": f"/metadata/annotations/{annotation}", "value": template_hash},
    )


def _suspend(cronjob: CronJob) -> PatchCronJob:
    return PatchCronJob(cronjob.metadata.name, cronjob.metadata.uid, {"spec": {"suspend": True}})


def suspend_orphans(snapshot: Snapshot, builder: PlanBuilder) -> None:
    """`kubectl delete --cascade=orphan` leaves a CronJob that would fire for ever with nobody to record its runs."""
    for cronjob in snapshot.cronjobs:
        made_for = cronjob.metadata.labels.get(names.LABEL_REQUEST_UID, "")
        left_behind = made_for != snapshot.uid and is_cronjob_of(cronjob, snapshot.name, made_for)
        if left_behind and not cronjob.suspend and cronjob.metadata.deletion_timestamp is None:
            name = cronjob.metadata.name
            message = f"suspended, because its ProcessRequest {snapshot.name} no longer exists"
            builder.add(
                _suspend(cronjob), Emit(EventReason.ORPHANED, message, warning=True, about=name, on_cronjob=name)
            )
