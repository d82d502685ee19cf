"""Which runs may start beside which: Allow, Forbid, Replace and Queue, for ticks and for runs that wait.

One table for everything that wants to start. A run is *in the way* when it has been claimed or started and has not
ended; a run that only waits for its time (Run Later) is not. Neighbours: `ticks.py` finds the ticks, `request_plan.py`
turns the answer into actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from process_operator.resources.process import ConcurrencyPolicy

MAX_STARTS = 10
"""Starts of one request in one decision; the rest follow at once in the next."""
MAX_WAITING = 100
"""Queued runs of one request; beyond it the oldest are given up as Missed (TooMany)."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A run that exists and is not finished, as far as this table is concerned."""

    name: str
    due: datetime
    """When it asked to start (UTC): its tick, or its creation for a manual run."""
    started: bool
    """It has a Job that was let go (it may have a pod)."""
    ready: bool = True
    """It would start now if it were alone: nothing else (a quota, an invalid request) holds it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Who may start now, who has to go, and who is overtaken."""

    start: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()
    """Started runs that must end first (Replace)."""
    overtaken: tuple[str, ...] = ()
    """Waiting runs that a newer one replaces before they started."""
    dropped: tuple[str, ...] = ()
    """Queued runs beyond the bound."""
    winner: str | None = None
    """For whom `kill` and `overtaken` make room."""


def take_turns(policy: ConcurrencyPolicy, contenders: Sequence[Contender], *, newcomer: str | None = None) -> Turn:
    """Decide among the open runs of one request.

    `newcomer` is the run of a due tick that is not claimed yet: under Replace all others make room for it, and it is
    claimed when they are gone.
    """
    waiting = sorted((c for c in contenders if not c.started and c.ready), key=lambda c: (c.due, c.name))
    started = [c for c in contenders if c.started]
    if policy == ConcurrencyPolicy.REPLACE and newcomer is not None:
        return Turn(kill=tuple(c.name for c in started), overtaken=tuple(c.name for c in waiting), winner=newcomer)
    if not waiting:
        return Turn()
    if policy == ConcurrencyPolicy.ALLOW:
        return Turn(start=tuple(c.name for c in waiting[:MAX_STARTS]))
    if policy == ConcurrencyPolicy.REPLACE:
        *older, newest = waiting
        return Turn(
            start=() if started else (newest.name,),
            kill=tuple(c.name for c in started),
            overtaken=tuple(c.name for c in older),
            winner=newest.name,
        )
    dropped = waiting[: max(0, len(waiting) - MAX_WAITING)]
    first = waiting[len(dropped)]
    return Turn(start=() if started else (first.name,), dropped=tuple(c.name for c in dropped))


def in_the_way(policy: ConcurrencyPolicy, contenders: Sequence[Contender]) -> tuple[str, ...]:
    """Runs that keep a new tick of a schedule from starting now (for Queue: from being the next in line)."""
    if policy == ConcurrencyPolicy.ALLOW:
        return ()
    return tuple(c.name for c in sorted(contenders, key=lambda c: (c.due, c.name)))
