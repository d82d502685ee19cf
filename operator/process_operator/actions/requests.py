"""Actions on a ProcessRequest: its status, the dry run of its Job, its calendars, and its deletion."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final, NoReturn

from process_operator.actions.context import QUOTA_RETRY, ActionContext, Handlers
from process_operator.actions.rejections import is_by_policy, is_observation, what_fails, words_of
from process_operator.cluster.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    NotFound,
    QuotaExceeded,
    ServerError,
    Unreachable,
)
from process_operator.cluster.status import status_patch
from process_operator.decisions.inputs.observations import DryRun
from process_operator.decisions.plan import actions
from process_operator.resources.conditions import Reason
from process_operator.resources.kinds import (
    JOB,
    PROCESS_REQUEST,
)
from process_operator.resources.model import Metadata, Model
from process_operator.state.request_observations import DryRunAnswered, DryRunFailed, HistoryLoaded

POLICY_RETRY: Final = timedelta(seconds=25)
"""Time after which the operator tries again what rights or a policy rejected.

Work continues within 30 seconds after the cause is removed.
"""


async def begin_activation(context: ActionContext, action: actions.BeginActivation) -> None:
    """Write the status with the new activation. Raises ApiError."""
    if context.snapshot.status.activation is None:
        # The operator never created anything from a request without an activation, so its history is empty.
        context.observe(HistoryLoaded(()))
    await write_status(context, action.status)


async def write_status(context: ActionContext, status: Model) -> None:
    """PATCH the status of a request so that it is exactly `status`.

    The request must still have the version that the decision saw. An outdated status would move the cursor back, and
    ticks whose runs are deleted already would run again. Raises NotFound if the request is deleted, and Conflict if it
    has changed.
    """
    assert context.snapshot.request is not None
    seen = context.snapshot.request.metadata
    body = status_patch(seen.uid, seen.resource_version, status.to_api())
    try:
        answer = await context.api.patch(PROCESS_REQUEST, *context.key, body, subresource="status")
    except (Invalid, NotFound) as error:
        await _explain_failure(context, seen, error)
    else:
        context.store.apply(PROCESS_REQUEST, answer)
        context.store.set_progress(context.key, replace(context.store.progress(context.key), status=None))


async def _explain_failure(context: ActionContext, seen: Metadata, error: Invalid | NotFound) -> NoReturn:
    """Find out why the PATCH failed its precondition: a change, a deletion, or another request of the same name."""
    try:
        current = await context.api.get(PROCESS_REQUEST, *context.key)
    except NotFound:
        context.store.mark_deleted(PROCESS_REQUEST, *context.key, uid=seen.uid)
        raise
    if current["metadata"]["resourceVersion"] == seen.resource_version:
        raise error
    context.store.apply(PROCESS_REQUEST, current)
    if current["metadata"]["uid"] == seen.uid:
        raise Conflict("the request has changed since it was read", status=409, reason="Conflict") from error
    raise NotFound(f"the request with the UID {seen.uid} is deleted", status=404, reason="NotFound")


async def dry_run(context: ActionContext, action: actions.DryRunJob) -> None:
    """Send the Jobs of a request to the API server as a dry run. Raises ApiError if it does not answer for the first time."""
    result, blocked = DryRun(action.template_hash), None
    for index, manifest in enumerate(action.manifests):
        try:
            await context.api.create(JOB, context.namespace, dict(manifest), dry_run=True)
        except AlreadyExists:
            continue
        except (Forbidden, Invalid, NotFound) as error:
            result = _rejection(context, error, action.template_hash, index)
            break
        except (ServerError, Unreachable) as error:
            blocked = context.blocked_by(what_fails(action), error, context.facts.dry_run_blocked)
            if blocked.tries == 1 or not is_observation(error):
                context.observe(DryRunFailed(blocked))
                raise
            result = DryRun(action.template_hash, blocked.reason, blocked.message, blocked.again_at, index)
            break
    context.observe(DryRunAnswered(result, blocked))


def _rejection(context: ActionContext, error: Forbidden | Invalid | NotFound, template_hash: str, job: int) -> DryRun:
    reason = Reason.TEMPLATE_REJECTED
    again = None
    if isinstance(error, QuotaExceeded):
        reason, again = Reason.QUOTA_EXCEEDED, context.now() + QUOTA_RETRY
    elif isinstance(error, NamespaceTerminating) or (isinstance(error, NotFound) and "namespaces" in error.message):
        reason = Reason.NAMESPACE_TERMINATING
    elif is_by_policy(error):
        # Rights and policies can change without an edit of the request.
        again = context.now() + POLICY_RETRY
    return DryRun(template_hash, reason, words_of(error), again, job)


async def follow_config_map(context: ActionContext, action: actions.FollowConfigMap) -> None:
    """Read a ConfigMap, and watch it from then on."""
    await context.services.follow_config_map(context.namespace, action.name)


async def delete_request(context: ActionContext, action: actions.DeleteRequest) -> None:
    """Delete a request."""
    await context.api.delete(PROCESS_REQUEST, *context.key, uid=action.uid)
    context.store.mark_deleted(PROCESS_REQUEST, *context.key, uid=action.uid)


HANDLERS: Final[Handlers] = {
    actions.BeginActivation: begin_activation,
    actions.DryRunJob: dry_run,
    actions.FollowConfigMap: follow_config_map,
    actions.DeleteRequest: delete_request,
}
