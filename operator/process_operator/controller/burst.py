"""Burst preparation: plans and claims for many requests that are due at the same time, made in the seconds before it.

At the tick only the Jobs are left to create. Preparation pays only if many requests are due together. Neighbours:
`planner.py` keeps the prepared plans. `decisions/ticks/early_claims.py` decides what may be claimed early, and what a
claim means until its tick. `timer.py` adds the requests to the queue at the tick.
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
from process_operator.controller.planner import Planner
from process_operator.controller.work_queue import WorkQueue
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.actions import CreateRun
from process_operator.decisions.ticks.early_claims import claim_of
from process_operator.resources.types import NamespacedName

_LEAD: Final = timedelta(seconds=5)
"""Plans are prepared this long before their tick."""
_CLAIM_RATE_PER_SECOND: Final = 400
"""Conservative rate of claims. Larger bursts start earlier."""
_MAX_LEAD: Final = timedelta(seconds=15)
_LOOK_INTERVAL_SECONDS: Final = 0.2
_CLAIM_DEADLINE: Final = timedelta(seconds=0.1)
"""No claim starts this close to its tick, because it would delay the work of the tick."""

log = structlog.get_logger("process_operator")

Claim = Callable[[NamespacedName, Snapshot, CreateRun], Awaitable[None]]
"""Creates the run of a tick. Raises ApiError."""


class BurstThresholds(NamedTuple):
    """Numbers from which preparation pays."""

    many: int = 20
    """Requests due within the lead time. Fewer are decided quickly enough at their tick."""
    burst: int = 100
    """Requests due at one time. Fewer start within a second without early claims."""
    in_flight: int = 16
    """Claims in flight."""


class BurstPreparer:
    """Prepares what is due soon."""

    def __init__(
        self,
        planner: Planner,
        agenda: Agenda[NamespacedName],
        queue: WorkQueue[NamespacedName],
        clock: Callable[[], datetime],
        *,
        claim: Claim,
        bounds: BurstThresholds | None = None,
    ) -> None:
        self._planner = planner
        self._agenda = agenda
        self._queue = queue
        self._clock = clock
        self._claim = claim
        self._bounds = bounds or BurstThresholds()
        self._prepared_for: dict[NamespacedName, datetime] = {}

    def clear(self) -> None:
        """Forget which ticks are prepared, so that all are prepared again."""
        self._planner.discard_all()
        self._prepared_for.clear()

    async def run(self) -> None:
        """Prepare bursts until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_INTERVAL_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Prepare what is due soon. Stops when the first of it is due."""
        now = self._clock()
        soon = self._agenda.due_by(now + _MAX_LEAD)
        together = Counter(at for at, _ in soon)
        started = {at for at, number in together.items() if at <= now + self._lead(number)}
        due = sorted((at, key) for at, key in soon if at in started)
        self._prepared_for = {key: at for at, key in due if self._prepared_for.get(key) == at}
        if len(due) < self._bounds.many:
            return
        pending = iter(due)

        async def work() -> None:
            for at, key in pending:
                if self._clock() >= due[0][0]:
                    return
                if self._prepared_for.get(key) == at or key in self._queue:
                    continue
                self._prepared_for[key] = at
                try:
                    await self._prepare(key, at, claims=together[at] >= self._bounds.burst)
                except Exception:
                    # One request must not stop the others. Its tick is decided when it is due.
                    log.exception("not prepared", namespace=key[0], request=key[1])
                await asyncio.sleep(0)

        await asyncio.gather(*(work() for _ in range(self._bounds.in_flight)))

    def _lead(self, together: int) -> timedelta:
        """Return how long before their tick this number of requests is prepared."""
        if together < self._bounds.burst:
            return _LEAD
        return min(_MAX_LEAD, timedelta(seconds=2 + together / _CLAIM_RATE_PER_SECOND))

    async def _prepare(self, key: NamespacedName, at: datetime, *, claims: bool) -> None:
        prepared = self._planner.prepare(key, at)
        claim = claim_of(prepared.snapshot, prepared.plan) if prepared is not None and claims else None
        if prepared is None or claim is None:
            return
        await self._queue.yield_to_due()
        # The wait may have been long. After a standstill another operator may have decided about this tick.
        if not self._planner.holds(key, prepared) or self._clock() >= at - _CLAIM_DEADLINE:
            return
        was_delayed = self._queue.is_delayed(key)
        try:
            await self._claim(key, prepared.snapshot, claim)
        except ApiError as error:
            # The tick tries again.
            log.info("not claimed early", namespace=key[0], request=key[1], error=str(error))
        else:
            if self._planner.prepare(key, at) is not None and not was_delayed:
                # The answer to the claim asks for a decision a moment later. This plan is made from that answer.
                self._queue.discard_delayed(key)
