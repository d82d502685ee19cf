"""Actions on the Job of a run: create, patch, kill, delete and read it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from process_operator.actions.context import QUOTA_RETRY, ActionContext, Handlers, aimed
from process_operator.actions.rejections import is_observation, what_fails
from process_operator.cluster.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NamespaceTerminating,
    NotFound,
    QuotaExceeded,
    ServerError,
    Unreachable,
)
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.ownership import cronjob_of_run, is_job_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan import actions
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.conditions import Reason, RunReason
from process_operator.resources.kinds import JOB, PROCESS_RUN
from process_operator.resources.process_run import ProcessRun
from process_operator.resources.types import Object
from process_operator.state.run_observations import (
    JobAbsent,
    JobCreated,
    JobDeletionStarted,
    JobManagedElsewhere,
    JobRejected,
    JobRemoved,
)

NAME_RETRY: Final = timedelta(seconds=5)
"""Time after which the operator tries a name again that the garbage collector is about to free."""


async def create_job(context: ActionContext, action: actions.CreateJob, *, made: Object | None = None) -> None:
    """Create a Job; `made` is its run if the operator has just created that, so that the snapshot does not have it.

    A rejection becomes an observation about the run. Raises ApiError if the API server did not answer for the first time.
    """
    try:
        if action.manifest["spec"].get("suspend") and await _would_be_resumed(context, action):
            context.observe(JobManagedElsewhere(action.run))
            return
        answer = await context.create(JOB, action.manifest)
    except AlreadyExists as error:
        if made is not None:
            context = context.with_run(ProcessRun.model_validate(made))
        await _meet_job(context, action, error)
    except QuotaExceeded as error:
        _reject_job(context, action.run, Reason.QUOTA_EXCEEDED, error.message, context.now() + QUOTA_RETRY)
    except NamespaceTerminating:
        _reject_job(context, action.run, Reason.NAMESPACE_TERMINATING, "", context.now() + QUOTA_RETRY)
    except (Forbidden, Invalid) as error:
        _reject_job(context, action.run, RunReason.REJECTED, error.message, None)
    except (ServerError, Unreachable) as error:
        _observe_unanswered(context, action, error)
    else:
        context.store.apply(JOB, answer)
        context.observe(JobCreated(action.run))


def _observe_unanswered(context: ActionContext, action: actions.CreateJob, error: ApiError) -> None:
    """Observe that the API server fails to create a Job, so that its run reports it and other runs continue.

    Raises the first error of a row, because the Job may have been created and the failure may be over in a moment.
    """
    before = _rejection_of(context, action.run)
    blocked = context.blocked_by(what_fails(action), error, before)
    if blocked.tries == 1 or not is_observation(error):
        context.observe(JobRejected(action.run, replace(blocked, again_at=context.now())))
        raise error
    context.observe(JobRejected(action.run, blocked))


async def _would_be_resumed(context: ActionContext, action: actions.CreateJob) -> bool:
    """Whether a suspended Job would not stay suspended, because of admission or another controller.

    Only a dry run shows it. The label of a default LocalQueue of Kueue, for example, is in no template.
    """
    job = parse_job(await context.create(JOB, action.manifest, dry_run=True))
    return job.is_managed_elsewhere or not job.is_suspended


async def _meet_job(context: ActionContext, action: actions.CreateJob, error: AlreadyExists) -> None:
    """Examine the Job that has the name already. An earlier try may have created it, or another owner has it."""
    found, confirm = await context.get(JOB, action.run)
    job = parse_job(found)
    controller = job.controller
    wanted = {owner["uid"] for owner in action.manifest["metadata"]["ownerReferences"]}
    if (controller is not None and controller.uid in wanted) or _is_proven(context.snapshot, action.run, job):
        # An earlier try created it, or the CronJob of the request was faster while the engine changed.
        confirm()
    elif job.metadata.deletion_timestamp is not None:
        raise error
    elif controller is not None and (controller.kind, controller.name) == (PROCESS_RUN.kind, action.run):
        # Its run was deleted, and the garbage collector is about to delete the Job.
        message = f"the name is still taken by Job {context.namespace}/{action.run} of an earlier run"
        _reject_job(context, action.run, RunReason.NAME_TAKEN, message, context.now() + NAME_RETRY)
    else:
        # The message does not name the owner, because the user might have no right to read Jobs.
        message = f"the name is taken by Job {context.namespace}/{action.run}, which does not belong to this run"
        _reject_job(context, action.run, RunReason.NAME_TAKEN, message, None)


def _reject_job(context: ActionContext, run: str, reason: str, message: str, again_at: datetime | None) -> None:
    before, now = _rejection_of(context, run), context.now()
    since = now if before is None else before.since
    blocked = Blocked(f"Job {run} cannot be created", reason, message, since, again_at, certain=True)
    context.observe(JobRejected(run, blocked))


def _rejection_of(context: ActionContext, run: str) -> Blocked | None:
    known = context.facts.runs.get(run)
    return known.create_rejected if known is not None else None


async def patch_job(context: ActionContext, action: actions.PatchJob) -> None:
    """Patch a Job if it still has the UID that the action names."""
    try:
        answer = await context.api.patch(JOB, context.namespace, action.job, aimed(action.patch, action.uid))
    except NotFound:
        context.store.mark_deleted(JOB, context.namespace, action.job, uid=action.uid)
    except (Conflict, Invalid):
        if not await context.is_replaced(JOB, action.job, action.uid):
            raise
    else:
        context.store.apply(JOB, answer)


async def kill_job(context: ActionContext, action: actions.KillJob) -> None:
    """Open the log of a Job, then patch the Job so that the Job controller ends it."""
    if action.tail_bytes:
        await context.services.logs.follow_before_kill(context.key, action)
    await patch_job(context, actions.PatchJob(action.job, action.uid, action.patch))


async def delete_job(context: ActionContext, action: actions.DeleteJob) -> None:
    """Delete a Job and evict the facts about its pods. Raises ApiError.

    The observation comes before the call, because a call without an answer may have deleted the Job as well.
    """
    is_run_open = context.store.runs.get(context.namespace, action.job) is not None
    if is_run_open:
        context.observe(JobDeletionStarted(action.job, action.uid))
    try:
        await context.api.delete(JOB, context.namespace, action.job, uid=action.uid)
    except (Forbidden, Invalid):
        if is_run_open:
            context.observe(JobDeletionStarted(action.job, uid=""))
        raise
    context.store.mark_deleted(JOB, context.namespace, action.job, uid=action.uid, evict=True)
    if is_run_open:
        context.observe(JobRemoved(action.job))


async def look_up_job(context: ActionContext, action: actions.LookUpJob) -> None:
    """Read the Job of a run from the API server, or observe that the run has none."""
    try:
        found, confirm = await context.get(JOB, action.run)
    except NotFound:
        context.observe(JobAbsent(action.run))
        return
    if _is_proven(context.snapshot, action.run, parse_job(found)):
        confirm()
    else:
        context.observe(JobAbsent(action.run))


def _is_proven(snapshot: Snapshot, name: str, job: Job) -> bool:
    """Whether a Job belongs to the run that has the same name."""
    run = next((run for run in (*snapshot.runs, *snapshot.step_runs) if run.metadata.name == name), None)
    return run is not None and is_job_of(run, job, cronjob_of_run(snapshot, run))


HANDLERS: Final[Handlers] = {
    actions.CreateJob: create_job,
    actions.PatchJob: patch_job,
    actions.KillJob: kill_job,
    actions.DeleteJob: delete_job,
    actions.LookUpJob: look_up_job,
}
