"""Missed ticks: why a due tick gets no Job, and the run that records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from process_operator.resources import names
from process_operator.resources.conditions import RunReason
from process_operator.resources.process_run import ProcessRun, RunPhase, RunSummary
from process_operator.timing.recurrence import TickSpan


@dataclass(frozen=True, slots=True)
class MissedReason:
    """A phase and reason for ticks that do not start; `about` names the blocking run, or the cause of a miss."""

    phase: RunPhase
    reason: str
    about: str = ""

    def __str__(self) -> str:
        """As written in the annotation of the claim: `Skipped/Overlap NAME`."""
        return f"{self.phase}/{self.reason} {self.about}".rstrip()

    @classmethod
    def parse(cls, text: str) -> MissedReason | None:
        """The inverse of str(). None if the text does not have this form."""
        head, _, about = text.partition(" ")
        phase, _, reason = head.partition("/")
        if phase not in (RunPhase.MISSED, RunPhase.SKIPPED, RunPhase.UNKNOWN) or not reason:
            return None
        return cls(RunPhase(phase), reason, about)

    def message(self, deadline_seconds: int | None = None) -> str:
        """Text for users in the status of the run."""
        words = _WORDS.get(self.reason, "").format(about=self.about, seconds=deadline_seconds)
        is_named = self.reason == RunReason.OVERLAP or not self.about
        return words if is_named else f"{words}: {self.about}"


_WORDS: Final[dict[str, str]] = {
    RunReason.OVERLAP: "blocked by run {about} (concurrencyPolicy: Forbid)",
    RunReason.SUPERSEDED: "a newer tick was due too, and the operator starts only the newest one "
    "(catchUp: Latest, or concurrencyPolicy: Replace)",
    RunReason.DEADLINE_PASSED: "not started within {seconds} s of its time (startingDeadlineSeconds)",
    RunReason.SUSPENDED: "was due, but not started, when the request was suspended",
    RunReason.EDITED: "was due, but not started, when the timing was edited",
    RunReason.RESCHEDULED: "was due, but not started, when the request was rescheduled",
    RunReason.FORMER_REQUEST: "an earlier ProcessRequest of this name created it, or a backup restored it; "
    "it has no Job, so whether it ran is unknown",
    RunReason.TOO_MANY: "more than 100 runs were waiting to start, so the oldest were given up",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive ticks that are missed for one reason: first and last instant (UTC, both included) and their number."""

    first: datetime
    last: datetime
    count: int
    missed_reason: MissedReason

    @classmethod
    def of(cls, ticks: TickSpan, missed_reason: MissedReason) -> Span:
        """Ticks that are all missed for one reason."""
        return cls(ticks.first, ticks.last, ticks.count, missed_reason)


@dataclass(frozen=True, slots=True)
class Record:
    """A run to create for missed ticks: for one tick, or with a summary for several."""

    tick: datetime
    missed_reason: MissedReason
    summary: RunSummary | None = None


def summary_of(run: ProcessRun) -> RunSummary | None:
    """The row of ticks that a run records."""
    text = run.metadata.annotations.get(names.ANNOTATION_SUMMARY)
    return RunSummary.model_validate_json(text) if text else None
