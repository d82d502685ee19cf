"""Concurrency policy: which runs may start beside open runs, under Allow, Forbid, Replace and Queue.

One table serves ticks and waiting runs. A run *blocks* others once it has been claimed or started, until it ends. A run
that only waits for its time (Run Later) blocks none. Neighbours: `ticks/due.py` finds the ticks, `run/open_runs.py`
turns the decision into actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from process_operator.decisions.inputs.candidate import Candidate
from process_operator.decisions.plan.limits import MAX_STARTS, MAX_WAITING
from process_operator.resources.process import ConcurrencyPolicy

_MAX_STARTS_OF_MANY = 100
"""Starts of one decision if very many runs wait. Each decision reads all of them and is soon out of date."""
_WAITING_PER_START = 20
"""Waiting runs for each start of one decision, beyond `MAX_STARTS`."""


@dataclass(frozen=True, slots=True)
class ConcurrencyDecision:
    """Names of the runs that may start now, that have to end, and that are given up."""

    start: tuple[str, ...] = ()
    kill: tuple[str, ...] = ()
    """Started runs that must end first (Replace)."""
    overtaken: tuple[str, ...] = ()
    """Waiting runs that a newer run replaces before they start."""
    dropped: tuple[str, ...] = ()
    """Queued runs beyond the limit."""
    winner: str | None = None
    """The run that replaces `kill` and `overtaken`."""


def apply_policy(
    policy: ConcurrencyPolicy, candidates: Sequence[Candidate], *, newcomer: Candidate | None = None
) -> ConcurrencyDecision:
    """Decide among the open runs of one request.

    `newcomer` is the run of a due tick that is not claimed yet. Under Replace it replaces all older runs, and is claimed
    when they are gone.
    """
    waiting = sorted((c for c in candidates if not c.started and c.ready), key=lambda c: (c.due, c.name))
    started = [c for c in candidates if c.started]
    if policy == ConcurrencyPolicy.REPLACE:
        return _replace(waiting, started, newcomer)
    if not waiting:
        return ConcurrencyDecision()
    if policy == ConcurrencyPolicy.ALLOW:
        starts = min(_MAX_STARTS_OF_MANY, max(MAX_STARTS, len(waiting) // _WAITING_PER_START))
        return ConcurrencyDecision(start=tuple(c.name for c in waiting[:starts]))
    dropped = waiting[: max(0, len(waiting) - MAX_WAITING)]
    first = waiting[len(dropped)]
    return ConcurrencyDecision(start=() if started else (first.name,), dropped=tuple(c.name for c in dropped))


def _replace(
    waiting: Sequence[Candidate], started: Sequence[Candidate], newcomer: Candidate | None
) -> ConcurrencyDecision:
    """The newest run replaces all others, whether it has started, waits, or is the due tick."""
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
    """Runs that keep a tick of a schedule, due at an instant (UTC), from being claimed now.

    A tick is blocked by started runs and by waiting runs that were due before it. Under Replace only older runs block
    it, because a newer run will replace the run of the tick. Under Queue a tick is claimed in any case.
    """
    if policy == ConcurrencyPolicy.ALLOW:
        return ()
    started_counts = policy != ConcurrencyPolicy.REPLACE
    found = [c for c in candidates if c.due <= due or (c.started and started_counts)]
    return tuple(c.name for c in sorted(found, key=lambda c: (c.due, c.name)))
