"""Decisions about a burst, made in the seconds before it: at the tick only the writes are left.

A decision is a pure function of a snapshot and an instant, so it can be made before that instant, and holds for as long as
nothing changes that is known of the request. Only where many are due together is that worth its while, and only what
starts something is kept. Neighbours: `reconciler.py` carries out what is kept here, `timer.py` wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from process_operator.decisions.plan import ClaimTick, CreateJob, CreateRun, Plan
from process_operator.decisions.request_plan import decide
from process_operator.decisions.snapshot import Snapshot
from process_operator.queue import WorkQueue
from process_operator.shelf import Key
from process_operator.store import Store
from process_operator.timing.agenda import Agenda

_AHEAD: Final = timedelta(seconds=5)
_MANY: Final = 20
"""Fewer are decided soon enough when they are due."""
_MOST: Final = 2000
"""Of so many the plans are held: each takes some 10 KB."""
_HOLDS: Final = timedelta(seconds=10)
"""So long after its instant a plan is still carried out as it is."""
_PAUSE: Final = 0.2


class MadeAhead(NamedTuple):
    """A plan for an instant (UTC), from what was known before; `beat` says which standstill it is from after."""

    at: datetime
    snapshot: Snapshot
    plan: Plan
    beat: int


class Ahead:
    """Plans that are made ahead. Whoever changes what is known of a request drops its plan."""

    def __init__(
        self,
        store: Store,
        agenda: Agenda[Key],
        queue: WorkQueue[Key],
        clock: Callable[[], datetime],
        beat: Callable[[], int],
    ) -> None:
        self._store = store
        self._agenda = agenda
        self._queue = queue
        self._clock = clock
        self._beat = beat
        self._made: dict[Key, MadeAhead] = {}
        self._looked_at: dict[Key, datetime] = {}

    def take(self, key: Key, now: datetime, beat: int) -> MadeAhead | None:
        """Give away the plan of a request, where it holds now."""
        made = self._made.pop(key, None)
        if made is None or made.beat != beat or not made.at <= now < made.at + _patience(made.snapshot):
            return None
        return made

    def drop(self, key: Key) -> None:
        """Something about a request has changed."""
        self._made.pop(key, None)

    def clear(self) -> None:
        """Forget all plans."""
        self._made.clear()
        self._looked_at.clear()

    async def run(self) -> None:
        """Look ahead for ever."""
        while True:
            await asyncio.sleep(_PAUSE)
            await self.look()

    async def look(self) -> None:
        """Make the plans for what is due soon, until the first of it is due."""
        now = self._clock()
        due = sorted(self._agenda.due_by(now + _AHEAD))
        self._looked_at = {key: at for at, key in due if self._looked_at.get(key) == at}
        if len(due) < _MANY:
            return
        for at, key in due:
            if self._clock() >= due[0][0] or len(self._made) >= _MOST:
                return
            if self._looked_at.get(key) != at and key not in self._queue:
                self._looked_at[key] = at
                self._make(key, at)
                await asyncio.sleep(0)

    def _make(self, key: Key, at: datetime) -> None:
        snapshot = self._store.snapshot(key)
        # What runs will most likely have changed by then; and who shares a Process waits for what others start.
        if snapshot.runs or snapshot.lines:
            return
        plan = decide(snapshot, at)
        if starts_something(plan):
            self._made[key] = MadeAhead(at, snapshot, plan, self._beat())


def starts_something(plan: Plan) -> bool:
    """Whether a plan makes a Job of a tick or a stretch that is due."""
    return any(
        isinstance(action, CreateJob) or (isinstance(action, CreateRun | ClaimTick) and action.job is not None)
        for action in plan.actions
    )


def _patience(snapshot: Snapshot) -> timedelta:
    deadline = snapshot.request.spec.starting_deadline_seconds if snapshot.request is not None else None
    return _HOLDS if deadline is None else min(_HOLDS, timedelta(seconds=deadline))
