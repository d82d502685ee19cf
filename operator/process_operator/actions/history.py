"""Actions that list finished ProcessRuns, which no watch delivers."""

from __future__ import annotations

from typing import Final

from process_operator.actions.context import ActionContext, Handlers
from process_operator.cluster.errors import (
    NotFound,
)
from process_operator.decisions.inputs.history import FinishedRun, remembered
from process_operator.decisions.plan import actions
from process_operator.resources import names
from process_operator.resources.kinds import (
    PROCESS_REQUEST,
    PROCESS_RUN,
)
from process_operator.resources.process_run import ProcessRun
from process_operator.state.request_observations import HistoryLoaded

_RUNS_IN_A_PAGE: Final = 200
"""The operator reads a page of this many runs with their logs in about ten milliseconds."""


async def load_history(context: ActionContext, _action: actions.LoadHistory) -> None:
    """List the finished runs of a request, then read the request itself."""
    selector = f"{names.LABEL_REQUEST_UID}={context.snapshot.uid}"
    history: list[FinishedRun] = []
    # Read page by page, because thousands of runs with their logs are gigabytes.
    async for page in context.api.pages(
        PROCESS_RUN, context.namespace, label_selector=selector, page_size=_RUNS_IN_A_PAGE
    ):
        if page.first:
            history.clear()
        for raw in page.items:
            run = ProcessRun.model_validate(raw)
            if run.spec.request.name != context.key[1]:
                continue  # a run of another request that has the label
            if not run.status.phase.is_finished:
                context.store.apply(PROCESS_RUN, raw)
            elif run.spec.parent is None:
                history.append(remembered(run))
    context.observe(HistoryLoaded(tuple(history)))
    await _read_request(context)


async def _read_request(context: ActionContext) -> None:
    """Re-read the request after listing its runs.

    A run that was deleted before the list is then already covered by the cursor of the request.
    """
    try:
        context.store.apply(PROCESS_REQUEST, await context.api.get(PROCESS_REQUEST, *context.key))
    except NotFound:
        context.store.mark_deleted(PROCESS_REQUEST, *context.key, uid=context.snapshot.uid)


async def load_process_runs(context: ActionContext, action: actions.LoadProcessRuns) -> None:
    """List the finished runs of a Process for its lock."""
    selector = f"{names.LABEL_PROCESS}={action.process}"
    # Read page by page and without logs, which may be gigabytes.
    ended: list[ProcessRun] = []
    async for page in context.api.pages(
        PROCESS_RUN, context.namespace, label_selector=selector, page_size=_RUNS_IN_A_PAGE
    ):
        if page.first:
            ended.clear()
        runs = map(ProcessRun.model_validate, page.items)
        ended += [_without_log(run) for run in runs if run.status.phase.is_finished]
    context.store.locks.remember((context.namespace, action.process), ended, whole=True)


def _without_log(run: ProcessRun) -> ProcessRun:
    return run.model_copy(update={"status": run.status.model_copy(update={"log": None})})


HANDLERS: Final[Handlers] = {
    actions.LoadHistory: load_history,
    actions.LoadProcessRuns: load_process_runs,
}
