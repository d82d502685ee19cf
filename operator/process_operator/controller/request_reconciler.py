"""Reconciler of requests: it plans, executes the plan and plans again, until nothing is left to do. Then it writes the
status once, and records when the clock alone changes the plan.

One worker holds a key at a time (`work_queue.py`), so no two decisions about one request overlap. A failure delays its
own request only (`retry_schedule.py`, `blocked_reporter.py`). Neighbours: `planner.py` decides, `actions/executor.py`
executes, `decisions/plan/follow_up.py` decides what follows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NamedTuple

import structlog

from process_operator.actions.executor import ActionExecutor
from process_operator.cluster.errors import ApiError
from process_operator.controller.blocked_reporter import BlockedReporter
from process_operator.controller.planner import Decision, Planner
from process_operator.controller.retry_schedule import RetrySchedule
from process_operator.controller.status_writer import StatusPacing, StatusWriter
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.significance import BATCH_SECONDS
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.follow_up import FollowUp, ends_wait_until, follow_up, starts_something
from process_operator.decisions.plan.plan import Plan
from process_operator.resources.types import NamespacedName
from process_operator.state.object_cache import Entry
from process_operator.state.store import Store

_MAX_ROUNDS: Final = 50
"""Decisions about one request before another request has a turn."""
_MAX_ACTIONS: Final = 200
"""Actions of one plan. The next decision plans the rest, so a tick, an edit or a cancel never waits for thousands."""

log = structlog.get_logger("process_operator")


class _Basis(NamedTuple):
    """Versions of what a decision is made from."""

    term: int
    """Number of clock breaks (`clock_guard.py`)."""
    request: Entry[Any] | None
    status_version: int


class Reconciler:
    """Processes keys of the queue.

    `wake` sets the time (UTC) at which the clock alone changes the plan of a request; None: it never does. `done` gets
    each action that was executed. `term` returns the number of clock breaks.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        store: Store,
        queue: WorkQueue[NamespacedName],
        planner: Planner,
        executor: ActionExecutor,
        clock: Callable[[], datetime],
        wake: Callable[[NamespacedName, datetime | None], None],
        pacing: StatusPacing | None = None,
        done: Callable[[NamespacedName, Action], None] = lambda _key, _action: None,
        term: Callable[[], int] = lambda: 0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._queue = queue
        self._planner = planner
        self._executor = executor
        self._wake = wake
        self._done = done
        self._term = term
        self._statuses = StatusWriter(store, executor, clock, pacing or StatusPacing())
        self._blocked = BlockedReporter(store, executor, self._statuses, clock, chance)
        self._retries = RetrySchedule(store, clock, chance)

    async def work(self) -> None:
        """Process keys until cancelled."""
        while True:
            async with self._queue.hold() as key:
                await self.reconcile(key)
            # Tens of thousands of keys without work would block the loop for half a minute: Lease, probes, timer.
            await asyncio.sleep(0)

    async def reconcile(self, key: NamespacedName) -> None:
        """Bring one request to its desired state. Never raises an Exception, so that one request stops no other."""
        held_until = self._retries.held_until(key)
        if held_until is not None:
            self._planner.leave_thread_queue(key)
            self._wake(key, held_until)
            return
        try:
            wake_at = await self._settle(key)
        except ApiError as error:
            wake_at = self._retries.after_failure(key, error)
            await self._blocked.report(key)
        except Exception as error:
            log.exception("decision failed", namespace=key[0], request=key[1])
            wake_at = self._retries.after_failure(key, error)
            await self._blocked.report_internal_error(key, wake_at)
        self._wake(key, wake_at)
        self._store.prune(key)

    async def flush(self) -> None:
        """Write all statuses that wait for their pace."""
        await self._statuses.flush()

    async def _settle(self, key: NamespacedName) -> datetime | None:
        """Plan and execute until nothing is left to do. Returns when to decide again (UTC), or None. Raises ApiError."""
        for _ in range(_MAX_ROUNDS):
            basis = self._basis(key)
            pending_seconds = self._queue.discard_pending(key)
            decision = await self._planner.plan(key)
            if decision is None:
                return None  # the planner adds the key to the queue when its turn comes
            if self._store.requests.get(*key) is not basis.request:
                continue  # the request was changed while the thread decided
            if self._should_yield(key, decision.plan):
                break
            # Before anything is awaited: every later decision about the Process has to see what starts now.
            self._store.request_lock(key, decision.snapshot, decision.plan, decision.now)
            if not await self._execute(key, decision, basis):
                continue
            self._batch_ends(key, decision)
            follows = self._follow_up(key, decision)
            if follows is FollowUp.BATCHED:
                # A follow-up that was pending before keeps its time, so that ticks never postpone it again and again.
                self._queue.add(key, after=BATCH_SECONDS if pending_seconds is None else pending_seconds)
                self._retries.after_success(key)
                # A schedule of every second has a batch in each second, so no later decision writes its status.
                writes = not starts_something(decision.plan) and not self._queue.has_due
                allowed_at = await self._statuses.write(key, decision.snapshot) if writes else None
                return min(filter(None, (decision.plan.wake_at, allowed_at)), default=None)
            if self._queue.has_due:
                break
            if follows is FollowUp.NONE and not self._blocked.drop_unneeded(key, decision.snapshot, decision.now):
                allowed_at = await self._statuses.write(key, decision.snapshot)
                self._retries.after_success(key)
                return min(filter(None, (decision.plan.wake_at, allowed_at)), default=None)
        self._queue.add(key)
        return None

    def _follow_up(self, key: NamespacedName, decision: Decision) -> FollowUp:
        def has_job(run: str) -> bool:
            return self._store.jobs.get(key[0], run) is not None

        return follow_up(decision.snapshot, decision.plan, decision.now, max_actions=_MAX_ACTIONS, has_job=has_job)

    def _batch_ends(self, key: NamespacedName, decision: Decision) -> None:
        progress, until = self._store.progress(key), ends_wait_until(decision.snapshot, decision.plan, decision.now)
        if until != progress.ends_wait_until:
            self._store.set_progress(key, replace(progress, ends_wait_until=until))

    def _basis(self, key: NamespacedName) -> _Basis:
        return _Basis(self._term(), self._store.requests.get(*key), self._store.progress(key).status_version)

    def _should_yield(self, key: NamespacedName, plan: Plan) -> bool:
        """Whether a due request that starts nothing waits until the requests that start something have started."""
        return self._queue.has_due and self._queue.is_due(key) and not starts_something(plan)

    async def _execute(self, key: NamespacedName, decision: Decision, basis: _Basis) -> bool:
        """Execute the actions of a plan in order, up to the limit. Raises ApiError.

        Returns False if the plan was abandoned. Either it is from before a clock break, or an action failed and the next
        decision leaves it out.
        """
        snapshot, actions, executed = decision.snapshot, decision.plan.actions, 0
        try:
            for action in actions[:_MAX_ACTIONS]:
                if self._term() != basis.term:
                    return False
                try:
                    await self._executor.execute(key, snapshot, action)
                except ApiError as error:
                    if self._blocked.action_failed(key, snapshot, action, error):
                        return False
                    raise
                self._blocked.action_worked(key, action)
                executed += 1
                self._done(key, action)
        finally:
            if executed == len(actions) and self._is_status_current(key, basis):
                self._remember(key, snapshot, decision.plan)
        return True

    def _is_status_current(self, key: NamespacedName, basis: _Basis) -> bool:
        """Whether no other status was observed, and no resync began, since a decision was made."""
        return self._store.progress(key).status_version == basis.status_version

    def _remember(self, key: NamespacedName, snapshot: Snapshot, plan: Plan) -> None:
        """Keep the statuses of a plan until they are written."""
        progress = self._store.progress(key)
        if snapshot.request is None and self._store.requests.get(*key) is None:
            self._store.set_progress(key, progress.with_backfills(plan.backfills))
        if plan.status is not None and self._store.is_held(key, snapshot.uid):
            self._store.set_progress(key, replace(progress, status=plan.status).with_backfills(plan.backfills))
