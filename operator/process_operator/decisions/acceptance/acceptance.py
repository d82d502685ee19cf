"""Acceptance of a request: whether it can be put into force as it is, and otherwise the field that prevents it.

The checks are in the order in which a user would correct them. The first that fails is the reason of the condition
Accepted. A dry run of the Job, once for each template, covers what only the API server can check. Neighbours:
`engine.py` chooses the engine, `status/request.py` writes the conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from process_operator.decisions.acceptance.dry_run_message import in_the_template
from process_operator.decisions.acceptance.engine import EngineChoice, choose_engine
from process_operator.decisions.acceptance.exclude_from import (
    CalendarReport,
    ExcludedByCalendars,
    excluded_by_calendars,
)
from process_operator.decisions.acceptance.process import objection
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.manifests.jobs import dry_run_manifest
from process_operator.decisions.plan.actions import DryRunJob, FollowConfigMap
from process_operator.decisions.template.job_names import (
    check_request_name,
    check_step_names,
    longest_run_name,
    longest_step_name,
)
from process_operator.decisions.template.job_template import JobTemplate, template_field
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import StepTemplate, hash_of
from process_operator.resources import names
from process_operator.resources.conditions import Reason
from process_operator.resources.process import Process
from process_operator.resources.process_request import OnSuspend, ProcessRequest
from process_operator.timing.errors import ScheduleError
from process_operator.timing.recurrence import Recurrence


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Result of the checks of a request. `reason` is empty if it is accepted."""

    reason: str = ""
    message: str = ""
    template: JobTemplate | None = None
    """None also if the Process has steps."""
    steps: tuple[StepTemplate, ...] = ()
    recurrence: Recurrence | None = None
    engine: EngineChoice | None = None
    lookup: DryRunJob | FollowConfigMap | None = None
    """A look-up that is needed first. Until its answer no run starts and no condition changes."""
    again_at: datetime | None = None
    """Time of the next look-up (UTC), for rejections that may heal."""
    calendars: CalendarReport | None = None
    """State of the calendars of excludeFrom. None if it names none."""

    @property
    def is_accepted(self) -> bool:
        """Whether runs may be started."""
        return not self.reason and self.lookup is None

    @property
    def may_start_claims(self) -> bool:
        """Whether runs that were claimed before may start.

        They may under a schedule without a tick, such as one whose finishTime was set to the past. They were due before
        that edit, as the last runs of a schedule are before it reaches its finishTime.
        """
        has_template = self.template is not None or bool(self.steps)
        return self.is_accepted or (self.reason == Reason.NEVER_FIRES and has_template)

    @property
    def template_hash(self) -> str | None:
        """Hash of the templates of which the API server gets a dry run."""
        if self.steps:
            return hash_of(self.steps)
        return self.template.hash if self.template is not None else None


class _NotAcceptedError(Exception):
    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def accept(snapshot: Snapshot, now: datetime) -> Acceptance:
    """Check the request of a snapshot whose activation is up to date."""
    assert snapshot.request is not None
    schedule = snapshot.request.spec.timing.schedule
    excluded = excluded_by_calendars(schedule, snapshot, now) if schedule is not None else ExcludedByCalendars()
    if excluded.lookup is not None:
        return Acceptance(lookup=excluded.lookup)
    found = _judge(snapshot, snapshot.request, excluded, now)
    if excluded.report is None:
        return found
    again_at = min(filter(None, (found.again_at, excluded.ends_at)), default=None)
    return replace(found, calendars=excluded.report, again_at=again_at)


def _judge(snapshot: Snapshot, request: ProcessRequest, excluded: ExcludedByCalendars, now: datetime) -> Acceptance:
    recurrence = None
    template: JobTemplate | None = None
    steps: tuple[StepTemplate, ...] = ()
    try:
        _check_unsupported(request, snapshot)
        _check_calendars(excluded)
        recurrence = snapshot.compiled.recurrence(_since(snapshot), excluded.now, excluded.earlier)
        _check_missing_process(request, snapshot)
        if snapshot.process is not None and snapshot.process.spec.steps is not None:
            steps = snapshot.compiled.steps
            check_step_names(request, snapshot.process, steps, _longest_run_name(snapshot, request, recurrence, now))
        else:
            template = snapshot.compiled.template
            run = _longest_run_name(snapshot, request, recurrence, now)
            check_request_name(request, template, run, template_field(snapshot.process))
        _check_pause_in_queue(request, [step.template for step in steps] if template is None else [template])
        engine = choose_engine(
            request,
            template,
            since=_since(snapshot),
            now=now,
            default=snapshot.defaults.engine,
            process=snapshot.process,
        )
    except ScheduleError as error:
        found = Acceptance(error.reason, str(error))
        return _with_templates(snapshot, found) if error.reason == Reason.NEVER_FIRES else found
    except TemplateError as error:
        return Acceptance(error.reason, error.message, recurrence=recurrence)
    except _NotAcceptedError as error:
        return Acceptance(error.reason, error.message, template=template, recurrence=recurrence)
    so_far = Acceptance(template=template, steps=steps, recurrence=recurrence, engine=engine)
    return _with_dry_run(snapshot, request, so_far, now)


