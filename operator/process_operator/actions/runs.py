"""Actions on ProcessRuns: create, adopt, report, finish, delete and notify."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import structlog

from process_operator.actions.context import ActionContext, Handlers, aimed
from process_operator.actions.history import load_history
from process_operator.actions.jobs import create_job
from process_operator.actions.rejections import is_rejection, what_fails
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from process_operator.cluster.status import StatusChanged, replace_status
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import remembered, step_end
from process_operator.decisions.inputs.ownership import labelled_uid
from process_operator.decisions.manifests.jobs import owned_by_run
from process_operator.decisions.plan import actions
from process_operator.resources.kinds import (
    PROCESS_RUN,
)
from process_operator.resources.process_run import ProcessRun, StepStatus, Trigger
from process_operator.resources.types import Object
from process_operator.state.codec import is_finished
from process_operator.state.request_observations import (
    HistoryOutdated,
    OutcomeNotRecorded,
    OutcomeRecorded,
    RunFinished,
    RunsDeleted,
    StepEnded,
)
from process_operator.state.run_observations import (
    RecordingFailed,
    RecordingStarted,
    StatusRejected,
    StatusStored,
    WithdrawalFailed,
    WithdrawalRejected,
)

MARK_RETRY: Final = timedelta(seconds=30)
"""Pause after a failed write of the outcome of notifications."""

log = structlog.get_logger("process_operator")


async def create_run(context: ActionContext, action: actions.CreateRun) -> None:
    """Create a run, and its Job if the action has one. Raises AlreadyExists if another run has the name."""
    name, term = action.manifest["metadata"]["name"], context.services.term()
    try:
        answer = await context.create(PROCESS_RUN, action.manifest)
    except AlreadyExists as error:
        answer = await context.api.get(PROCESS_RUN, context.namespace, name)
        found = ProcessRun.model_validate(answer)
        if not _is_as_wanted(found, action.manifest):
            message = (
                f"the name is taken by a ProcessRun that is not of {context.snapshot.name} and this time; delete it"
            )
            raise AlreadyExists(message, status=error.status, reason=error.reason) from error
        is_over = found.status.phase.is_finished and found.spec.parent is None
        if is_over and context.facts.history is None:
            await load_history(context, actions.LoadHistory())
        _apply_run(context, answer)
    else:
        try:
            # The Job comes first, because the tick is due. After a stall it may be too late, or recorded as missed by
            # another operator. The next decision knows that.
            if action.job is not None and context.services.term() == term:
                job = owned_by_run(action.job, answer["metadata"]["uid"])
                await create_job(context, actions.CreateJob(name, job), made=answer)
        finally:
            _apply_run(context, answer)


def _apply_run(context: ActionContext, raw: Object) -> None:
    """Apply a run that the API server returned. An open run goes into the store, a finished one into the history.

    The finished run of a step is remembered for the run that has the steps only.
    """
    context.store.apply(PROCESS_RUN, raw)
    if not is_finished(raw):
        return
    run = ProcessRun.model_validate(raw)
    if run.spec.parent is not None:
        _observe_step(context, run.metadata.name, run.spec.parent.name, step_end(run))
        return
    if context.store.is_held(context.key, labelled_uid(run) or ""):
        context.observe(RunFinished(remembered(run)))


def _observe_step(context: ActionContext, run: str, parent: str, end: StepStatus | None) -> None:
    """Report the end of a step while the run that has the steps is open."""
    if context.store.runs.get(context.namespace, parent) is not None:
        context.observe(StepEnded(run, parent, end))


async def look_up_step(context: ActionContext, action: actions.LookUpStep) -> None:
    """Read the run of a step, or observe that there is none."""
    try:
        answer = await context.api.get(PROCESS_RUN, context.namespace, action.run)
    except NotFound:
        _observe_step(context, action.run, action.parent, None)
        return
    owners = answer["metadata"].get("ownerReferences") or ()
    if any(owner["uid"] == action.parent_uid for owner in owners):
        _apply_run(context, answer)
    else:
        _observe_step(context, action.run, action.parent, None)


async def withdraw_run(context: ActionContext, action: actions.WithdrawRun) -> None:
    """Delete a run that was claimed ahead of its tick."""
    try:
        await context.api.delete(PROCESS_RUN, context.namespace, action.run, uid=action.uid)
    except Forbidden as error:
        log.warning("a claim cannot be withdrawn", namespace=context.namespace, run=action.run, error=str(error))
        context.observe(WithdrawalRejected(action.run))
        return
    except ApiError:
        # Its Job may exist by the next try.
        context.observe(WithdrawalFailed(action.run))
        raise
    context.store.mark_deleted(PROCESS_RUN, context.namespace, action.run, uid=action.uid)


async def adopt_run(context: ActionContext, action: actions.AdoptRun) -> None:
    """Patch the metadata of a run."""
    try:
        answer = await context.api.patch(PROCESS_RUN, context.namespace, action.run, aimed(action.patch, action.uid))
    except NotFound:
        context.store.mark_deleted(PROCESS_RUN, context.namespace, action.run, uid=action.uid)
    except Invalid:
        current = await context.api.get(PROCESS_RUN, context.namespace, action.run)
        if current["metadata"]["uid"] == action.uid:
            raise
        _apply_run(context, current)
    else:
        _apply_run(context, answer)


async def report_run(context: ActionContext, action: actions.ReportRun) -> None:
    """Write the status of an open run."""
    seen = next(run for run in (*context.snapshot.runs, *context.snapshot.step_runs) if run.metadata.name == action.run)
    held = context.store.runs.get(context.namespace, action.run)
    if held is not None and held.uid == seen.metadata.uid and held.value.status == seen.status:
        seen = held.value  # an earlier action of the plan may have changed its metadata
    try:
        answer = await replace_status(context.api, PROCESS_RUN, seen, action.status)
    except NotFound:
        context.store.mark_deleted(PROCESS_RUN, context.namespace, action.run, uid=seen.metadata.uid)
    except (Invalid, Forbidden) as error:
        if is_rejection(error):
            before = _rejection_of_status(context, action.run)
            context.observe(StatusRejected(action.run, context.blocked_by(what_fails(action), error, before)))
        raise
    except StatusChanged as changed:
        # Another operator has finished it, and a finished phase never changes. Or another run has the name now.
        is_same = changed.current["metadata"]["uid"] == seen.metadata.uid
        _apply_run(context, changed.current)
        if is_same and not is_finished(changed.current):
            raise
    else:
        if _rejection_of_status(context, action.run) is not None:
            context.observe(StatusStored(action.run))
        _apply_run(context, answer)


def _rejection_of_status(context: ActionContext, run: str) -> Blocked | None:
    known = context.facts.runs.get(run)
    return known.status_rejected if known is not None else None


async def finish_run(context: ActionContext, action: actions.FinishRun) -> None:
    """Write the final status of a run."""
    context.observe(RecordingStarted(action.run))
    try:
        await report_run(context, actions.ReportRun(action.run, action.status))
    except ApiError as error:
        if isinstance(error, Invalid) or (isinstance(error, Forbidden) and not error.maybe_done):
            context.observe(RecordingFailed(action.run))
            raise
        # The API server may have written it. Only a list then shows the finished run.
        context.observe(HistoryOutdated())
        if context.store.runs.get(context.namespace, action.run) is not None:
            context.observe(RecordingFailed(action.run))
        raise


async def grow_summary(context: ActionContext, action: actions.GrowSummary) -> None:
    """Add ticks to a finished summary. Raises Conflict if another operator has changed it since it was read."""
    seen = next((run for run in context.snapshot.history or () if run.name == action.run), None)
    assert seen is not None and seen.summary is not None
    summary = action.status.to_api()["summary"]
    last = seen.summary.to_api()["to"]
    body: list[Object] = [
        {"op": "test", "path": "/metadata/uid", "value": seen.uid},
        {"op": "test", "path": "/status/summary/to", "value": last},
        {"op": "add", "path": "/status/summary", "value": summary},
    ]
    try:
        answer = await context.api.patch(PROCESS_RUN, context.namespace, action.run, body, subresource="status")
    except (Invalid, NotFound) as error:
        context.observe(HistoryOutdated())
        raise Conflict(f"the summary {action.run} has changed since it was read", status=409) from error
    _apply_run(context, answer)


async def delete_runs(context: ActionContext, action: actions.DeleteRuns) -> None:
    """Delete finished runs. Raises ApiError at the first that cannot be deleted; the ones before are observed."""
    deleted = set[str]()
    try:
        for name, uid in action.runs.items():
            # One by one, because a user can put the labels of a collection on a run of another request.
            await context.api.delete(PROCESS_RUN, context.namespace, name, uid=uid)
            deleted.add(uid)
    finally:
        context.observe(RunsDeleted(frozenset(deleted)))


async def mark_notified(context: ActionContext, action: actions.MarkNotified) -> None:
    """Write the outcome of notifications into a run. A failed write is tried again later and blocks nothing."""
    body: list[Object] = [
        {"op": "test", "path": "/metadata/uid", "value": action.uid},
        {"op": "add", "path": "/status/conditions/-", "value": action.condition.to_api()},
    ]
    try:
        await context.api.patch(PROCESS_RUN, context.namespace, action.run, body, subresource="status")
    except (Invalid, NotFound):
        # Another operator has written it, or the run is gone.
        context.observe(OutcomeRecorded(action.uid))
    except ApiError as error:
        said = {"namespace": context.namespace, "run": action.run, "error": str(error)}
        log.warning("the outcome of a notification could not be written", **said)
        context.observe(OutcomeNotRecorded(action.uid, context.now() + MARK_RETRY))
    else:
        context.observe(OutcomeRecorded(action.uid))


async def notify(context: ActionContext, action: actions.Notify) -> None:
    """Start to notify receivers in the background."""
    context.services.notifications.start(context.key, action)


def _is_as_wanted(found: ProcessRun, manifest: Mapping[str, Any]) -> bool:
    """Whether an existing run can replace the one that was to be created.

    A manual run of the same request may have the name of a tick. It is the run of that tick then. A step or a backfill
    does not accept a run like that, because it could not find it.
    """
    wanted, spec = ProcessRun.model_validate({**manifest, "metadata": {}}).spec, found.spec
    if (spec.request, spec.parent) != (wanted.request, wanted.parent):
        return False
    return spec.trigger == wanted.trigger or wanted.trigger not in (Trigger.STEP, Trigger.BACKFILL)


HANDLERS: Final[Handlers] = {
    actions.CreateRun: create_run,
    actions.LookUpStep: look_up_step,
    actions.WithdrawRun: withdraw_run,
    actions.AdoptRun: adopt_run,
    actions.ReportRun: report_run,
    actions.FinishRun: finish_run,
    actions.GrowSummary: grow_summary,
    actions.DeleteRuns: delete_runs,
    actions.Notify: notify,
    actions.MarkNotified: mark_notified,
}
