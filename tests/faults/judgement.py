"""Judgement of a round: every due tick is in exactly one run, with at most one Job, and nothing else runs.

Neighbours: `load.py` says which ticks were due, `ledger.py` what was made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tests.builders.objects import Object

from process_operator.resources.model import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.faults.ledger import Ledger
    from tests.faults.load import Wish

_OPEN = frozenset({"Pending", "Running"})
_NEVER_STARTED = frozenset({"Missed", "Skipped"})


@dataclass
class Result:
    """Figures of one or more requests. `complaints` says in words what is wrong."""

    due: int = 0
    runs: int = 0
    summarized: int = 0
    """Ticks in summaries."""
    ends: Counter[str] = field(default_factory=Counter)
    """Ticks by phase."""
    doubles: int = 0
    losses: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.doubles or self.losses or self.complaints)

    def add(self, other: Result) -> None:
        """Add another result to the figures."""
        self.due += other.due
        self.runs += other.runs
        self.summarized += other.summarized
        self.ends += other.ends
        self.doubles += other.doubles
        self.losses += other.losses
        self.complaints += other.complaints


def judge(wish: Wish, ledger: Ledger, namespace: str) -> Result:
    """Compare the runs of a request with its due ticks."""
    runs = [run for run in ledger.runs_of(wish.uid) if run["spec"]["trigger"] != "Manual"]
    result = Result(runs=len(runs))
    due = wish.due()
    covered: Counter[datetime] = Counter()
    for run in runs:
        ticks = _ticks(run, due) if wish.every else due[:1]
        covered.update(ticks)
        result.ends[_phase(run)] += len(ticks)
        result.summarized += len(ticks) if "summary" in run.get("status", {}) else 0
        result.complaints += _wrong(run, wish, ledger, namespace, len(ticks))
    result.due = len(due)
    doubled = [tick for tick, number in covered.items() if number > 1]
    lost = [tick for tick in due if tick not in covered] if wish.is_strict else []
    undue = [tick for tick in covered if tick not in set(due)] if wish.is_strict else []
    worked_twice = _worked_twice(wish, runs, ledger, namespace)
    result.doubles = len(doubled) + len(worked_twice)
    result.losses = len(lost)
    result.complaints += _said(wish.name, "ticks in two runs", doubled)
    result.complaints += _said(wish.name, "ticks in no run", lost)
    result.complaints += _said(wish.name, "runs of no tick", undue)
    result.complaints += [f"{wish.name}: more than one Job for {name}" for name in worked_twice]
    return result


def _ticks(run: Object, due: list[datetime]) -> list[datetime]:
    first = parse_instant(run["spec"]["scheduledTime"])
    summary = run.get("status", {}).get("summary")
    if summary is None:
        return [first]
    begin, end = parse_instant(summary["from"]), parse_instant(summary["to"])
    return [tick for tick in due if begin <= tick <= end]


def _wrong(run: Object, wish: Wish, ledger: Ledger, namespace: str, ticks: int) -> list[str]:
    """Complaints about one run by itself."""
    name, phase = run["metadata"]["name"], _phase(run)
    status = run.get("status", {})
    about = f"{wish.name}: run {name} is {phase}/{status.get('reason')}"
    if name in wish.deleted_runs or (wish.is_gone and phase in _OPEN):
        return []
    if phase not in wish.ends:
        return [f"{about}; allowed: {', '.join(sorted(wish.ends))}"]
    jobs = len(ledger.jobs.get((namespace, name), ()))
    if phase in _NEVER_STARTED and jobs:
        return [f"{about}, and has a Job"]
    if phase == "Succeeded" and not jobs:
        return [f"{about}, and never had a Job"]
    summary = status.get("summary")
    if summary is not None and summary["count"] != ticks:
        return [
            f"{about}: its summary counts {summary['count']}, there are {ticks} ticks from {summary['from']} to {summary['to']}"
        ]
    return []


def _worked_twice(wish: Wish, runs: Iterable[Object], ledger: Ledger, namespace: str) -> list[str]:
    names = {run["metadata"]["name"] for run in runs}
    return sorted(
        name for name in names if len(ledger.jobs.get((namespace, name), ())) > 1 and name not in wish.deleted_runs
    )


def _phase(run: Object) -> str:
    return str(run.get("status", {}).get("phase", "Pending"))


def _said(name: str, what: str, ticks: list[datetime]) -> list[str]:
    if not ticks:
        return []
    shown = ", ".join(f"{tick:%H:%M:%S}" for tick in sorted(ticks)[:5])
    return [f"{name}: {len(ticks)} {what}: {shown}{' ...' if len(ticks) > 5 else ''}"]