def _with_templates(snapshot: Snapshot, found: Acceptance) -> Acceptance:
    """The acceptance with the templates for runs that were claimed before, if they can be built."""
    process = snapshot.process
    if process is None and snapshot.request is not None and snapshot.request.spec.process is not None:
        return found
    try:
        if process is not None and process.spec.steps is not None:
            return replace(found, steps=snapshot.compiled.steps)
        return replace(found, template=snapshot.compiled.template)
    except TemplateError:
        return found


def _with_dry_run(snapshot: Snapshot, request: ProcessRequest, so_far: Acceptance, now: datetime) -> Acceptance:
    wanted_hash = so_far.template_hash
    assert wanted_hash is not None
    if snapshot.status.template_hash == wanted_hash:
        return so_far
    said = snapshot.dry_run
    if said is None or said.template_hash != wanted_hash or (said.again_at is not None and said.again_at <= now):
        return replace(so_far, lookup=DryRunJob(_dry_runs(snapshot, request, so_far, now), wanted_hash))
    if said.accepted:
        return so_far
    where = so_far.steps[said.job].where if so_far.steps else template_field(snapshot.process)
    sent, written = _dry_runs(snapshot, request, so_far, now)[said.job], _written(snapshot, request, so_far, said.job)
    is_checked = said.reason not in (Reason.WEBHOOK_FAILED, Reason.API_ERROR)
    verb = "rejects the Job" if is_checked else "cannot check the Job"
    message = f"{where}: the API server {verb}: {in_the_template(said.message, sent, written)}"
    return replace(so_far, reason=said.reason, message=message, again_at=said.again_at)


def _longest_run_name(snapshot: Snapshot, request: ProcessRequest, recurrence: Recurrence | None, now: datetime) -> str:
    activation = snapshot.status.activation
    assert activation is not None
    return longest_run_name(request, activation=activation.number, recurrence=recurrence, now=now)


def _dry_runs(
    snapshot: Snapshot, request: ProcessRequest, so_far: Acceptance, now: datetime
) -> tuple[dict[str, Any], ...]:
    """The Jobs of the dry run, with names as long as any that will run."""
    run = _longest_run_name(snapshot, request, so_far.recurrence, now)
    if so_far.template is not None:
        return (dry_run_manifest(so_far.template, request, name=run, now=now),)
    return tuple(
        dry_run_manifest(step.template, request, name=longest_step_name(request, step, run), now=now)
        for step in so_far.steps
    )


def _written(snapshot: Snapshot, request: ProcessRequest, so_far: Acceptance, job: int) -> Mapping[str, Any]:
    """The Job template of the user from which the Job of a dry run was built."""
    if so_far.steps:
        process: Process | None = snapshot.step_processes[so_far.steps[job].process]
    else:
        process = snapshot.process
    written = request.spec.job_template if process is None else process.spec.job_template
    assert written is not None
    return written


def _since(snapshot: Snapshot) -> datetime:
    activation = snapshot.status.activation
    assert activation is not None and activation.since is not None
    return activation.since


def _check_calendars(excluded: ExcludedByCalendars) -> None:
    if excluded.reason:
        raise _NotAcceptedError(excluded.reason, excluded.message)


def _check_missing_process(request: ProcessRequest, snapshot: Snapshot) -> None:
    if request.spec.process is not None and snapshot.process is None:
        name = request.spec.process.name
        message = f'spec.process.name: there is no Process "{name}" in namespace {snapshot.namespace}; waiting for it'
        raise _NotAcceptedError(Reason.PROCESS_NOT_FOUND, message)


def _check_pause_in_queue(request: ProcessRequest, templates: list[JobTemplate]) -> None:
    """Reject it, because Kueue resumes what it has admitted. Both would suspend and resume the Job without end."""
    if request.spec.on_suspend == OnSuspend.SUSPEND_RUNNING and any(each.is_queued_by_kueue for each in templates):
        message = (
            f"spec.onSuspend: SuspendRunning is not allowed for a Job that Kueue queues (label {names.LABEL_KUEUE_QUEUE}), "
            "because Kueue would resume it; allowed: KeepRunning, CancelRunning"
        )
        raise _NotAcceptedError(Reason.UNSUPPORTED, message)


def _check_unsupported(request: ProcessRequest, snapshot: Snapshot) -> None:
    process = snapshot.process
    if process is None or request.spec.process is None:
        return
    found = objection(process, snapshot.step_processes)
    if found is not None:
        raise _NotAcceptedError(found.reason, f"Process {process.metadata.name}: {found.message}")
