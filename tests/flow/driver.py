"""Whole operator on a fake clock and a cluster in memory: everything but kopf, HTTP and the real time.

A scenario is an async function of a `Flow`: it applies requests, lets time pass with `advance`, and looks at what is
there. `crash` throws away all that the operator holds in memory; what comes after begins with a resync, as a new
process does. `invariants.py` has what must hold at the end of every scenario.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tests.builders.instants import at
from tests.flow.cluster_user import ClusterUser
from tests.flow.controllers import Controllers, Work
from tests.flow.memory_api import Clock, Cluster, Crash, CrashPoint
from tests.flow.operator_process import Delivery, Process
from tests.flow.words import BEGIN, created, later, shown, template

from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.resources.batch.job import parse_job
from process_operator.resources.kinds import (
    JOB,
    PROCESS_RUN,
)
from process_operator.resources.names import LABEL_PROCESS
from process_operator.resources.schedule import Schedule

_PATIENCE: Final = 400
"""Rounds without progress of the clock after which a test fails, because the operator repeats itself."""


@dataclass
class Flow(ClusterUser):
    """A cluster, its controllers and one operator (or several), on one clock."""

    crash_at: CrashPoint | None = None
    away: timedelta = timedelta()
    """Time for which the operator is away after the crash."""
    operators: int = 1
    workers: int = 1
    """Requests that an operator works on at the same moment."""
    delivery: Delivery = "prompt"
    looks_ahead: bool = False
    """Whether ticks are claimed before they are due, as those of a burst are."""
    resync_every: timedelta = timedelta()
    """Interval between two lists of everything; 0: only at the start."""
    is_late: bool = False
    """Things may happen later than a scenario thinks."""
    clock: Clock = field(default_factory=lambda: Clock(BEGIN))
    crashes: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(self.clock)
        self.controllers = Controllers(self.cluster)
        self.processes: list[Process] = []
        self.said: list[tuple[str, str, str]] = []
        self.decisions: Counter[tuple[str, ...]] = Counter()
        """Number of decisions, by the kinds of the actions that each planned."""
        self.told: list[tuple[str, str]] = []
        """Receiver and id of each event that arrived."""
        self.together: set[tuple[str, tuple[str, ...]]] = set()
        """Runs of one Process that were seen to work at the same time."""
        self._set_by = timedelta()
        self._resync_at = self.clock.now + self.resync_every if self.resync_every else None
        self.calendars: dict[str, list[Schedule]] = {}
        """Schedules that summaries follow, of requests whose timing was edited."""

    def decide(self, snapshot: Snapshot, now: datetime) -> Plan:
        """Decide as the operator does, and count the decision."""
        plan = decide(snapshot, now)
        self.decisions[tuple(sorted({type(action).__name__ for action in plan.actions}))] += 1
        return plan

    # ---- time

    def monotonic(self) -> float:
        """Seconds of a clock that cannot be set."""
        return (self.clock.now - self._set_by).timestamp()

    async def start(self) -> None:
        """Start the operator (or operators)."""
        for _ in range(self.operators):
            await self._begin_process(self._crash_ahead)
        await self.settle()

    async def stop(self) -> None:
        """End all operators; time continues without them."""
        for process in self.processes:
            self._end_process(process)
        self.processes = []

    async def shut_down(self) -> None:
        """End all operators in order, as SIGTERM does. A crash at their last writes ends them as well."""
        for process in self.processes:
            try:
                await process.controller.reconciler.flush()
            except Crash:
                self.crashes += 1
        await self.stop()

    async def crash(self) -> None:
        """End the operators and start as many new ones at once."""
        await self.stop()
        await self.start()

    async def to(self, seconds: float) -> None:
        """Let time pass until `seconds` after the beginning."""
        await self.until(BEGIN + timedelta(seconds=seconds))

    async def advance(self, seconds: float) -> None:
        """Let time pass, from one due instant to the next."""
        await self.until(self.clock.now + timedelta(seconds=seconds))

    async def until(self, end: datetime) -> None:
        """Let time pass until an instant."""
        stuck = 0
        while True:
            await self.settle()
            due = min((at for at in self._instants() if at is not None), default=end)
            if due > end or self.clock.now >= end:
                break
            stuck = stuck + 1 if due <= self.clock.now else 0
            assert stuck < _PATIENCE, f"asks again and again to be looked at in the past: {due} at {self.clock.now}"
            self.clock.now = max(self.clock.now, due)
            if self._resync_at is not None and self.clock.now >= self._resync_at:
                self._resync_at = self.clock.now + self.resync_every
                await self.resync()
        self.clock.now = max(self.clock.now, end)
        await self.settle()

    async def settle(self) -> None:
        """Work until nothing is left to do at this moment."""
        for _ in range(_PATIENCE):
            acted = self.controllers.step()
            acted = any(await asyncio.gather(*map(self._work, self.processes))) or acted
            self._look_at_processes()
            if not acted:
                return
        keys = [key for process in self.processes for key in process.agenda.pop_due(self.clock())]
        writes = [str(write) for write in self.cluster.writes[-6:]]
        raise AssertionError(f"runs in circles at {self.clock.now}: {keys}; last writes: {writes}")

    def set_clock(self, by: timedelta) -> None:
        """Set the clock; the operators notice it (`controller/clock_guard.py`)."""
        self.clock.now += by
        self._set_by += by

    async def stand_still(self, seconds: float) -> None:
        """Stall the operator for `seconds`: it gets no events while another one works; then both work."""
        still, self.processes = self.processes, []
        await self._begin_process(None)
        await self.advance(seconds)
        self.processes += still
        for process in still:
            process.watched.clear()
            process.controller.clock_guard.check()

    def stall_after_the_next_run(self, seconds: float) -> None:
        """Stall the operators for `seconds` when one has created the next run, before it gets the answer."""
        stalls, known = [seconds], len(self.cluster.all(PROCESS_RUN))

        def stalling(usual: Callable[[], object]) -> Callable[[], object]:
            def before_answer() -> None:
                usual()
                if stalls and len(self.cluster.all(PROCESS_RUN)) > known:
                    self.clock.now += timedelta(seconds=stalls.pop())

            return before_answer

        for process in self.processes:
            process.api.before_answer = stalling(process.api.before_answer)

    def _look_at_processes(self) -> None:
        works: dict[str, list[str]] = {}
        for body in self.cluster.all(PROCESS_RUN):
            process = body["metadata"].get("labels", {}).get(LABEL_PROCESS)
            if process is not None and body["status"].get("steps") and "endTime" not in body["status"]:
                works.setdefault(process, []).append(body["metadata"]["name"])
        for body in self.cluster.all(JOB):
            run = self.cluster.find(PROCESS_RUN, body["metadata"]["name"])
            process = run["metadata"].get("labels", {}).get(LABEL_PROCESS) if run is not None else None
            if process is None:
                continue
            job = parse_job(body)
            if job.finished is None and not job.is_suspended and job.start_time is not None:
                works.setdefault(process, []).append(job.metadata.name)
        self.together |= {(process, tuple(sorted(jobs))) for process, jobs in works.items() if len(jobs) > 1}

    async def resync(self) -> None:
        """List everything, as the operator does now and then."""
        for process in self.processes:
            await process.controller.resync.run()
        await self.settle()

    def deliver(self, how: Delivery) -> None:
        """Set how events reach the operators from now on."""
        self.delivery = how
        for process in self.processes:
            process.delivery = how

    async def _work(self, process: Process) -> bool:
        try:
            return await process.work()
        except Crash:
            self.crashes += 1
            self._end_process(process)
            self.processes.remove(process)
            if self.away:
                burst, self.away = self.away, timedelta()
                await self.advance(burst.total_seconds())
            await self._begin_process(None)
            return True

    async def _begin_process(self, crash_at: CrashPoint | None) -> None:
        process = Process(self, crash_at)
        self.processes.append(process)
        await process.start()

    def _end_process(self, process: Process) -> None:
        self.said += process.events.said
        process.events.said = []
        self.cluster.unwatch(process.watched)

    def _instants(self) -> list[datetime | None]:
        agendas = (
            at
            for process in self.processes
            for at in (process.agenda.next_at(), process.looks_at(), process.works_at())
        )
        return [self.controllers.next_at(), self._resync_at, *agendas]

    @property
    def _crash_ahead(self) -> CrashPoint | None:
        is_ahead = self.crash_at is not None and self.crash_at.write > len(self.cluster.writes)
        return self.crash_at if is_ahead else None

    # ---- what people see

    def expect(self, seen: Callable[[], object], wanted: object, *, undisturbed: bool = False) -> None:
        """Check what is there in the middle of a scenario; not where things are late, because then it may differ.

        `undisturbed`: a crash alone may change it (what is coalesced, and counts for people).
        """
        if not self.is_late and not (undisturbed and self.crash_at is not None):
            found = seen()
            assert found == wanted

    def heard(self) -> list[tuple[str, str, str]]:
        """Reason, object and message of every Event, of processes that ended too."""
        return [*self.said, *(said for process in self.processes for said in process.events.said)]


__all__ = ["BEGIN", "Flow", "Work", "at", "created", "deque", "later", "shown", "template"]
