"""Actions on the CronJob of a request: create it, patch it, and take a tick over from the CronJob controller."""

from __future__ import annotations

from typing import Final, Literal

from process_operator.actions.context import ActionContext, Handlers, aimed
from process_operator.actions.jobs import create_job
from process_operator.cluster.errors import (
    AlreadyExists,
    Conflict,
    Invalid,
    NotFound,
)
from process_operator.decisions.inputs.ownership import is_cronjob_of
from process_operator.decisions.plan import actions
from process_operator.resources.batch.cronjob import parse_cronjob
from process_operator.resources.kinds import (
    CRONJOB,
)
from process_operator.resources.types import Object


async def create_cronjob(context: ActionContext, action: actions.CreateCronJob) -> None:
    """Create the CronJob of a request, or use the one of that name that the request owns already."""
    try:
        answer = await context.create(CRONJOB, action.manifest)
    except AlreadyExists:
        found, confirm = await context.get(CRONJOB, action.manifest["metadata"]["name"])
        if not is_cronjob_of(parse_cronjob(found), context.snapshot.name, context.snapshot.uid):
            raise
        confirm()
    else:
        context.store.apply(CRONJOB, answer)


async def patch_cronjob(context: ActionContext, action: actions.PatchCronJob) -> None:
    """Patch a CronJob, or its status, if it still has the UID that the action names."""
    body: Object | list[Object]
    if isinstance(action.patch, tuple):
        test = {"op": "test", "path": "/metadata/uid", "value": action.uid}
        body = [test, *(dict(operation) for operation in action.patch)]
    else:
        body = aimed(action.patch, action.uid)
    try:
        await _change_cronjob(context, action.cronjob, body, action.subresource)
    except Invalid:
        if not await context.is_replaced(CRONJOB, action.cronjob, action.uid):
            raise


async def take_over_tick(context: ActionContext, action: actions.TakeOverTick) -> None:
    """Record the tick in the status of the CronJob, then create the Job of the tick."""
    if await _change_cronjob(context, action.cronjob, dict(action.patch), "status") and action.job is not None:
        await create_job(context, actions.CreateJob(action.job["metadata"]["name"], action.job))


async def _change_cronjob(
    context: ActionContext, name: str, body: Object | list[Object], subresource: Literal["status"] | None
) -> bool:
    """Patch a CronJob and say whether it was changed.

    On a conflict nothing is changed, and the store gets the current version.
    """
    try:
        try:
            answer, changed = (
                await context.api.patch(CRONJOB, context.namespace, name, body, subresource=subresource),
                True,
            )
        except Conflict:
            answer, changed = await context.api.get(CRONJOB, context.namespace, name), False
    except NotFound:
        for seen in context.snapshot.cronjobs:
            context.store.mark_deleted(CRONJOB, context.namespace, name, uid=seen.metadata.uid)
        return False
    context.store.apply(CRONJOB, answer)
    return changed


HANDLERS: Final[Handlers] = {
    actions.CreateCronJob: create_cronjob,
    actions.PatchCronJob: patch_cronjob,
    actions.TakeOverTick: take_over_tick,
}
