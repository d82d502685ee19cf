"""Creation of a run's Job, and everything else about a run that has none.

The API server may reject the Job, the run may have to wait, or the Job may have existed before and be gone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.manifests.jobs import job_manifest
from process_operator.decisions.plan.actions import CreateJob, ListPods, LookUpJob
from process_operator.decisions.plan.part import Part, part
from process_operator.decisions.run.finish import record
from process_operator.decisions.run.kill import end_after_kill
from process_operator.decisions.run.report import (
    begin_steps,
    finish,
    not_started,
    report,
    start_event,
)
from process_operator.decisions.template.job_names import name_problem
from process_operator.resources import names
from process_operator.resources.conditions import LogReason, RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunLog, RunPhase, Trigger

JOB_EVENT_DELAY: Final = timedelta(seconds=10)
"""Time after the creation of a run in which its Job may still be missing in the watch."""


def plan_without_job(view: RunView, orders: RunOrders) -> Part[None]:
    """Decide about an open run that has no Job."""
    rejection = view.observations.create_rejected
    if (orders.kill is not None or orders.objection is not None) and not view.observations.job_absent:
        # Another operator may have created the Job while this one was stopped.
        return part(LookUpJob(view.name))
    if orders.kill is not None:
        outcome = not_started(*end_after_kill(orders.kill), orders.kill.detail)
        return finish(view, outcome, RunLog(reason=LogReason.NEVER_STARTED), orders)
    if view.by_cronjob or view.run.status.job_uid is not None:
        return _look_for_job(view, orders)
    if (reason_and_message := _final_rejection(view, orders)) is not None:
        outcome = not_started(RunPhase.FAILED, *reason_and_message)
        return finish(view, outcome, RunLog(reason=LogReason.NEVER_STARTED), orders)
    if rejection is not None and rejection.again_at is not None and rejection.again_at > orders.now:
        return report(view, rejection.reason, rejection.message).waking_at(rejection.again_at)
    if orders.may_start and orders.steps:
        return begin_steps(view, orders)
    if orders.may_start or _may_wait_suspended(view, orders):
        return _create_job(view, orders)
    return _report_wait(view, orders)


def _create_job(view: RunView, orders: RunOrders) -> Part[None]:
    assert orders.template is not None
    is_suspended = not orders.may_start
    manifest = job_manifest(orders.template, view.run, orders.request, scheduled=view.scheduled, suspended=is_suspended)
    claimed_for = view.due if names.ANNOTATION_CLAIMED_AHEAD in view.run.metadata.annotations else None
    create = CreateJob(view.name, manifest, claimed_for)
    return part(create) if is_suspended else part(create, start_event(view))


def _report_wait(view: RunView, orders: RunOrders) -> Part[None]:
    if orders.wait_reason is not None:
        is_renewed = orders.is_next and orders.wait_reason[0] == RunReason.WAITING
        return report(view, *orders.wait_reason, is_message_kept=not is_renewed)
    if view.window is None or orders.now >= view.window.start or not _is_managed_elsewhere(view, orders):
        return part()
    start = format_instant(view.window.start)
    words = f"waits until {start}; its Job is created then, because another controller decides when it runs"
    return report(view, RunReason.SUSPENDED, words)


def _final_rejection(view: RunView, orders: RunOrders) -> tuple[str, str] | None:
    """Reason and message of a Job that can never be created.

    The parameters of the run are not allowed, or the API server rejected the Job, or would reject its name.
    """
    if orders.objection is not None:
        return orders.objection
    rejection = view.observations.create_rejected
    if rejection is not None and rejection.again_at is None:
        return rejection.reason, rejection.message
    problem = name_problem(orders.template, view.name) if orders.template is not None else ""
    return (RunReason.REJECTED, problem) if problem else None


def _may_wait_suspended(view: RunView, orders: RunOrders) -> bool:
    """Whether a Run Later run gets its Job at once, suspended, so that a rejection is known early.

    Another controller that resumes suspended Jobs would start the Job before its time. Then the Job is created later.
    """
    is_later = view.run.spec.trigger == Trigger.LATER and orders.template is not None
    return is_later and not _is_managed_elsewhere(view, orders)


def _is_managed_elsewhere(view: RunView, orders: RunOrders) -> bool:
    """Whether the template, or the answer to a dry run of the Job, names another controller."""
    template = orders.template
    return view.observations.managed_elsewhere or (template is not None and template.is_queued_by_kueue)


def _look_for_job(view: RunView, orders: RunOrders) -> Part[None]:
    """Look for a Job that existed before. Only an answer of the API server proves that it is gone."""
    created = view.run.metadata.creation_timestamp
    assert created is not None
    if orders.now < created + JOB_EVENT_DELAY:
        return part(wake_at=created + JOB_EVENT_DELAY)
    if not view.observations.job_absent:
        return part(LookUpJob(view.name))
    if view.observations.pods_listed_at is None and view.run.status.job_uid is not None:
        return part(ListPods(view.run.status.job_uid, view.name))
    return record(view, orders).without_value()
