"""Where decisions are made: in the loop, or, about a request with very many runs, in a thread beside it.

A decision looks at every run of its request that is open or remembered, so one about thousands of them takes long. It
is a pure function of a frozen value, so it can be made beside the loop, and ticks of other requests go on meanwhile.
There is one such thread: requests of that size wait for each other. Neighbour: `request_reconciler.py`.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, NamedTuple

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide

MANY_RUNS: Final = 400
"""Open runs that are looked at in about 10 ms."""
_REMEMBERED_FOR_ONE: Final = 20
"""A finished run costs so much less to look at than an open one."""


class Decision(NamedTuple):
    """A plan, and the processor time (seconds) it took beside the loop; 0 where it was made in the loop."""

    plan: Plan
    seconds: float = 0.0


class Planner:
    """Makes decisions; beside the loop those about more than `many` runs."""

    def __init__(self, many: int = MANY_RUNS) -> None:
        self._many = many
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decide")

    async def decide(self, snapshot: Snapshot, now: datetime) -> Decision:
        """Decide about one request at `now` (UTC)."""
        # Between requests that share a Process no other decision may come: the next one has to see what this one starts.
        if _size(snapshot) <= self._many or snapshot.process_lock is not None:
            return Decision(decide(snapshot, now))
        return await asyncio.get_running_loop().run_in_executor(self._beside, _timed, snapshot, now)


def _size(snapshot: Snapshot) -> int:
    finished = len(snapshot.history or ())
    return len(snapshot.runs) + len(snapshot.step_runs) + finished // _REMEMBERED_FOR_ONE


def _timed(snapshot: Snapshot, now: datetime) -> Decision:
    began = time.thread_time()
    plan = decide(snapshot, now)
    return Decision(plan, time.thread_time() - began)
