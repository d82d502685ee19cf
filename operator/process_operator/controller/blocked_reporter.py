"""Reporter of blocked actions. It observes actions that fail, and writes them into the status of their request.

A blocked action is left out of the next decisions until its next try, so that all other actions continue. Neighbours:
`actions/rejections.py` turns an error into an observation, `decisions/status/blocked.py` decides the status,
`request_reconciler.py` reports each action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from process_operator.actions.executor import ActionExecutor
from process_operator.actions.rejections import blocked_by, is_observation, is_rejection, need_of, what_fails
from process_operator.cluster.errors import ApiError
from process_operator.controller.status_writer import StatusWriter
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import DeleteRuns, FinishRun, ReportRun
from process_operator.decisions.status.blocked import report_blocked
from process_operator.resources.conditions import Reason
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

_CONFIRMING_TRY: Final = 2
"""An uncertain failure counts as blocked from this try on."""
_QUOTA_DELAY: Final = timedelta(seconds=1)
"""Delay of the next try after a deletion has freed quota. The API server counts objects with a delay."""

log = structlog.get_logger("process_operator")


class BlockedReporter:
    """Keeps the blocked actions of each request. `chance` returns a random number from 0 to 1, for jitter."""

    def __init__(
        self,
        store: Store,
        executor: ActionExecutor,
        statuses: StatusWriter,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._store = store
        self._executor = executor
        self._statuses = statuses
        self._clock = clock
        self._chance = chance

    def action_failed(self, key: NamespacedName, snapshot: Snapshot, action: Action, error: ApiError) -> bool:
        """Observe that an action failed. Returns whether the next decision can leave it out."""
        if not is_observation(error):
            return False
        if is_rejection(error) and isinstance(action, ReportRun | FinishRun):
            # `actions/runs.py` has observed it about this run (`decisions/run/rejected_status.py`).
            about = {"namespace": key[0], "request": key[1], "run": action.run}
            log.warning("continues without the status of a run", error=f"{what_fails(action)}: {error}", **about)
            return True
        progress, need, now = self._store.progress(key), need_of(action), self._clock()
        was_blocked = blocked_now(snapshot, need, now) is not None
        before = progress.blocked.get(need)
        found = blocked_by(what_fails(action), error, before, now, chance=self._chance)
        self._store.set_progress(key, progress.with_blocked(need, found))
        is_confirmed = found.certain or found.tries >= _CONFIRMING_TRY
        is_left_out = need != Need.OTHER and not was_blocked and is_confirmed
        if is_left_out and (before is None or before.reason != found.reason or found.tries == _CONFIRMING_TRY):
            about = {"namespace": key[0], "request": key[1], "again_at": str(found.again_at)}
            log.warning("continues without the rejected action", error=f"{found.what}: {error}", **about)
        return is_left_out

    def action_worked(self, key: NamespacedName, action: Action) -> None:
        """Observe that an action worked, so that actions of its kind are no longer blocked."""
        progress, need = self._store.progress(key), need_of(action)
        if not progress.blocked:
            return
        found = progress.blocked.get(need)
        if found is not None and (need != Need.OTHER or found.what == what_fails(action)):
            progress = progress.with_blocked(need, None)
        quota = progress.blocked.get(Need.RUN)
        if isinstance(action, DeleteRuns) and quota is not None:
            now = self._clock()
            quota = replace(quota, room_made_at=now, again_at=now + _QUOTA_DELAY)
            progress = progress.with_blocked(Need.RUN, quota)
        self._store.set_progress(key, progress)

    def drop_unneeded(self, key: NamespacedName, snapshot: Snapshot, now: datetime) -> bool:
        """Drop blocked actions that no decision wants any more. Returns whether there were any.

        It is called when nothing is left to do. Every action that was not left out has then worked, or is not wanted.
        """
        progress = self._store.progress(key)
        needs = (Need.RUN, Need.CRON_JOB)
        kept: dict[str, Blocked] = {need: progress.blocked[need] for need in needs if blocked_now(snapshot, need, now)}
        is_less = kept != progress.blocked
        if is_less:
            self._store.set_progress(key, replace(progress, blocked=kept))
        return is_less

    async def report(self, key: NamespacedName) -> None:
        """Write into the status of a request which of its actions keeps failing."""
        snapshot = self._store.snapshot(key)
        plan = report_blocked(snapshot, self._clock())
        if plan is None:
            return
        self._store.set_progress(key, replace(self._store.progress(key), status=plan.status))
        try:
            for action in plan.actions:
                await self._executor.execute(key, snapshot, action)
            await self._statuses.write_request(key, snapshot)
        except ApiError as error:
            log.warning("a status could not be written", namespace=key[0], request=key[1], error=str(error))

    async def report_internal_error(self, key: NamespacedName, again_at: datetime) -> None:
        """Write into the status that the decision about a request failed by a bug. Never raises an Exception."""
        progress, now = self._store.progress(key), self._clock()
        before = progress.blocked.get(Need.OTHER)
        is_known = before is not None and before.reason == Reason.INTERNAL_ERROR
        failure = Blocked(
            what="the operator fails to decide about the request",
            reason=Reason.INTERNAL_ERROR,
            message="an error of its own; its log has the cause",
            since=before.since if before is not None and is_known else now,
            again_at=again_at,
        )
        self._store.set_progress(key, progress.with_blocked(Need.OTHER, failure))
        try:
            await self.report(key)
        except Exception:
            log.exception("a failure could not be reported", namespace=key[0], request=key[1])
