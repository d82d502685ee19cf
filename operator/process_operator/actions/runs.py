"""Actions on ProcessRuns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import structlog

from process_operator.actions.context import ActionContext, Handlers, aimed
from process_operator.actions.history import load_history
from process_operator.actions.jobs import create_job
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
)
from process_operator.cluster.status import StatusChanged, replace_status
from process_operator.decisions.inputs.history import remembered, step_end
from process_operator.decisions.manifests.jobs import owned_by_run
from process_operator.decisions.plan import actions
from process_operator.resources import names
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
    RunDeleted,
    RunFinished,
    StepEnded,
)
from process_operator.state.run_observations import (
    RecordingFailed,
    RecordingStarted,
    WithdrawalFailed,
    WithdrawalRejected,
)

MARK_RETRY: Final = timedelta(seconds=30)
"""How long after a failure it is tried again to write what became of a notification."""

log = structlog.get_logger("process_operator")


async def create_run(context: ActionContext, action: actions.CreateRun) -> None:
    """Create a run, and its Job where the action has one. Raises AlreadyExists where another run has the name."""
    name = action.manifest["metadata"]["name"]
    try:
        answer = await context.api.create(PROCESS_RUN, context.namespace, dict(action.manifest))
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
        _take_run(context, answer)
    else:
        try:
            # First, because somebody waits for it.
            if action.job is not None:
                job = owned_by_run(action.job, answer["metadata"]["uid"])
                await create_job(context, actions.CreateJob(name, job), made=answer)
        finally:
            _take_run(context, answer)


def _take_run(context: ActionContext, raw: Object) -> None:
    """Take in a run as the server answered: open ones go to the store, finished ones to the history.

    What is kept of the finished run of a step is for the run that has the steps alone.
    """
    context.store.apply(PROCESS_RUN, raw)
    if not is_finished(raw):
        return
    run = ProcessRun.model_validate(raw)
    if run.spec.parent is not None:
        _observe_step(context, run.metadata.name, run.spec.parent.name, step_end(run))
        return
    if context.store.is_held(context.key, run.metadata.labels.get(names.LABEL_REQUEST_UID, "")):
        context.observe(RunFinished(remembered(run)))


def _observe_step(context: ActionContext, run: str, parent: str, end: StepStatus | None) -> None:
    """Report the end of a step while the run that has the steps is open."""
    if context.store.runs.get(context.namespace, parent) is not None:
        context.observe(StepEnded(run, parent, end))


async def look_up_step(context: ActionContext, action: actions.LookUpStep) -> None:
    """Read the run of a step, or note that there is none."""
    try:
        answer = await context.api.get(PROCESS_RUN, context.namespace, action.run)
    except NotFound:
        _observe_step(context, action.run, action.parent, None)
        return
    owners = answer["metadata"].get("ownerReferences") or ()
    if any(owner["uid"] == action.parent_uid for owner in owners):
        _take_run(context, answer)
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
        # Until the next try its Job may have been made.
        context.observe(WithdrawalFailed(action.run))
        raise
    context.store.mark_deleted(PROCESS_RUN, context.namespace, action.run, uid=action.uid)


async def adopt_run(context: ActionContext, action: actions.AdoptRun) -> None:
    """Patch the metadata of a run."""
    try:
        answer = await context.api.patch(PROCESS_RUN, context.namespace, action.run, aimed(action.patch, action.uid))
    except NotFound:
        _forget_run(context, action.run)
    except Invalid:
        current = await context.api.get(PROCESS_RUN, context.namespace, action.run)
        if current["metadata"]["uid"] == action.uid:
            raise
        _take_run(context, current)
    else:
        _take_run(context, answer)


async def report_run(context: ActionContext, action: actions.ReportRun) -> None:
    """Write the status of an open run."""
    seen = next(run for run in (*context.snapshot.runs, *context.snapshot.step_runs) if run.metadata.name == action.run)
    held = context.store.runs.get(context.namespace, action.run)
    if held is not None and held.uid == seen.metadata.uid and held.value.status == seen.status:
        seen = held.value  # its metadata may have changed by an earlier action of the plan
    try:
        answer = await replace_status(context.api, PROCESS_RUN, seen, action.status)
    except NotFound:
        _forget_run(context, action.run)
    except StatusChanged as changed:
        # Finished by another operator: a finished phase never changes, and theirs stands. Or it is another run now.
        is_same = changed.current["metadata"]["uid"] == seen.metadata.uid
        _take_run(context, changed.current)
        if is_same and not is_finished(changed.current):
            raise
    else:
        _take_run(context, answer)


async def finish_run(context: ActionContext, action: actions.FinishRun) -> None:
    """Write the final status of a run."""
    context.observe(RecordingStarted(action.run))
    try:
        await report_run(context, actions.ReportRun(action.run, action.status))
    except ApiError:
        # It may have been written all the same: then only a list shows the run as it is now.
        context.observe(HistoryOutdated())
        if context.store.runs.get(context.namespace, action.run) is not None:
            context.observe(RecordingFailed(action.run))
        raise


async def grow_summary(context: ActionContext, action: actions.GrowSummary) -> None:
    """Raises Conflict where the summary is not as it was seen: somebody else may have grown it further."""
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
        raise Conflict(f"the summary {action.run} has changed since it was looked at", status=409) from error
    _take_run(context, answer)


def _forget_run(context: ActionContext, run: str) -> None:
    entry = context.store.runs.get(context.namespace, run)
    if entry is not None:
        context.store.mark_deleted(PROCESS_RUN, context.namespace, run)


async def delete_runs(context: ActionContext, action: actions.DeleteRuns) -> None:
    """Delete finished runs."""
    for name, uid in action.runs.items():
        # One by one: a collection goes by labels, which somebody may have put on a run of another request.
        await context.api.delete(PROCESS_RUN, context.namespace, name, uid=uid)
        context.observe(RunDeleted(uid))


async def mark_notified(context: ActionContext, action: actions.MarkNotified) -> None:
    """A record: where it cannot be written now nothing waits for it, and no run is held up by it."""
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
        log.warning("what became of a notification could not be written", **said)
        context.observe(OutcomeNotRecorded(action.uid, context.now() + MARK_RETRY))
    else:
        context.observe(OutcomeRecorded(action.uid))


async def notify(context: ActionContext, action: actions.Notify) -> None:
    """Start to notify receivers in the background."""
    context.services.notifications.start(context.key, action)


def _is_as_wanted(found: ProcessRun, manifest: Mapping[str, Any]) -> bool:
    """Whether a run that was there already stands for the one that was to be created.

    A run by hand of the same request may have taken the name of a tick: that is the run of the tick then. No step and
    no backfill would ever see such a run as its own.
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
