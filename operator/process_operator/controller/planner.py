"""Planner in front of `decide`. It returns the plan of a request, however that plan is made.

A decision is a pure function of a snapshot and a time. So it can be made before its time (`prepare`), and it holds as
long as nothing changes that the operator knows of the request. For the same reason a decision about very many runs can
be made in a thread, while the loop handles the ticks of other requests. Requests queue for that thread, and hold no
worker meanwhile. Neighbours: `request_reconciler.py` asks for plans, `burst.py` prepares them, `decisions/request.py`
decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.follow_up import starts_something
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.ticks.early_claims import without_claims
from process_operator.resources.types import NamespacedName

MANY_RUNS: Final = 400
"""Open runs of a request. A decision about as many takes 10 to 30 ms."""
_FINISHED_PER_OPEN_RUN: Final = 20
"""Finished runs that cost a decision as much as one open run."""
_MAX_REST_SECONDS: Final = 5.0
"""Longest pause between two decisions in the thread."""
_MAX_PREPARED_PLANS: Final = 2000
"""Each plan takes about 10 KB. Above this number the oldest is dropped."""
_PREPARED_PLAN_LIFETIME: Final = timedelta(seconds=10)
"""A prepared plan holds for this time from its tick on."""


class Decision(NamedTuple):
    """A plan, with the snapshot and the time (UTC) that it was made from."""

    snapshot: Snapshot
    plan: Plan
    now: datetime


class PreparedPlan(NamedTuple):
    """A plan for a future time (UTC). `term` is the number of clock breaks before it was made (`clock_guard.py`)."""

    at: datetime
    snapshot: Snapshot
    plan: Plan
    term: int


class Planner:
    """Makes decisions, and keeps those that were prepared.

    `snapshot` returns what is known of a request, `term` the number of clock breaks. Decisions about more than
    `many_runs` runs are made in the thread. `on_turn` is called with the key of a request whose turn in the thread has
    come.
    """

    def __init__(
        self,
        snapshot: Callable[[NamespacedName], Snapshot],
        clock: Callable[[], datetime],
        *,
        term: Callable[[], int] = lambda: 0,
        decide: Callable[[Snapshot, datetime], Plan] = decide,
        many_runs: int = MANY_RUNS,
        on_turn: Callable[[NamespacedName], None] = lambda _: None,
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._term = term
        self._decide = decide
        self._many_runs = many_runs
        self._prepared: dict[NamespacedName, PreparedPlan] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decide")
        self._on_turn = on_turn
        self._is_thread_taken = False
        self._thread_queue: dict[NamespacedName, None] = {}
        """Requests that wait for the thread, in the order in which they get it."""

    async def plan(self, key: NamespacedName) -> Decision | None:
        """Return the plan for a request at this time.

        None: the request waits for the thread. The caller plans again when `on_turn` gets its key.
        """
        prepared = self.pop_prepared(key)
        if prepared is not None:
            self.leave_thread_queue(key)
            return Decision(prepared.snapshot, prepared.plan, self._clock())
        snapshot, now = self._snapshot(key), self._clock()
        # Requests that share a Process are decided in the loop: the next one has to see what this one starts.
        if _size(snapshot) <= self._many_runs or snapshot.process_lock is not None:
            self.leave_thread_queue(key)
            decision = Decision(snapshot, self._decide(snapshot, now), now)
        elif self._takes_thread(key):
            decision = await self._plan_in_thread(snapshot, now)
        else:
            return None
        if decision.plan.actions:
            self.discard_prepared(key)
        return decision

    def _takes_thread(self, key: NamespacedName) -> bool:
        """Take the thread if it is the turn of a request. Otherwise the request keeps its place in the queue, or gets one."""
        self._thread_queue.setdefault(key)
        if self._is_thread_taken or next(iter(self._thread_queue)) != key:
            return False
        del self._thread_queue[key]
        self._is_thread_taken = True
        return True

    def _release_thread(self) -> None:
        self._is_thread_taken = False
        self._announce_turn()

    def _announce_turn(self) -> None:
        first = next(iter(self._thread_queue), None)
        if first is not None and not self._is_thread_taken:
            self._on_turn(first)

    def leave_thread_queue(self, key: NamespacedName) -> None:
        """Remove a request from the queue for the thread, because it is not planned at its turn."""
        if key in self._thread_queue:
            del self._thread_queue[key]
            self._announce_turn()

    async def _plan_in_thread(self, snapshot: Snapshot, now: datetime) -> Decision:
        seconds = 0.0

        def timed(snapshot: Snapshot, now: datetime) -> Plan:
            nonlocal seconds
            started = time.thread_time()
            plan = self._decide(snapshot, now)
            seconds = time.thread_time() - started
            return plan

        loop = asyncio.get_running_loop()
        try:
            return Decision(snapshot, await loop.run_in_executor(self._thread, timed, snapshot, now), now)
        finally:
            # Python threads share one processor. The pause leaves half of it to the loop.
            loop.call_later(min(seconds, _MAX_REST_SECONDS), self._release_thread)

    def prepare(self, key: NamespacedName, at: datetime) -> PreparedPlan | None:
        """Make and keep the plan of a request for `at` (UTC), if it starts a run.

        A request with open runs gets no plan, because these have most likely changed by then. A request that shares its
        Process gets none, because it depends on what other requests start.
        """
        self.discard_prepared(key)
        snapshot = self._snapshot(key)
        present, _ = without_claims(snapshot, self._clock())
        if present.runs or snapshot.process_lock is not None:
            return None
        plan = self._decide(snapshot, at)
        if not starts_something(plan):
            return None
        prepared = PreparedPlan(at, snapshot, plan, self._term())
        self._prepared[key] = prepared
        if len(self._prepared) > _MAX_PREPARED_PLANS:
            del self._prepared[next(iter(self._prepared))]
        return prepared

    def holds(self, key: NamespacedName, prepared: PreparedPlan) -> bool:
        """Whether nothing has changed since a plan was prepared."""
        return self._prepared.get(key) is prepared and prepared.term == self._term()

    def pop_prepared(self, key: NamespacedName) -> PreparedPlan | None:
        """Remove and return the prepared plan of a request, if it holds now. Before its time the planner keeps it."""
        prepared, now = self._prepared.get(key), self._clock()
        if prepared is None or now < prepared.at:
            return None
        is_current = self.holds(key, prepared) and now < prepared.at + _lifetime(prepared.snapshot)
        self.discard_prepared(key)
        return prepared if is_current else None

    def discard_prepared(self, key: NamespacedName) -> None:
        """Discard the prepared plan of a request, because the request has changed."""
        self._prepared.pop(key, None)

    def discard_all(self) -> None:
        """Discard all prepared plans, and the queue for the thread."""
        self._prepared.clear()
        self._thread_queue.clear()


def _size(snapshot: Snapshot) -> int:
    finished = len(snapshot.history or ())
    return len(snapshot.runs) + len(snapshot.step_runs) + finished // _FINISHED_PER_OPEN_RUN


def _lifetime(snapshot: Snapshot) -> timedelta:
    deadline = snapshot.request.spec.starting_deadline_seconds if snapshot.request is not None else None
    if deadline is None:
        return _PREPARED_PLAN_LIFETIME
    return min(_PREPARED_PLAN_LIFETIME, timedelta(seconds=deadline))
