"""Bursts: what is due together is decided, and claimed, in the seconds before it, so that at the tick only Jobs are
left to make.

A decision is a pure function of a snapshot and an instant, so it can be made before that instant, and holds for as long
as nothing changes that is known of the request. Only where many are due together is that worth its while, and only what
starts something is kept. Neighbours: `decisions/ticks/early_claims.py` says what may be claimed and what a claim means
until its tick, `request_reconciler.py` carries out what is kept here, `timer.py` wakes it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog

from process_operator.cluster.errors import ApiError
from process_operator.controller.agenda import Agenda
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.plan.follow_up import starts_something
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.ticks.early_claims import claim_of, without_claims
from process_operator.resources.types import NamespacedName
from process_operator.state.store import Store

_AHEAD: Final = timedelta(seconds=5)
"""So long before their instant plans are made."""
_CLAIMS_A_SECOND: Final = 400
"""That are made on a machine that is not fast: so the more are due together, the sooner the first is claimed."""
_LONGEST: Final = timedelta(seconds=15)
"""But never longer before its tick."""
_MOST: Final = 2000
"""Of so many the plans are held: each takes some 10 KB."""
_HOLDS: Final = timedelta(seconds=10)
"""So long after its instant a plan is still carried out as it is."""
_PAUSE: Final = 0.2
_LAST_CLAIM: Final = timedelta(seconds=0.1)
"""So long before its tick a claim would only be in the way of the tick."""

log = structlog.get_logger("process_operator")

Claim = Callable[[NamespacedName, Snapshot, CreateRun], Awaitable[None]]
"""Makes the run of a tick."""


class BurstThresholds(NamedTuple):
    """From how many on it is worth its while."""

    many: int = 20
    """Of those due within seconds: fewer are decided soon enough when they are due."""
    burst: int = 100
    """Of those due at one instant: fewer are claimed and started within that second anyway."""
    in_flight: int = 16
    """Claims under way."""


class PreparedPlan(NamedTuple):
    """A plan for an instant (UTC), from what was known before; `term` says which standstill it is from after."""

    at: datetime
    snapshot: Snapshot
    plan: Plan
    term: int


class BurstPreparer:
    """Plans and claims that are made ahead. Whoever changes what is known of a request drops its plan."""

    def __init__(
        self,
        store: Store,
        agenda: Agenda[NamespacedName],
        queue: WorkQueue[NamespacedName],
        clock: Callable[[], datetime],
        term: Callable[[], int],
        *,
        claim: Claim,
        bounds: BurstThresholds | None = None,
    ) -> None:
        self._store = store
        self._agenda = agenda
        self._queue = queue
        self._clock = clock
        self._term = term
        self._claim = claim
        self._bounds = bounds or BurstThresholds()
        self._prepared: dict[NamespacedName, PreparedPlan] = {}
        self._looked_at: dict[NamespacedName, datetime] = {}
        self._unchanged: set[NamespacedName] = set()
        """Requests that are about to be claimed, as long as nothing changes about them."""

    def take(self, key: NamespacedName, now: datetime, term: int) -> PreparedPlan | None:
        """Give away the plan of a request, where it holds now. Before its instant it stays."""
        prepared = self._prepared.get(key)
        if prepared is None or now < prepared.at:
            return None
        del self._prepared[key]
        return prepared if prepared.term == term and now < prepared.at + _patience(prepared.snapshot) else None

    def drop(self, key: NamespacedName) -> None:
        """Something about a request has changed."""
        self._prepared.pop(key, None)
        self._unchanged.discard(key)

    def clear(self) -> None:
        """Forget all plans."""
        self._prepared.clear()
        self._looked_at.clear()
        self._unchanged.clear()

    async def run(self) -> None:
        """Look ahead for ever."""
        while True:
            await asyncio.sleep(_PAUSE)
            await self.look()

    async def look(self) -> None:
        """Prepare what is due soon, until the first of it is due."""
        now = self._clock()
        soon = self._agenda.due_by(now + _LONGEST)
        together = Counter(at for at, _ in soon)
        begun = {at for at, number in together.items() if at <= now + self._lead(number)}
        due = sorted((at, key) for at, key in soon if at in begun)
        self._looked_at = {key: at for at, key in due if self._looked_at.get(key) == at}
        if len(due) < self._bounds.many:
            return
        pending = iter(due)

        async def work() -> None:
            for at, key in pending:
                if self._clock() >= due[0][0]:
                    return
                if self._looked_at.get(key) == at or key in self._queue:
                    continue
                self._looked_at[key] = at
                try:
                    await self._prepare_and_claim(key, at, claims=together[at] >= self._bounds.burst)
                except Exception:
                    # One request must not stop the others; its tick is decided when it is due.
                    log.exception("not prepared", namespace=key[0], request=key[1])
                await asyncio.sleep(0)

        await asyncio.gather(*(work() for _ in range(self._bounds.in_flight)))

    def _lead(self, together: int) -> timedelta:
        """How long before their instant so many are prepared."""
        if together < self._bounds.burst:
            return _AHEAD
        return min(_LONGEST, timedelta(seconds=2 + together / _CLAIMS_A_SECOND))

    async def _prepare_and_claim(self, key: NamespacedName, at: datetime, *, claims: bool) -> None:
        prepared = self._prepare(key, at)
        if prepared is None:
            return
        self._keep(key, prepared)
        claim = claim_of(prepared.snapshot, prepared.plan) if claims else None
        if claim is None:
            return
        self._unchanged.add(key)
        await self._queue.yield_to_due()
        # That may have taken a while; and after a standstill somebody else may have decided about this tick.
        is_unchanged = key in self._unchanged
        self._unchanged.discard(key)
        if not is_unchanged or self._clock() >= at - _LAST_CLAIM or self._term() != prepared.term:
            return
        try:
            await self._claim(key, prepared.snapshot, claim)
        except ApiError as error:
            # At its tick it is tried again.
            log.info("not claimed ahead", namespace=key[0], request=key[1], error=str(error))
        else:
            self._keep(key, self._prepare(key, at))

    def _keep(self, key: NamespacedName, prepared: PreparedPlan | None) -> None:
        self._prepared.pop(key, None)
        if prepared is not None and len(self._prepared) < _MOST:
            self._prepared[key] = prepared

    def _prepare(self, key: NamespacedName, at: datetime) -> PreparedPlan | None:
        snapshot = self._store.snapshot(key)
        present, _ = without_claims(snapshot, self._clock())
        # What runs will most likely have changed by then; and who shares a Process waits for what others start.
        if present.runs or snapshot.process_lock is not None:
            return None
        plan = decide(snapshot, at)
        return PreparedPlan(at, snapshot, plan, self._term()) if starts_something(plan) else None


def _patience(snapshot: Snapshot) -> timedelta:
    deadline = snapshot.request.spec.starting_deadline_seconds if snapshot.request is not None else None
    return _HOLDS if deadline is None else min(_HOLDS, timedelta(seconds=deadline))
