"""Which runs may start beside which: Allow, Forbid, Replace and Queue, for ticks and for runs that wait.

One table for everything that wants to start. A run is *in the way* when it has been claimed or started and has not
ended; a run that only waits for its time (Run Later) is not. Neighbours: `ticks/due.py` finds the ticks, `request.py`
turns the answer into actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.plan.limits import MAX_STARTS, MAX_WAITING
from process_operator.resources.process import ConcurrencyPolicy

_MOST_STARTS = 100
"""So many where very many wait: each decision looks at all of them, and what it decided is soon out of date."""
_WAITING_FOR_ONE = 20


@dataclass(frozen=True, slots=True)
class ConcurrencyDecision:
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


def apply_policy(
    policy: ConcurrencyPolicy, candidates: Sequence[Candidate], *, newcomer: Candidate | None = None
) -> ConcurrencyDecision:
    """Decide among the open runs of one request.

    `newcomer` is the run of a due tick that is not claimed yet: under Replace all older ones make room for it, and it
    is claimed when they are gone.
    """
    waiting = sorted((c for c in candidates if not c.started and c.ready), key=lambda c: (c.due, c.name))
    started = [c for c in candidates if c.started]
    if policy == ConcurrencyPolicy.REPLACE:
        return _replace(waiting, started, newcomer)
    if not waiting:
        return ConcurrencyDecision()
    if policy == ConcurrencyPolicy.ALLOW:
        starts = min(_MOST_STARTS, max(MAX_STARTS, len(waiting) // _WAITING_FOR_ONE))
        return ConcurrencyDecision(start=tuple(c.name for c in waiting[:starts]))
    dropped = waiting[: max(0, len(waiting) - MAX_WAITING)]
    first = waiting[len(dropped)]
    return ConcurrencyDecision(start=() if started else (first.name,), dropped=tuple(c.name for c in dropped))


def _replace(
    waiting: Sequence[Candidate], started: Sequence[Candidate], newcomer: Candidate | None
) -> ConcurrencyDecision:
    """The newest wins, whatever it is: one that runs already, one that waits, or the tick that is due."""
    arriving = [*waiting, *([newcomer] if newcomer is not None else [])]
    if not arriving:
        return ConcurrencyDecision()
    newest = max((*started, *arriving), key=lambda c: (c.due, c.name))
    return ConcurrencyDecision(
        start=(newest.name,) if newest in waiting and not started else (),
        kill=() if newest in started else tuple(c.name for c in started),
        overtaken=tuple(c.name for c in waiting if c != newest),
        winner=newest.name,
    )


def blocking_runs(policy: ConcurrencyPolicy, candidates: Sequence[Candidate], *, due: datetime) -> tuple[str, ...]:
    """Runs that keep a tick of a schedule, due at an instant, from being claimed now (Queue asks nobody for that).

    A run that waits and asked later is in nobody's way; nor is, under Replace, any run that is newer than the tick: it
    will replace the tick's run in its turn.
    """
    if policy == ConcurrencyPolicy.ALLOW:
        return ()
    started_counts = policy != ConcurrencyPolicy.REPLACE
    found = [c for c in candidates if c.due <= due or (c.started and started_counts)]
    return tuple(c.name for c in sorted(found, key=lambda c: (c.due, c.name)))
