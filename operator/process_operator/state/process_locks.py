"""Who stands before which Process whose `concurrencyPolicy` is not Allow: asks, claims, and who is to be looked at
next.

A claim is noted in the same breath as the decision that starts a run, before anything is awaited; so of two requests
that two workers decide at the same moment the second sees the first, although nothing is written yet. It holds until
the next decision about the same request, which sees the run itself. All of this is in memory: after a restart the runs
show who works, and every request asks anew before any may start. Neighbours: `decisions/inputs/process_lock.py` has the
rules, `store.py` the runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from process_operator.decisions.inputs.process_lock import Ask, Line, Occupant, PastRun
from process_operator.resources.process_run import ProcessRun
from process_operator.state.object_cache import Key

ProcessKey = tuple[str, str]
"""Namespace and name of a Process."""

_REMEMBERED: Final = 200
"""Runs of one Process that are over and may have been in the way of a tick that waits."""


@dataclass(slots=True)
class _Standing:
    """What one request has said: its ask (None: it wants nothing), and what it starts at this moment."""

    ask: Ask | None = None
    is_due: bool = False
    claims: tuple[Occupant, ...] = ()


@dataclass(slots=True)
class _Queue:
    standings: dict[Key, _Standing] = field(default_factory=dict)
    past: deque[PastRun] | None = None


class ProcessLines:
    """The lines before all Processes that are shared under a policy."""

    def __init__(self, on_dirty: Callable[[Key], None]) -> None:
        self._on_dirty = on_dirty
        self._queues: dict[ProcessKey, _Queue] = {}
        self._where: dict[Key, ProcessKey] = {}

    def line(self, process: ProcessKey, key: Key, users: Collection[Key], occupants: Iterable[Occupant]) -> Line:
        """The line before a Process as one request sees it; `occupants`: runs that work, its own left out."""
        queue = self._queues.get(process, _Queue())
        others = {other: standing for other, standing in queue.standings.items() if other != key}
        known = {occupant.run: occupant for occupant in occupants}
        claimed = {claim.run: claim for standing in others.values() for claim in standing.claims}
        own = queue.standings.get(key)
        return Line(
            process=process[1],
            occupants=tuple({**claimed, **known}.values()),
            asks=tuple(standing.ask for standing in others.values() if standing.ask is not None),
            is_complete=all(user == key or user in others for user in users),
            place=own.ask.place if own is not None and own.ask is not None and own.is_due else None,
            past=None if queue.past is None else tuple(queue.past),
        )

    def stand(
        self,
        process: ProcessKey,
        key: Key,
        ask: Ask | None,
        claims: tuple[Occupant, ...],
        now: datetime,
        *,
        settled: bool,
    ) -> bool:
        """Take in what a decision said; whether it asks, and did not before, that runs which work make room for it.

        `settled`: another decision about this request will not follow at once. Before the first of these nobody knows
        what it wants, where it does not say so.
        """
        if self._where.get(key) != process:
            self.leave(key)
        queue = self._queues.setdefault(process, _Queue())
        before = queue.standings.get(key)
        self._where[key] = process
        if before is None and ask is None and not claims and not settled:
            return False
        # What is about to be served asks for nothing any more.
        wanted = None if claims else ask
        standing = _Standing(wanted, wanted is not None and wanted.due <= now, claims)
        queue.standings[key] = standing
        if before == standing:
            return False
        self.stir(process)
        if wanted is None or not wanted.replaces or not standing.is_due:
            return False
        for other, found in queue.standings.items():
            if found.is_due and other != key:
                self._on_dirty(other)
        return True

    def give_way(self, process: ProcessKey, key: Key, *, claims: bool) -> None:
        """The decision about a request failed: the others do not wait for it; nor for its claims, if `claims`."""
        if self._where.get(key) != process:
            self.leave(key)
        queue = self._queues.setdefault(process, _Queue())
        before = queue.standings.get(key, _Standing())
        self._where[key] = process
        queue.standings[key] = _Standing(None, claims=() if claims else before.claims)
        self.stir(process)

    def leave(self, key: Key) -> None:
        """A request is gone, or uses no shared Process any more."""
        process = self._where.pop(key, None)
        queue = self._queues.get(process) if process is not None else None
        if process is None or queue is None:
            return
        queue.standings.pop(key, None)
        self.stir(process)
        if not queue.standings:
            del self._queues[process]

    def stir(self, process: ProcessKey) -> None:
        """Something changed before a Process: those are looked at whose turn it may be."""
        queue = self._queues.get(process)
        if queue is None:
            return
        waiting = [(standing.ask, key) for key, standing in queue.standings.items() if standing.ask is not None]
        if not waiting:
            return
        self._on_dirty(min(waiting, key=lambda item: item[0].order)[1])
        replacing = [item for item in waiting if item[0].replaces]
        if replacing:
            self._on_dirty(max(replacing, key=lambda item: item[0].age)[1])

    def remember(self, process: ProcessKey, runs: Iterable[ProcessRun], *, whole: bool) -> None:
        """Take in runs that are over; `whole`: these are all that there are."""
        queue = self._queues.get(process)
        if queue is None or (queue.past is None and not whole):
            return
        if whole or queue.past is None:
            queue.past = deque(maxlen=_REMEMBERED)
        known = {past.run for past in queue.past}
        ended = (_past(run) for run in runs)
        queue.past.extend(sorted((past for past in ended if past and past.run not in known), key=lambda past: past.end))


def _past(run: ProcessRun) -> PastRun | None:
    start, end = run.status.start_time, run.status.end_time
    if start is None or end is None:
        return None
    return PastRun(run.spec.request.name, run.metadata.name, start, end)
