"""Creation of a run's Job, and everything else about a run that has none.

The API server may reject the Job, the run may have to wait, or the Job may have existed before and be gone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from process_operator.decisions.inputs.run_view import RunOrders, RunView
from process_operator.decisions.manifests.jobs import job_manifest
from process_operator.decisions.plan.actions import (
    CreateJob,
    ListPods,
    LookUpJob,
)
from process_operator.decisions.plan.builder import PlanBuilder
from process_operator.decisions.run.finish import record
from process_operator.decisions.run.kill import end_after_kill
from process_operator.decisions.run.report import (
    announce_start,
    begin_steps,
    finish,
    not_started,
    report,
)
from process_operator.decisions.template.job_names import name_problem
from process_operator.resources import names
from process_operator.resources.conditions import LogReason, RunReason
from process_operator.resources.model import format_instant
from process_operator.resources.process_run import RunLog, RunPhase, Trigger

LOOK_AGAIN: Final = timedelta(seconds=10)
"""A run this young is not given up for lost: its Job may not have reached us yet."""


def plan_without_job(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """Add what has to be done about an open run without a Job."""
    refused = view.observations.create_rejected
    if orders.kill is not None and not view.observations.job_absent:
        # Another operator may have started it while this one stood still.
        builder.add(LookUpJob(view.name))
    elif orders.kill is not None:
        finish(
            view,
            not_started(*end_after_kill(orders.kill), orders.kill.detail),
            RunLog(reason=LogReason.NEVER_STARTED),
            orders,
            builder,
        )
    elif view.by_cronjob or view.run.status.job_uid is not None:
        _look_for_job(view, orders, builder)
    elif (reason_and_message := _final_rejection(view, orders)) is not None:
        outcome = not_started(RunPhase.FAILED, *reason_and_message)
        finish(view, outcome, RunLog(reason=LogReason.NEVER_STARTED), orders, builder)
    elif refused is not None and refused.again_at is not None and refused.again_at > orders.now:
        builder.wake_at(refused.again_at)
        report(view, refused.reason, refused.message, builder)
    elif orders.may_start and orders.steps:
        begin_steps(view, orders, builder)
    elif orders.may_start or _may_wait_suspended(view, orders):
        assert orders.template is not None
        suspended = not orders.may_start
        manifest = job_manifest(
            orders.template, view.run, orders.request, scheduled=view.scheduled, suspended=suspended
        )
        claimed_for = view.due if names.ANNOTATION_AHEAD in view.run.metadata.annotations else None
        builder.add(CreateJob(view.name, manifest, claimed_for))
        if not suspended:
            announce_start(view, builder)
    else:
        _report_wait(view, orders, builder)


def _report_wait(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    if orders.holds is not None:
        report(view, *orders.holds, builder)
    elif view.window is not None and orders.now < view.window.start and _is_managed_elsewhere(view, orders):
        start = format_instant(view.window.start)
        words = f"waits until {start}; its Job is created then, because another controller decides when it runs"
        report(view, RunReason.SUSPENDED, words, builder)


def _final_rejection(view: RunView, orders: RunOrders) -> tuple[str, str] | None:
    """Reason and message where the Job of a run can never be created: the API server has said so, or would."""
    refused = view.observations.create_rejected
    if refused is not None and refused.again_at is None:
        return refused.reason, refused.message
    problem = name_problem(orders.template, view.name) if orders.template is not None else ""
    return (RunReason.REJECTED, problem) if problem else None


def _may_wait_suspended(view: RunView, orders: RunOrders) -> bool:
    """A Run Later run gets its Job at once, suspended, so that what the server says to it is known early.

    It must not where another controller resumes suspended Jobs: that one would start it before its time.
    """
    is_later = view.run.spec.trigger == Trigger.LATER and orders.template is not None
    return is_later and not _is_managed_elsewhere(view, orders)


def _is_managed_elsewhere(view: RunView, orders: RunOrders) -> bool:
    """Whether the template, or the answer to a dry run of the Job, names another controller."""
    template = orders.template
    return view.observations.managed_elsewhere or (template is not None and template.is_queued_by_kueue)


def _look_for_job(view: RunView, orders: RunOrders, builder: PlanBuilder) -> None:
    """The Job was there once. That no event shows it is no evidence; the API server's own word is."""
    created = view.run.metadata.creation_timestamp
    assert created is not None
    if orders.now < created + LOOK_AGAIN:
        builder.wake_at(created + LOOK_AGAIN)
    elif not view.observations.job_absent:
        builder.add(LookUpJob(view.name))
    elif view.observations.pods_listed_at is None and view.run.status.job_uid is not None:
        builder.add(ListPods(view.run.status.job_uid, view.name))
    else:
        record(view, orders, builder)
