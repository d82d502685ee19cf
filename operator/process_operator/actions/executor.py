"""The one place that acts: each action of a plan becomes an API call, and what the server answers goes into the store.

Every call may be repeated: names are deterministic, patches say what shall be, and an answer of AlreadyExists or
NotFound is looked at, not feared. What is refused for good becomes an observation for the next decision; what may pass
is raised, and the reconciler tries again later. Neighbours: `decisions/plan/actions.py` has the actions,
`log_reader.py` the logs.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NoReturn

import structlog

from process_operator.actions.log_reader import LogReader
from process_operator.actions.notify.notifier import Notifier
from process_operator.actions.rejections import blocked_by, is_by_policy, is_observation, what_fails, words_of
from process_operator.cluster.api import Api
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
from process_operator.cluster.events import EventRecorder
from process_operator.cluster.status import StatusChanged, replace_status, status_patch
from process_operator.decisions.inputs.blocked import Blocked
from process_operator.decisions.inputs.history import remembered, step_end
from process_operator.decisions.inputs.ownership import cronjob_of_run, is_cronjob_of, is_job_of
from process_operator.decisions.inputs.snapshot import Delivery, DryRun, FinishedRun, RunObservations, Snapshot
from process_operator.decisions.manifests.manifests import owned_by_run
from process_operator.decisions.plan import actions
from process_operator.decisions.run.pods import EVENT_CAUSES
from process_operator.resources import names
from process_operator.resources.batch.cronjob import parse_cronjob
from process_operator.resources.batch.job import Job, parse_job
from process_operator.resources.batch.pod import Waiting
from process_operator.resources.conditions import Reason, RunReason
from process_operator.resources.kinds import (
    CRONJOB,
    EVENT,
    JOB,
    POD,
    PROCESS_BACKFILL,
    PROCESS_REQUEST,
    PROCESS_RUN,
    Kind,
)
from process_operator.resources.kubelet_events import kubelet_events
from process_operator.resources.model import Metadata, Model, parse_instant
from process_operator.resources.process_backfill import ProcessBackfill, ProcessBackfillStatus
from process_operator.resources.process_run import ProcessRun, Trigger
from process_operator.resources.types import NamespacedName, Object
from process_operator.state.store import Store, is_finished

NAME_RETRY: Final = timedelta(seconds=5)
"""Time after which a name is tried again that the garbage collector is about to free."""
QUOTA_RETRY: Final = timedelta(seconds=15)
"""How long a refusal by a quota is believed."""
POLICY_RETRY: Final = timedelta(seconds=25)
"""How long any other rejection by rights or policy is believed: work goes on within 30 seconds after it is gone."""
MARK_RETRY: Final = timedelta(seconds=30)
"""How long after a failure it is tried again to write what became of a notification."""
_CAUSES: Final = EVENT_CAUSES | {"FailedCreate"}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_NOTES: Final = RunObservations()
_RUNS_IN_A_PAGE: Final = 200
"""As many as are read in some ten milliseconds, with their logs."""

log = structlog.get_logger("process_operator")


class ActionExecutor:
    """Carries out actions for one connection. `follow` reads and watches a ConfigMap, by namespace and name."""

    def __init__(  # noqa: PLR0913 - wiring
        self,
        api: Api,
        store: Store,
        events: EventRecorder,
        logs: LogReader,
        clock: Callable[[], datetime],
        *,
        follow: Callable[[str, str], Awaitable[None]],
        notifier: Notifier,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._chance = chance
        self._api = api
        self._store = store
        self._events = events
        self._logs = logs
        self._clock = clock
        self._follow = follow
        self._notifier = notifier
        self._how: dict[type[Any], Callable[[NamespacedName, Snapshot, Any], Awaitable[None]]] = {
            actions.BeginActivation: self._begin_activation,
            actions.DryRunJob: self._dry_run,
            actions.FollowConfigMap: self._follow_config_map,
            actions.LoadHistory: self._load_history,
            actions.LoadProcessRuns: self._load_process_runs,
            actions.CreateRun: self._create_run,
            actions.WithdrawRun: self._withdraw_run,
            actions.AdoptRun: self._adopt_run,
            actions.ReportRun: self._report_run,
            actions.FinishRun: self._finish_run,
            actions.GrowSummary: self._grow_summary,
            actions.CreateJob: self._create_job,
            actions.PatchJob: self._patch_job,
            actions.KillJob: self._kill_job,
            actions.DeleteJob: self._delete_job,
            actions.ReadLog: self._read_log,
            actions.ListPods: self._list_pods,
            actions.FindRejectedPods: self._find_rejected_pods,
            actions.FindPodEvent: self._find_pod_event,
            actions.FindKubeletEvents: self._find_kubelet_events,
            actions.LookUpJob: self._look_up_job,
            actions.LookUpStep: self._look_up_step,
            actions.CreateCronJob: self._create_cronjob,
            actions.PatchCronJob: self._patch_cronjob,
            actions.TakeOverTick: self._claim_tick,
            actions.DeleteRuns: self._delete_runs,
            actions.DeleteRequest: self._delete_request,
            actions.Notify: self._notify,
            actions.MarkNotified: self._mark_notified,
            actions.Emit: self._emit,
        }

    async def execute(self, key: NamespacedName, snapshot: Snapshot, action: actions.Action) -> None:
        """Carry out one action. Raises ApiError where it may work later."""
        await self._how[type(action)](key, snapshot, action)

    # ---- the request

    async def _begin_activation(self, key: NamespacedName, snapshot: Snapshot, action: actions.BeginActivation) -> None:
        if snapshot.status.activation is None:
            # Nothing was ever made from a request without an activation, so there is no history to look for.
            self._store.observations(key).history = []
        await self.write_status(key, snapshot, action.status)

    async def write_status(self, key: NamespacedName, snapshot: Snapshot, status: Model) -> None:
        """PATCH the status of a request so that it is exactly `status`.

        The request must be as it was seen: a status that was decided before somebody else wrote one would take the
        cursor back, and ticks whose runs are removed already would run again. Raises NotFound where the request is
        gone, and Conflict where it has changed.
        """
        assert snapshot.request is not None
        seen = snapshot.request.metadata
        body = status_patch(seen.uid, seen.resource_version, status.to_api())
        try:
            answer = await self._api.patch(PROCESS_REQUEST, *key, body, subresource="status")
        except (Invalid, NotFound) as error:
            await self._look_why_not(key, seen, error)
        else:
            self._store.apply(PROCESS_REQUEST, answer)
            self._store.observations(key).status = None

    async def _look_why_not(self, key: NamespacedName, seen: Metadata, error: Invalid | NotFound) -> NoReturn:
        """A write failed as it does where the request has changed, is gone, or was made again and is another one
        now."""
        try:
            current = await self._api.get(PROCESS_REQUEST, *key)
        except NotFound:
            self._store.mark_deleted(PROCESS_REQUEST, *key)
            raise
        if current["metadata"]["resourceVersion"] == seen.resource_version:
            raise error
        self._store.apply(PROCESS_REQUEST, current)
        if current["metadata"]["uid"] == seen.uid:
            raise Conflict("the request has changed since it was looked at", status=409, reason="Conflict") from error
        raise NotFound(f"the request with the UID {seen.uid} is gone", status=404, reason="NotFound")

    async def _dry_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.DryRunJob) -> None:
        said, observations = DryRun(action.template_hash), self._store.observations(key)
        blocked = None
        for index, manifest in enumerate(action.manifests):
            try:
                await self._api.create(JOB, key[0], dict(manifest), dry_run=True)
            except AlreadyExists:
                continue
            except (Forbidden, Invalid, NotFound) as error:
                said = self._refusal(error, action.template_hash, index)
                break
            except (ServerError, Unreachable) as error:
                blocked = self._blocked_by(what_fails(action), error, observations.dry_run_blocked)
                observations.dry_run_blocked = blocked
                if blocked.tries == 1 or not is_observation(error):
                    raise
                said = DryRun(action.template_hash, blocked.reason, blocked.message, blocked.again_at, index)
                break
        observations.dry_run, observations.dry_run_blocked = said, blocked

    def _blocked_by(self, what: str, error: ApiError, before: Blocked | None) -> Blocked:
        return blocked_by(what, error, before, self._clock(), chance=self._chance)

    async def _follow_config_map(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.FollowConfigMap
    ) -> None:
        await self._follow(key[0], action.name)

    def _refusal(self, error: Forbidden | Invalid | NotFound, template_hash: str, job: int) -> DryRun:
        reason = Reason.TEMPLATE_REJECTED
        again = None
        if isinstance(error, QuotaExceeded):
            reason, again = Reason.QUOTA_EXCEEDED, self._clock() + QUOTA_RETRY
        elif isinstance(error, NamespaceTerminating) or (isinstance(error, NotFound) and "namespaces" in error.message):
            reason = Reason.NAMESPACE_TERMINATING
        elif is_by_policy(error):
            # Rights and policies change without anyone touching the request.
            again = self._clock() + POLICY_RETRY
        return DryRun(template_hash, reason, words_of(error), again, job)

    async def _delete_request(self, key: NamespacedName, snapshot: Snapshot, action: actions.DeleteRequest) -> None:
        await self._api.delete(PROCESS_REQUEST, *key, uid=action.uid)
        self._store.mark_deleted(PROCESS_REQUEST, *key, uid=action.uid)

    # ---- runs

    async def _load_history(self, key: NamespacedName, snapshot: Snapshot, action: actions.LoadHistory) -> None:
        selector = f"{names.LABEL_REQUEST_UID}={snapshot.uid}"
        history: list[FinishedRun] = []
        # Page by page: with their logs thousands of runs are gigabytes, and what is remembered of one is next to nothing.
        async for page in self._api.pages(PROCESS_RUN, key[0], label_selector=selector, page_size=_RUNS_IN_A_PAGE):
            if page.first:
                history.clear()
            for raw in page.items:
                run = ProcessRun.model_validate(raw)
                if run.spec.request.name != key[1]:
                    continue  # it has the label, and is a run of another request
                if not run.status.phase.is_finished:
                    self._store.apply(PROCESS_RUN, raw)
                elif run.spec.parent is None:
                    history.append(remembered(run))
        self._store.observations(key).history = history
        await self._read_request(key)

    async def _read_request(self, key: NamespacedName) -> None:
        """Read the request after the list of its runs: what is not in the list any more, its cursor has settled."""
        try:
            self._store.apply(PROCESS_REQUEST, await self._api.get(PROCESS_REQUEST, *key))
        except NotFound:
            self._store.mark_deleted(PROCESS_REQUEST, *key)

    async def _load_process_runs(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.LoadProcessRuns
    ) -> None:
        selector = f"{names.LABEL_PROCESS}={action.process}"
        # Page by page, and without their logs, which may be gigabytes.
        ended: list[ProcessRun] = []
        async for page in self._api.pages(PROCESS_RUN, key[0], label_selector=selector, page_size=_RUNS_IN_A_PAGE):
            if page.first:
                ended.clear()
            runs = map(ProcessRun.model_validate, page.items)
            ended += [_without_log(run) for run in runs if run.status.phase.is_finished]
        self._store.locks.remember((key[0], action.process), ended, whole=True)

    async def _create_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.CreateRun) -> None:
        name = action.manifest["metadata"]["name"]
        try:
            answer = await self._api.create(PROCESS_RUN, key[0], dict(action.manifest))
        except AlreadyExists as error:
            answer = await self._api.get(PROCESS_RUN, key[0], name)
            found = ProcessRun.model_validate(answer)
            if not _is_as_wanted(found, action.manifest):
                message = f"the name is taken by a ProcessRun that is not of {snapshot.name} and this time; delete it"
                raise AlreadyExists(message, status=error.status, reason=error.reason) from error
            is_over = found.status.phase.is_finished and found.spec.parent is None
            if is_over and self._store.observations(key).history is None:
                await self._load_history(key, snapshot, actions.LoadHistory())
            self._take_run(key, answer)
        else:
            try:
                # First, because somebody waits for it.
                if action.job is not None:
                    job = owned_by_run(action.job, answer["metadata"]["uid"])
                    await self._create_job(key, snapshot, actions.CreateJob(name, job), made=answer)
            finally:
                self._take_run(key, answer)

    def _take_run(self, key: NamespacedName, raw: Object) -> None:
        """Take in a run as the server answered: open ones go to the store, finished ones to the history.

        What is kept of the finished run of a step is for the run that has the steps alone.
        """
        self._store.apply(PROCESS_RUN, raw)
        if not is_finished(raw):
            return
        run = ProcessRun.model_validate(raw)
        if run.spec.parent is not None:
            self._store.observe_step(key, run.metadata.name, run.spec.parent.name, step_end(run))
            return
        history = self._store.observations(key).history
        is_own = self._store.is_held(key, run.metadata.labels.get(names.LABEL_REQUEST_UID, ""))
        if history is not None and is_own:
            history[:] = [known for known in history if known.name != run.metadata.name]
            history.append(remembered(run))

    async def _look_up_step(self, key: NamespacedName, snapshot: Snapshot, action: actions.LookUpStep) -> None:
        try:
            answer = await self._api.get(PROCESS_RUN, key[0], action.run)
        except NotFound:
            self._store.observe_step(key, action.run, action.parent, None)
            return
        owners = answer["metadata"].get("ownerReferences") or ()
        if any(owner["uid"] == action.parent_uid for owner in owners):
            self._take_run(key, answer)
        else:
            self._store.observe_step(key, action.run, action.parent, None)

    async def _withdraw_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.WithdrawRun) -> None:
        try:
            await self._api.delete(PROCESS_RUN, key[0], action.run, uid=action.uid)
        except Forbidden as error:
            log.warning("a claim cannot be withdrawn", namespace=key[0], run=action.run, error=str(error))
            self._store.observe_run(key, action.run, withdrawal_rejected=True)
            return
        except ApiError:
            # Until the next try its Job may have been made.
            self._store.observe_run(key, action.run, job_absent=False)
            raise
        self._store.mark_deleted(PROCESS_RUN, key[0], action.run, uid=action.uid)

    async def _adopt_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.AdoptRun) -> None:
        try:
            answer = await self._api.patch(PROCESS_RUN, key[0], action.run, _aimed(action.patch, action.uid))
        except NotFound:
            self._forget_run(key, action.run)
        except Invalid:
            current = await self._api.get(PROCESS_RUN, key[0], action.run)
            if current["metadata"]["uid"] == action.uid:
                raise
            self._take_run(key, current)
        else:
            self._take_run(key, answer)

    async def write_backfill_status(
        self, key: NamespacedName, backfill: ProcessBackfill, status: ProcessBackfillStatus
    ) -> None:
        """PATCH the status of a backfill; nothing where it is gone or was written by another operator."""
        try:
            answer = await replace_status(self._api, PROCESS_BACKFILL, backfill, status)
        except NotFound:
            self._store.mark_deleted(PROCESS_BACKFILL, key[0], backfill.metadata.name)
        except StatusChanged as changed:
            self._store.apply(PROCESS_BACKFILL, changed.current)
        else:
            self._store.apply(PROCESS_BACKFILL, answer)

    async def _report_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.ReportRun) -> None:
        seen = next(run for run in (*snapshot.runs, *snapshot.step_runs) if run.metadata.name == action.run)
        held = self._store.runs.get(key[0], action.run)
        if held is not None and held.uid == seen.metadata.uid and held.value.status == seen.status:
            seen = held.value  # its metadata may have changed by an earlier action of the plan
        try:
            answer = await replace_status(self._api, PROCESS_RUN, seen, action.status)
        except NotFound:
            self._forget_run(key, action.run)
        except StatusChanged as changed:
            # Finished by another operator: a finished phase never changes, and theirs stands. Or it is another run now.
            is_same = changed.current["metadata"]["uid"] == seen.metadata.uid
            self._take_run(key, changed.current)
            if is_same and not is_finished(changed.current):
                raise
        else:
            self._take_run(key, answer)

    async def _finish_run(self, key: NamespacedName, snapshot: Snapshot, action: actions.FinishRun) -> None:
        self._store.observe_run(key, action.run, finishing=True)
        try:
            await self._report_run(key, snapshot, actions.ReportRun(action.run, action.status))
        except ApiError:
            # It may have been written all the same: then only a list shows the run as it is now.
            self._store.observations(key).history = None
            if self._store.runs.get(key[0], action.run) is not None:
                self._store.observe_run(key, action.run, finishing=False)
            raise

    async def _grow_summary(self, key: NamespacedName, snapshot: Snapshot, action: actions.GrowSummary) -> None:
        """Raises Conflict where the summary is not as it was seen: somebody else may have grown it further."""
        seen = next((run for run in snapshot.history or () if run.name == action.run), None)
        assert seen is not None and seen.summary is not None
        summary = action.status.to_api()["summary"]
        last = seen.summary.to_api()["to"]
        body: list[Object] = [
            {"op": "test", "path": "/metadata/uid", "value": seen.uid},
            {"op": "test", "path": "/status/summary/to", "value": last},
            {"op": "add", "path": "/status/summary", "value": summary},
        ]
        try:
            answer = await self._api.patch(PROCESS_RUN, key[0], action.run, body, subresource="status")
        except (Invalid, NotFound) as error:
            self._store.observations(key).history = None
            raise Conflict(f"the summary {action.run} has changed since it was looked at", status=409) from error
        self._take_run(key, answer)

    def _forget_run(self, key: NamespacedName, run: str) -> None:
        entry = self._store.runs.get(key[0], run)
        if entry is not None:
            self._store.mark_deleted(PROCESS_RUN, key[0], run)

    async def _delete_runs(self, key: NamespacedName, snapshot: Snapshot, action: actions.DeleteRuns) -> None:
        for name, uid in action.runs.items():
            # One by one: a collection goes by labels, which somebody may have put on a run of another request.
            await self._api.delete(PROCESS_RUN, key[0], name, uid=uid)
            history = self._store.observations(key).history
            if history is not None:
                history[:] = [run for run in history if run.uid != uid]

    # ---- Jobs and pods

    async def _create_job(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.CreateJob, *, made: Object | None = None
    ) -> None:
        """Make a Job; `made` is its run where that was made just now, and is not in the snapshot."""
        try:
            if action.manifest["spec"].get("suspend") and await self._would_be_resumed(key, action):
                self._store.observe_run(key, action.run, managed_elsewhere=True)
                return
            answer = await self._api.create(JOB, key[0], dict(action.manifest))
        except AlreadyExists as error:
            if made is not None:
                snapshot = replace(snapshot, runs=(*snapshot.runs, ProcessRun.model_validate(made)))
            await self._meet_job(key, snapshot, action, error)
        except QuotaExceeded as error:
            self._reject_job(key, action.run, Reason.QUOTA_EXCEEDED, error.message, self._clock() + QUOTA_RETRY)
        except NamespaceTerminating:
            self._reject_job(key, action.run, Reason.NAMESPACE_TERMINATING, "", self._clock() + QUOTA_RETRY)
        except (Forbidden, Invalid) as error:
            self._reject_job(key, action.run, RunReason.REJECTED, error.message, None)
        except (ServerError, Unreachable) as error:
            self._observe_unanswered(key, action, error)
        else:
            self._store.apply(JOB, answer)
            if self._store.observations(key).runs.get(action.run, _NO_NOTES).create_rejected is not None:
                self._store.observe_run(key, action.run, create_rejected=None)

    def _observe_unanswered(self, key: NamespacedName, action: actions.CreateJob, error: ApiError) -> None:
        """Note that the API server fails to create a Job, so that its run says so and the other runs go on.

        Raises the error where it came for the first time: the Job may have been created, and a blip is no news.
        """
        before = self._store.observations(key).runs.get(action.run, _NO_NOTES).create_rejected
        blocked = self._blocked_by(what_fails(action), error, before)
        self._store.observe_run(key, action.run, create_rejected=blocked)
        if blocked.tries == 1 or not is_observation(error):
            self._store.observe_run(key, action.run, create_rejected=replace(blocked, again_at=self._clock()))
            raise error

    async def _would_be_resumed(self, key: NamespacedName, action: actions.CreateJob) -> bool:
        """Whether admission makes of a suspended Job one that another controller resumes, or resumes it itself.

        Only a dry run tells: the label of a default LocalQueue of Kueue stands in no template.
        """
        job = parse_job(await self._api.create(JOB, key[0], dict(action.manifest), dry_run=True))
        return job.is_managed_elsewhere or not job.is_suspended

    async def _meet_job(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.CreateJob, error: AlreadyExists
    ) -> None:
        """A Job of that name is there: ours from an earlier try, or somebody else's."""
        found, confirm = await self._get(JOB, key[0], action.run)
        job = parse_job(found)
        controller = job.controller
        wanted = {owner["uid"] for owner in action.manifest["metadata"]["ownerReferences"]}
        if (controller is not None and controller.uid in wanted) or self._is_proven(snapshot, action.run, job):
            # Of an earlier try, or the request's own CronJob was faster while the engine changed.
            confirm()
        elif job.metadata.deletion_timestamp is not None:
            raise error
        elif controller is not None and (controller.kind, controller.name) == ("ProcessRun", action.run):
            # Of a run that had the name before: it is gone, and the collector will take its Job.
            message = f"the name is still taken by Job {key[0]}/{action.run} of an earlier run"
            self._reject_job(key, action.run, RunReason.NAME_TAKEN, message, self._clock() + NAME_RETRY)
        else:
            # No word on whose it is: the user may not be allowed to read Jobs.
            message = f"the name is taken by Job {key[0]}/{action.run}, which does not belong to this run"
            self._reject_job(key, action.run, RunReason.NAME_TAKEN, message, None)

    def _reject_job(self, key: NamespacedName, run: str, reason: str, message: str, again_at: datetime | None) -> None:
        before, now = self._store.observations(key).runs.get(run, _NO_NOTES).create_rejected, self._clock()
        since = now if before is None else before.since
        refused = Blocked(f"Job {run} cannot be created", reason, message, since, again_at, certain=True)
        self._store.observe_run(key, run, create_rejected=refused)

    async def _patch_job(self, key: NamespacedName, snapshot: Snapshot, action: actions.PatchJob) -> None:
        try:
            answer = await self._api.patch(JOB, key[0], action.job, _aimed(action.patch, action.uid))
        except NotFound:
            self._store.mark_deleted(JOB, key[0], action.job, uid=action.uid)
        except (Conflict, Invalid):
            if not await self._is_replaced(JOB, key[0], action.job, action.uid):
                raise
        else:
            self._store.apply(JOB, answer)

    async def _is_replaced(self, kind: Kind, namespace: str, name: str, uid: str) -> bool:
        """Whether an object with another UID has the name by now, or none: then that very one is gone."""
        try:
            current = await self._api.get(kind, namespace, name)
        except NotFound:
            current = None
        if current is not None and current["metadata"]["uid"] == uid:
            return False
        self._store.mark_deleted(kind, namespace, name, uid=uid)
        return True

    async def _kill_job(self, key: NamespacedName, snapshot: Snapshot, action: actions.KillJob) -> None:
        if action.tail_bytes:
            await self._logs.follow_before_kill(key, action)
        await self._patch_job(key, snapshot, actions.PatchJob(action.job, action.uid, action.patch))

    async def _delete_job(self, key: NamespacedName, snapshot: Snapshot, action: actions.DeleteJob) -> None:
        await self._api.delete(JOB, key[0], action.job, uid=action.uid)
        self._store.mark_deleted(JOB, key[0], action.job, uid=action.uid, for_good=True)
        if self._store.runs.get(key[0], action.job) is not None:
            # What was found out about its pods holds for no Job that takes its place.
            nothing = {"rejected_pods": None, "events_read_at": None, "pod_event": None, "pod_events_read_at": None}
            self._store.observe_run(key, action.job, pods_listed_at=None, ended_at=None, **nothing)

    async def _read_log(self, key: NamespacedName, snapshot: Snapshot, action: actions.ReadLog) -> None:
        self._logs.start(key, action)

    async def _list_pods(self, key: NamespacedName, snapshot: Snapshot, action: actions.ListPods) -> None:
        selector = f"{names.LABEL_CONTROLLER_UID}={action.uid}"
        listing = await self._api.list(POD, key[0], label_selector=selector)
        for raw in listing.items:
            self._store.apply(POD, raw)
        self._store.observe_run(key, action.run, pods_listed_at=self._clock())
        present = {raw["metadata"]["name"] for raw in listing.items}
        self._store.mark_pods_deleted(key, action.uid, present=present, version=int(listing.resource_version or 0))

    async def _find_rejected_pods(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.FindRejectedPods
    ) -> None:
        selector = f"involvedObject.uid={action.uid},reason=FailedCreate"
        newest = await self._newest_event(key[0], selector)
        self._store.observe_run(key, action.run, events_read_at=self._clock())
        if newest is not None:
            self._store.observe_run(key, action.run, rejected_pods=str(newest.get("message") or ""))

    async def _find_pod_event(self, key: NamespacedName, snapshot: Snapshot, action: actions.FindPodEvent) -> None:
        newest = await self._newest_event(key[0], f"involvedObject.uid={action.uid}")
        found = None
        if newest is not None and newest.get("reason") in EVENT_CAUSES:
            found = Waiting(str(newest["reason"]), str(newest.get("message") or ""))
        self._store.observe_run(key, action.run, pod_event=found, pod_events_read_at=self._clock())

    async def _newest_event(self, namespace: str, selector: str) -> Object | None:
        """The newest Event that the selector picks, without warnings that are no cause; a warning where two are as
        new."""
        listing = await self._api.list(EVENT, namespace, field_selector=selector)
        events = [e for e in listing.items if e.get("type") != "Warning" or e.get("reason") in _CAUSES]
        return max(events, key=lambda event: (_time_of(event), event.get("type") == "Warning"), default=None)

    async def _find_kubelet_events(
        self, key: NamespacedName, snapshot: Snapshot, action: actions.FindKubeletEvents
    ) -> None:
        try:
            listing = await self._api.list(EVENT, key[0], field_selector=f"involvedObject.uid={action.pod_uid}")
        except Forbidden as error:
            # The end of the run has to be recorded all the same.
            log.warning("Events cannot be read", namespace=key[0], run=action.run, error=str(error))
            self._store.observe_run(key, action.run, kubelet_events=(), kubelet_events_read_at=self._clock())
        else:
            found = kubelet_events(listing.items)
            self._store.observe_run(key, action.run, kubelet_events=found, kubelet_events_read_at=self._clock())

    async def _look_up_job(self, key: NamespacedName, snapshot: Snapshot, action: actions.LookUpJob) -> None:
        try:
            found, confirm = await self._get(JOB, key[0], action.run)
        except NotFound:
            self._store.observe_run(key, action.run, job_absent=True)
            return
        if self._is_proven(snapshot, action.run, parse_job(found)):
            confirm()
        else:
            self._store.observe_run(key, action.run, job_absent=True)

    @staticmethod
    def _is_proven(snapshot: Snapshot, name: str, job: Job) -> bool:
        """Whether a Job that was found by its name belongs to the run of that name."""
        run = next((run for run in (*snapshot.runs, *snapshot.step_runs) if run.metadata.name == name), None)
        return run is not None and is_job_of(run, job, cronjob_of_run(snapshot, run))

    async def _get(self, kind: Kind, namespace: str, name: str) -> tuple[Object, Callable[[], None]]:
        """An object as it is now, and what takes it into the store although a watch or a list has dropped it."""
        tombstones_added = self._store.cache(kind).tombstones_added
        found = await self._api.get(kind, namespace, name)
        return found, lambda: self._store.confirm(kind, found, tombstones_added)

    # ---- CronJobs

    async def _create_cronjob(self, key: NamespacedName, snapshot: Snapshot, action: actions.CreateCronJob) -> None:
        try:
            answer = await self._api.create(CRONJOB, key[0], dict(action.manifest))
        except AlreadyExists:
            found, confirm = await self._get(CRONJOB, key[0], action.manifest["metadata"]["name"])
            if not is_cronjob_of(parse_cronjob(found), snapshot.name, snapshot.uid):
                raise
            confirm()
        else:
            self._store.apply(CRONJOB, answer)

    async def _patch_cronjob(self, key: NamespacedName, snapshot: Snapshot, action: actions.PatchCronJob) -> None:
        body: Object | list[Object]
        if isinstance(action.patch, tuple):
            test = {"op": "test", "path": "/metadata/uid", "value": action.uid}
            body = [test, *(dict(operation) for operation in action.patch)]
        else:
            body = _aimed(action.patch, action.uid)
        try:
            await self._change_cronjob(key, action.cronjob, body, action.subresource)
        except Invalid:
            if not await self._is_replaced(CRONJOB, key[0], action.cronjob, action.uid):
                raise

    async def _claim_tick(self, key: NamespacedName, snapshot: Snapshot, action: actions.TakeOverTick) -> None:
        if await self._change_cronjob(key, action.cronjob, dict(action.patch), "status") and action.job is not None:
            await self._create_job(key, snapshot, actions.CreateJob(action.job["metadata"]["name"], action.job))

    async def _change_cronjob(
        self, key: NamespacedName, name: str, body: Object | list[Object], subresource: Literal["status"] | None
    ) -> bool:
        """Whether it was changed; where it is another version by now, that one is taken in and nothing is changed."""
        try:
            try:
                answer, changed = await self._api.patch(CRONJOB, key[0], name, body, subresource=subresource), True
            except Conflict:
                answer, changed = await self._api.get(CRONJOB, key[0], name), False
        except NotFound:
            self._store.mark_deleted(CRONJOB, key[0], name)
            return False
        self._store.apply(CRONJOB, answer)
        return changed

    # ---- notifications

    async def _notify(self, key: NamespacedName, snapshot: Snapshot, action: actions.Notify) -> None:
        self._notifier.start(key, action)

    async def _mark_notified(self, key: NamespacedName, snapshot: Snapshot, action: actions.MarkNotified) -> None:
        """A record: where it cannot be written now nothing waits for it, and no run is held up by it."""
        observations = self._store.observations(key)
        body: list[Object] = [
            {"op": "test", "path": "/metadata/uid", "value": action.uid},
            {"op": "add", "path": "/status/conditions/-", "value": action.condition.to_api()},
        ]
        try:
            await self._api.patch(PROCESS_RUN, key[0], action.run, body, subresource="status")
        except (Invalid, NotFound):
            pass  # another operator has written it, or the run is gone
        except ApiError as error:
            said = {"namespace": key[0], "run": action.run, "error": str(error)}
            log.warning("what became of a notification could not be written", **said)
            delivery = observations.deliveries.get(action.uid, Delivery(done=True))
            observations.deliveries[action.uid] = replace(delivery, again_at=self._clock() + MARK_RETRY)
            return
        observations.deliveries.pop(action.uid, None)
        if observations.history is not None:
            observations.history[:] = [
                replace(run, untold=None) if run.untold is not None and run.untold.uid == action.uid else run
                for run in observations.history
            ]

    # ---- Events

    async def _emit(self, key: NamespacedName, snapshot: Snapshot, action: actions.Emit) -> None:
        involved = {"namespace": key[0], **self._involved(snapshot, action)}
        self._events.record(
            involved,
            action.reason,
            action.message,
            now=self._clock(),
            type="Warning" if action.warning else "Normal",
            about=action.about,
        )

    @staticmethod
    def _involved(snapshot: Snapshot, action: actions.Emit) -> dict[str, str]:
        if action.on_cronjob is not None:
            cronjob = next(c for c in snapshot.cronjobs if c.metadata.name == action.on_cronjob)
            return {"apiVersion": "batch/v1", "kind": "CronJob", "name": action.on_cronjob, "uid": cronjob.metadata.uid}
        backfill = next((b for b in snapshot.backfills if b.metadata.name == action.on_backfill), None)
        if backfill is not None:
            metadata = backfill.metadata
            return {
                "apiVersion": names.API_VERSION,
                "kind": "ProcessBackfill",
                "name": metadata.name,
                "uid": metadata.uid,
            }
        runs = (*snapshot.runs, *snapshot.step_runs)
        run = next((run for run in runs if run.metadata.name == action.about), None)
        if snapshot.request is None and run is not None:
            return {
                "apiVersion": names.API_VERSION,
                "kind": "ProcessRun",
                "name": action.about,
                "uid": run.metadata.uid,
            }
        return {"apiVersion": names.API_VERSION, "kind": "ProcessRequest", "name": snapshot.name, "uid": snapshot.uid}


