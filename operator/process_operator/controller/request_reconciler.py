"""The loop: take a key, look, decide, act, until nothing is left to do; then write the status once and note when to
look again.

One worker holds a key at a time (`work_queue.py`), so no decision meets another about the same request. What fails is
tried again later, with growing pauses for that request alone; the others go on. Neighbours: `state/store.py` gives
snapshots, `decisions/request.py` decides, `actions/executor.py` acts.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from process_operator.actions.executor import ActionExecutor
from process_operator.actions.rejections import LONGEST_PAUSE, blocked_by, is_observation, need_of, what_fails
from process_operator.cluster.backoff import backoff, retry_after
from process_operator.cluster.errors import (
    ApiError,
    NamespaceTerminating,
    NotFound,
)
from process_operator.controller.burst import BurstPreparer
from process_operator.controller.planner import Decision, Planner
from process_operator.controller.status_writer import BackfillWriter
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.blocked import Blocked, Need
from process_operator.decisions.inputs.rejections import blocked_now
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.action import Action
from process_operator.decisions.plan.actions import DeleteRuns
from process_operator.decisions.plan.follow_up import is_settled, only_start, starts_something
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.status.blocked import report_blocked
from process_operator.decisions.status.run_counts import with_uncounted
from process_operator.decisions.status.writes import is_awaited, is_worth_a_write
from process_operator.resources.conditions import Reason
from process_operator.resources.types import NamespacedName
from process_operator.state.observations import RequestObservations
from process_operator.state.store import Store

_ROUNDS: Final = 50
"""Decisions in a row about one request before others have a turn."""
_ACTIONS: Final = 200
"""Of one plan are carried out before it is decided anew: a tick, an edit or a cancel does not wait for thousands."""
_FLUSHED_AT_ONCE: Final = 20
"""Statuses that are written side by side at the end."""
_LONGEST_REST: Final = 5.0
"""Seconds."""
_LONGEST_BREAK: Final = timedelta(seconds=3)
"""Longer than what can wait waits (`work_queue.py`)."""
_BATCH_SECONDS: Final = 1.5
"""Delay of a decision that needs no hurry. The Job controller has most likely reported more by then."""
_SECOND: Final = 2
_QUOTA_COUNTS: Final = timedelta(seconds=1)
"""After a deletion the quota is tried this much later: the API server counts objects with a delay."""
_LONGEST_PAUSE: Final = timedelta(minutes=5)
"""After an error of our own, or in a namespace that is being deleted."""

log = structlog.get_logger("process_operator")


@dataclass(frozen=True, slots=True)
class StatusPacing:
    """How often the status of a request may be written."""

    status: timedelta = timedelta(seconds=10)


class _Seen(NamedTuple):
    """The notes from which a decision was made, and how often another status had been seen by then."""

    observations: RequestObservations
    status_changes: int


class Reconciler:
    """Works on keys of the queue.

    `wake` puts a key on the agenda (None takes it off); `done` is told each action that was carried out.
    """

    def __init__(  # noqa: PLR0913 - wiring
        self,
        *,
        store: Store,
        queue: WorkQueue[NamespacedName],
        executor: ActionExecutor,
        clock: Callable[[], datetime],
        wake: Callable[[NamespacedName, datetime | None], None],
        pacing: StatusPacing | None = None,
        done: Callable[[NamespacedName, Action], None] = lambda _key, _action: None,
        term: Callable[[], int] = lambda: 0,
        chance: Callable[[], float] = random.random,
        planner: Planner | None = None,
        burst: BurstPreparer | None = None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._executor = executor
        self._clock = clock
        self._wake = wake
        self._pacing = pacing or StatusPacing()
        self._backfills = BackfillWriter(store, executor, clock, self._pacing.status)
        self._done = done
        self._term = term
        self._chance = chance
        self._planner = planner or Planner()
        self._burst = burst

    async def work(self) -> None:
        """Take keys for ever."""
        while True:
            key = await self._queue.get()
            seconds = 0.0
            try:
                seconds = await self.reconcile(key)
            finally:
                # A request with very many runs has the processor for half of the time at most.
                self._queue.done(key, after=min(seconds, _LONGEST_REST))
            # Tens of thousands with nothing to be done would hold the loop for half a minute: Lease, probes, timer.
            await asyncio.sleep(0)

    async def reconcile(self, key: NamespacedName) -> float:
        """Bring one request to where it should be now; the processor time (seconds) that it took beside the loop.

        Never raises an Exception: one request must not stop the others.
        """
        held_until = self._held_until(key)
        if held_until is not None:
            self._wake(key, held_until)
            return 0.0
        spent: list[float] = []
        try:
            again_at = await self._settle(key, spent)
        except ApiError as error:
            again_at = self._later(key, error)
            await self._report_blocked(key)
        except Exception as error:
            log.exception("decision failed", namespace=key[0], request=key[1])
            again_at = self._later(key, error)
            await self._report_failure(key, again_at)
        else:
            self._forgive(key)
        self._wake(key, again_at)
        self._store.prune(key)
        return sum(spent)

    async def _settle(self, key: NamespacedName, spent: list[float]) -> datetime | None:
        for number in range(_ROUNDS):
            term, now, observations = self._term(), self._clock(), self._store.observations(key)
            seen, held = _Seen(observations, observations.status_changes), self._store.requests.get(*key)
            prepared = self._burst.take(key, now, term) if self._burst is not None and not number else None
            snapshot = self._store.snapshot(key) if prepared is None else prepared.snapshot
            self._queue.discard_pending(key)
            plan, seconds = await self._planner.decide(snapshot, now) if prepared is None else Decision(prepared.plan)
            if seconds:
                spent.append(seconds)
                if self._store.requests.get(*key) is not held:
                    continue  # it was changed meanwhile
            if self._queue.has_due and self._queue.is_due(key) and not starts_something(plan):
                # It has its turn when nothing waits that has to start now.
                break
            if plan.actions and prepared is None and self._burst is not None:
                self._burst.drop(key)
            # Before anything is awaited: what starts now is in the way of every decision from here on.
            self._store.request_lock(key, snapshot, plan, now)
            if not await self._execute(key, snapshot, plan, term, seen):
                continue
            if self._store.requests.get(*key) is held and self._may_rest(key, snapshot, plan, now):
                # The answers to what was just done are no reason to look at once: in a moment the Job controller tells
                # more, and all of that is one decision. Whatever else was heard meanwhile waits with them.
                self._queue.discard_pending(key)
                self._queue.add(key, after=_BATCH_SECONDS)
                return plan.wake_at
            if self._queue.has_due:
                # What is due goes before all that follows from what has just been done.
                break
            if is_settled(snapshot, plan, carried_out=_ACTIONS) and not _drop_unneeded(observations, snapshot, now):
                observations.settled_at = now
                written_again_at = await self._write_status(key, snapshot)
                backfills_again_at = await self._backfills.write(key)
                return min(filter(None, (plan.wake_at, written_again_at, backfills_again_at)), default=None)
        self._queue.add(key)
        return None

    def _may_rest(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, now: datetime) -> bool:
        """Whether a plan has started one run, and what else there is to decide can wait for what is heard of that.

        A schedule of every second would put it off for ever: there it has to have been decided lately.
        """
        settled_at = self._store.observations(key).settled_at
        is_recent = settled_at is not None and now - _LONGEST_BREAK < settled_at <= now
        if not is_recent and plan.wake_at is not None and plan.wake_at <= now + _LONGEST_BREAK:
            return False
        run = only_start(snapshot, plan)
        # Where the claim was there before, its Job is the matter of the next decision.
        return run is not None and self._store.jobs.get(key[0], run) is not None

    async def _execute(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, term: int, seen: _Seen) -> bool:
        """Carry out the actions in order, or the first of very many; what they settled holds even where a later one
        fails.

        False where the plan was given up, because it is from before a standstill (`term` says from when it is).
        """
        done: list[Action] = []
        try:
            for action in plan.actions[:_ACTIONS]:
                if self._term() != term:
                    return False
                try:
                    await self._executor.execute(key, snapshot, action)
                except ApiError as error:
                    if self._observe_blocked(key, snapshot, action, error):
                        return False
                    raise
                self._observe_done(key, action)
                done.append(action)
                self._done(key, action)
        finally:
            all_done = len(done) == len(plan.actions)
            # Not where another status was seen meanwhile, or all is to be looked up anew: this plan is from before that.
            if (
                self._store.observations(key) is seen.observations
                and seen.observations.status_changes == seen.status_changes
            ):
                self._remember(key, snapshot, plan, all_done=all_done)
        return True

    def _observe_blocked(self, key: NamespacedName, snapshot: Snapshot, action: Action, error: ApiError) -> bool:
        """Note that an action failed; whether the next decision can leave it out and go on with the rest."""
        if not is_observation(error):
            return False
        observations, need, now = self._store.observations(key), need_of(action), self._clock()
        was_held = blocked_now(snapshot, need, now) is not None
        before = observations.blocked.get(need)
        found = blocked_by(what_fails(action), error, before, now, chance=self._chance)
        observations.blocked[need] = found
        is_left_out = need != Need.OTHER and not was_held and (found.certain or found.tries > 1)
        if is_left_out and (before is None or before.reason != found.reason or found.tries == _SECOND):
            about = {"namespace": key[0], "request": key[1], "again_at": str(found.again_at)}
            log.warning("goes on without what is rejected", error=f"{found.what}: {error}", **about)
        return is_left_out

    def _observe_done(self, key: NamespacedName, action: Action) -> None:
        """Note that an action worked: what was blocked of that kind no longer is."""
        observations, need = self._store.observations(key), need_of(action)
        found = observations.blocked.get(need)
        if found is not None and (need != Need.OTHER or found.what == what_fails(action)):
            del observations.blocked[need]
        quota = observations.blocked.get(Need.RUN)
        if isinstance(action, DeleteRuns) and quota is not None:
            now = self._clock()
            observations.blocked[Need.RUN] = replace(quota, room_made_at=now, again_at=now + _QUOTA_COUNTS)

    async def _report_failure(self, key: NamespacedName, again_at: datetime) -> None:
        """Write into the status that the operator itself fails to decide about a request. Never raises an Exception."""
        observations, now = self._store.observations(key), self._clock()
        before = observations.blocked.get(Need.OTHER)
        is_known = before is not None and before.reason == Reason.INTERNAL_ERROR
        observations.blocked[Need.OTHER] = Blocked(
            what="the operator fails to decide about the request",
            reason=Reason.INTERNAL_ERROR,
            message="an error of its own; its log has the cause",
            since=before.since if before is not None and is_known else now,
            again_at=again_at,
        )
        try:
            await self._report_blocked(key)
        except Exception:
            log.exception("a failure could not be reported", namespace=key[0], request=key[1])

    async def _report_blocked(self, key: NamespacedName) -> None:
        """Write into the status of a request which action of its plan keeps failing."""
        snapshot = self._store.snapshot(key)
        plan = report_blocked(snapshot, self._clock())
        if plan is None:
            return
        self._store.observations(key).status = plan.status
        try:
            for action in plan.actions:
                await self._executor.execute(key, snapshot, action)
            await self._write_status(key, snapshot)
        except ApiError as error:
            log.warning("a status could not be written", namespace=key[0], request=key[1], error=str(error))

    def _remember(self, key: NamespacedName, snapshot: Snapshot, plan: Plan, *, all_done: bool) -> None:
        observations = self._store.observations(key)
        if all_done and snapshot.request is None and self._store.requests.get(*key) is None:
            observations.backfills.update(plan.backfills)
        if all_done and plan.status is not None and self._store.is_held(key, snapshot.uid):
            observations.status = plan.status
            observations.backfills.update(plan.backfills)

    async def flush(self) -> None:
        """Write the statuses that wait for the next write: when this process ends, what they hold is known to
        nobody."""
        gate = asyncio.Semaphore(_FLUSHED_AT_ONCE)

        async def write(key: NamespacedName) -> None:
            snapshot, observations = self._store.snapshot(key), self._store.observations(key)
            counted = with_uncounted(snapshot.status.counts, snapshot.history or ())
            observations.status = snapshot.status.model_copy(update={"counts": counted})
            async with gate:
                try:
                    await self._write_status(key, snapshot, at_once=True)
                except ApiError as error:
                    said = {"namespace": key[0], "request": key[1], "error": str(error)}
                    log.warning("the last status could not be written", **said)

        await asyncio.gather(*map(write, self._store.observed_keys()))

    async def _write_status(self, key: NamespacedName, snapshot: Snapshot, *, at_once: bool = False) -> datetime | None:
        """Write the status where it differs; at once where a person waits for it, else not more often than the pace
        allows.

        Returns when to come back for it.
        """
        observations = self._store.observations(key)
        wanted, request = observations.status, snapshot.request
        if wanted is None or request is None or request.metadata.deletion_timestamp is not None:
            return None
        if not is_worth_a_write(request.status, wanted):
            observations.status = None
            return None
        now = self._clock()
        is_paced = not at_once and not is_awaited(request.status, wanted)
        if observations.status_written_at is not None and is_paced:
            allowed_at = observations.status_written_at + self._pacing.status
            if now < allowed_at <= now + self._pacing.status:
                return allowed_at
        try:
            await self._executor.write_status(key, snapshot, wanted)
        except NotFound:
            return None
        observations.status_written_at = now
        return None

    def _held_until(self, key: NamespacedName) -> datetime | None:
        """Until when the server wants to be left alone (Retry-After): no event is a reason to ask before."""
        until, now = self._store.observations(key).held_until, self._clock()
        # Not where the clock was set back.
        return until if until is not None and now < until <= now + 2 * _LONGEST_PAUSE else None

    def _forgive(self, key: NamespacedName) -> None:
        observations = self._store.observations(key)
        observations.failures, observations.retry_at, observations.held_until = 0, None, None

    def _later(self, key: NamespacedName, error: Exception) -> datetime:
        observations, now = self._store.observations(key), self._clock()
        if observations.retry_at is not None and now < observations.retry_at <= now + _LONGEST_PAUSE:
            # An event came in between: that it failed again is no reason for a longer pause or another line.
            return observations.retry_at
        observations.failures += 1
        observations.held_until = None
        # Nothing tells that a server, a policy or a webhook is mended; what came due meanwhile must not wait for minutes.
        is_ours = not isinstance(error, ApiError) or isinstance(error, NamespaceTerminating)
        longest = _LONGEST_PAUSE if is_ours else LONGEST_PAUSE
        pause = timedelta(
            seconds=backoff(
                observations.failures, error, first=1.0, longest=longest.total_seconds(), chance=self._chance
            )
        )
        if isinstance(error, NamespaceTerminating):
            if observations.failures == 1:
                log.info("nothing can be made here: the namespace is being deleted", namespace=key[0], request=key[1])
        elif isinstance(error, ApiError):
            seconds = round(pause.total_seconds(), 1)
            log.warning("will try again", namespace=key[0], request=key[1], error=str(error), seconds=seconds)
        observations.retry_at = now + pause
        if retry_after(error):
            observations.held_until = observations.retry_at
        # A claim is held through the first retry, because what failed may have been done all the same.
        self._store.back_off(key, grants=observations.failures > 1)
        return observations.retry_at


def _drop_unneeded(observations: RequestObservations, snapshot: Snapshot, now: datetime) -> bool:
    """Drop what was blocked and is needed no more; whether anything was. The status is then decided again.

    Where nothing is left to do, what is not left out for the moment was part of the plan and works, or is not wanted.
    """
    needs = (Need.RUN, Need.CRON_JOB)
    kept: dict[str, Blocked] = {need: observations.blocked[need] for need in needs if blocked_now(snapshot, need, now)}
    is_less = kept != observations.blocked
    observations.blocked = kept
    return is_less
