"""Run counts: the number of runs of a request that ended in each phase.

The counts are written with the status, some seconds after the ends that they count. `through` is the newest record that
they hold, so the process that writes next counts what is missing, and no memory is needed. `request.py` counts,
`controller/request_reconciler.py` counts once more when the process ends, and `retention.py` keeps a run until it is
counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from process_operator.decisions.inputs.history import FinishedRun
from process_operator.resources.process_request_status import RunCounts
from process_operator.resources.process_run import RunPhase


def with_uncounted(counts: RunCounts, history: Iterable[FinishedRun]) -> RunCounts:
    """The counts with the finished runs that were recorded after the last one that they hold.

    Counts without `through` are complete as they are, unless nothing was ever counted.
    """
    through = counts.through
    if through is None and _total(counts):
        return counts
    known = [(run.recorded, run.phase) for run in history if run.recorded is not None]
    newer = [run for run in known if through is None or run[0] >= through]
    # Runs of one second are in the order of their records. The first ones may be counted already.
    newer.sort(key=lambda run: run[0])
    already = 0 if through is None else counts.at_through
    at_once = sum(1 for run in newer if run[0] == through)
    # For the second of `through` only the number of counted runs is known. The rest of them are uncounted.
    for recorded, phase in newer[min(already, at_once) :]:
        counts = _counted(counts, phase, recorded)
    return counts


def is_counted(counts: RunCounts, run: FinishedRun) -> bool:
    """Whether the counts hold a finished run."""
    if run.recorded is None:
        return True
    return run.recorded <= counts.through if counts.through is not None else _total(counts) > 0


def _counted(counts: RunCounts, phase: RunPhase, recorded: datetime) -> RunCounts:
    name = phase.value.lower()
    at_through = counts.at_through + 1 if recorded == counts.through else 1
    changes = {name: getattr(counts, name) + 1, "through": recorded, "at_through": at_through}
    return counts.model_copy(update=changes)


def _total(counts: RunCounts) -> int:
    return counts.succeeded + counts.failed + counts.missed + counts.skipped + counts.canceled + counts.unknown