def _aimed(patch: Mapping[str, Any], uid: str) -> Object:
    """A merge patch for the object with this UID alone: the API server refuses to change the UID of another one."""
    return {**patch, "metadata": {**(patch.get("metadata") or {}), "uid": uid}}


def _time_of(event: Mapping[str, Any]) -> datetime:
    """When an Event was seen last: old and new clients of the API write that into different fields."""
    last = (event.get("series") or {}).get("lastObservedTime")
    text = event.get("lastTimestamp") or last or event.get("eventTime") or event.get("firstTimestamp")
    return parse_instant(str(text)) if text else _LONG_AGO


def _is_as_wanted(found: ProcessRun, manifest: Mapping[str, Any]) -> bool:
    """Whether a run that was there already stands for the one that was to be created.

    A run by hand of the same request may have taken the name of a tick: that is the run of the tick then. No step and
    no backfill would ever see such a run as its own.
    """
    wanted, spec = ProcessRun.model_validate({**manifest, "metadata": {}}).spec, found.spec
    if (spec.request, spec.parent) != (wanted.request, wanted.parent):
        return False
    return spec.trigger == wanted.trigger or wanted.trigger not in (Trigger.STEP, Trigger.BACKFILL)


def _without_log(run: ProcessRun) -> ProcessRun:
    return run.model_copy(update={"status": run.status.model_copy(update={"log": None})})
