"""Records of missed ticks: single records, then one summary that grows, and the words for each reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import every, finished

from process_operator.decisions.inputs.history import FinishedRun
from process_operator.decisions.inputs.missed_tick import MissedReason, Record, Span
from process_operator.decisions.ticks.missed import Growth, Records, in_one_summary, record_spans
from process_operator.resources.process_run import RunPhase, RunSummary

SKIPPED = MissedReason(RunPhase.SKIPPED, "Overlap", "r")
MISSED = MissedReason(RunPhase.MISSED, "Superseded")
TOO_MANY = MissedReason(RunPhase.MISSED, "TooMany")
TICKS = every(10)


def tick(number: int) -> str:
    """The clock of a tick by its number, 0 at noon."""
    return f"{at('12:00') + timedelta(seconds=10 * number):%H:%M:%S}"


def span(first: int, last: int, missed_reason: MissedReason = SKIPPED) -> Span:
    return Span(at(tick(first)), at(tick(last)), last - first + 1, missed_reason)


def singles(first: int, last: int, missed_reason: MissedReason = SKIPPED) -> tuple[Record, ...]:
    return tuple(Record(at(tick(number)), missed_reason) for number in range(first, last + 1))


def summary(first: int, last: int) -> RunSummary:
    return RunSummary(from_=at(tick(first)), to=at(tick(last)), count=last - first + 1)


def before(first: int, last: int, missed_reason: MissedReason = SKIPPED) -> list[FinishedRun]:
    return [
        finished(f"run-{number}", missed_reason.phase, due=tick(number), missed_reason=str(missed_reason))
        for number in range(first, last + 1)
    ]


def grown(first: int, last: int) -> FinishedRun:
    return finished(
        f"run-{first}",
        RunPhase.SKIPPED,
        due=tick(first),
        missed_reason=str(SKIPPED),
        to=tick(last),
        count=last - first + 1,
    )


@dataclass(frozen=True)
class Recorded:
    """Ticks that do not start and the runs of before, and the records that are written."""

    id: str
    spans: list[Span]
    records: Records
    history: list[FinishedRun] = field(default_factory=list)
    is_ongoing: bool = False


RECORDED: Final = [
    Recorded("nothing missed, nothing recorded", spans=[], records=Records()),
    Recorded(
        "few ticks are a record each",
        spans=[span(1, 3)],
        is_ongoing=True,
        records=Records(singles(1, 3), (), at(tick(3))),
    ),
    Recorded(
        "from the eleventh on one summary, named after its first tick",
        spans=[span(1, 12)],
        records=Records((*singles(1, 10), Record(at(tick(11)), SKIPPED, summary(11, 12))), (), at(tick(12))),
    ),
    Recorded(
        "a row continues where its records end",
        spans=[span(8, 9)],
        history=before(1, 7),
        is_ongoing=True,
        records=Records(singles(8, 9), (), at(tick(9))),
    ),
    Recorded(
        "after ten records the next begins the summary",
        spans=[span(11, 11)],
        history=before(1, 10),
        is_ongoing=True,
        records=Records((Record(at(tick(11)), SKIPPED, summary(11, 11)),), (), at(tick(11))),
    ),
    Recorded(
        "a summary that grew within the last minute is left alone while more will follow",
        spans=[span(12, 13)],
        history=[*before(1, 10), grown(11, 11)],
        is_ongoing=True,
        records=Records(),
    ),
    Recorded(
        "after a minute it grows",
        spans=[span(12, 17)],
        history=[*before(1, 10), grown(11, 11)],
        is_ongoing=True,
        records=Records((), (Growth("run-11", SKIPPED, summary(11, 17)),), at(tick(17))),
    ),
    Recorded(
        "it grows at once when the row is over",
        spans=[span(12, 13)],
        history=[*before(1, 10), grown(11, 11)],
        records=Records((), (Growth("run-11", SKIPPED, summary(11, 13)),), at(tick(13))),
    ),
    Recorded(
        "another reason begins another row",
        spans=[span(12, 13, MISSED)],
        history=[*before(1, 10), grown(11, 11)],
        records=Records(singles(12, 13, MISSED), (), at(tick(13))),
    ),
    Recorded(
        "another blocking run begins another row",
        spans=[span(12, 13, MissedReason(RunPhase.SKIPPED, "Overlap", "s"))],
        history=[*before(1, 10), grown(11, 11)],
        records=Records(singles(12, 13, MissedReason(RunPhase.SKIPPED, "Overlap", "s")), (), at(tick(13))),
    ),
    Recorded(
        "a tick in between that started begins another row",
        spans=[span(14, 15)],
        history=[*before(1, 10), grown(11, 12)],
        records=Records(singles(14, 15), (), at(tick(15))),
    ),
    Recorded(
        "two reasons are two rows",
        spans=[span(1, 2), span(3, 4, MISSED)],
        is_ongoing=True,
        records=Records((*singles(1, 2), *singles(3, 4, MISSED)), (), at(tick(4))),
    ),
    Recorded(
        "too many are one summary from the first on",
        spans=[span(1, 12, TOO_MANY)],
        is_ongoing=True,
        records=Records((Record(at(tick(1)), TOO_MANY, summary(1, 12)),), (), at(tick(12))),
    ),
    Recorded(
        "a summary of too many grows",
        spans=[span(2, 9, TOO_MANY)],
        history=[finished("run-1", RunPhase.MISSED, due=tick(1), missed_reason=str(TOO_MANY), to=tick(1))],
        is_ongoing=True,
        records=Records((), (Growth("run-1", TOO_MANY, summary(1, 9)),), at(tick(9))),
    ),
    Recorded(
        "records that retention removed are not counted",
        spans=[span(9, 12)],
        history=before(5, 8),
        records=Records((*singles(9, 12),), (), at(tick(12))),
    ),
]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.id)
def test_records(case: Recorded) -> None:
    assert record_spans(case.spans, TICKS, case.history, ongoing=case.is_ongoing) == case.records


@pytest.mark.parametrize(
    ("count", "record"),
    [
        pytest.param(1, Record(at(tick(1)), MISSED), id="one tick needs no summary"),
        pytest.param(3, Record(at(tick(1)), MISSED, summary(1, 3)), id="several are one summary, however few"),
    ],
)
def test_the_end_of_a_activation(count: int, record: Record) -> None:
    assert in_one_summary(at(tick(1)), at(tick(count)), count, MISSED) == record


@pytest.mark.parametrize(
    ("missed_reason", "text"),
    [
        pytest.param(SKIPPED, "Skipped/Overlap r", id="with the blocking run"),
        pytest.param(MISSED, "Missed/Superseded", id="without one"),
    ],
)
def test_the_annotation_is_read_as_it_was_written(missed_reason: MissedReason, text: str) -> None:
    assert (str(missed_reason), MissedReason.parse(text)) == (text, missed_reason)


@pytest.mark.parametrize("text", ["", "Overlap", "Succeeded/Completed", "Skipped/", "Failed/ExitCode r"])
def test_an_annotation_of_another_form_is_none_of_ours(text: str) -> None:
    assert MissedReason.parse(text) is None


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("Overlap", "blocked by run r (concurrencyPolicy: Forbid)"),
        (
            "Superseded",
            "a newer tick was due too, and the operator starts only the newest one (catchUp: Latest, or concurrencyPolicy: Replace)",
        ),
        ("DeadlinePassed", "not started within 30 s of its time (startingDeadlineSeconds)"),
        ("Suspended", "was due, but not started, when the request was suspended"),
        ("Edited", "was due, but not started, when the timing was edited"),
        ("Rescheduled", "was due, but not started, when the request was rescheduled"),
        ("TooMany", "more than 100 runs were waiting to start, so the oldest were given up"),
    ],
)
def test_the_words_for_people(reason: str, words: str) -> None:
    assert MissedReason(RunPhase.MISSED, reason, "r" if reason == "Overlap" else "").message(30) == words


def test_a_miss_names_its_cause() -> None:
    missed_reason = MissedReason(
        RunPhase.MISSED, "DeadlinePassed", "no ProcessRun could be created: label team is required"
    )
    assert MissedReason.parse(str(missed_reason)) == missed_reason
    cause = "no ProcessRun could be created: label team is required"
    assert missed_reason.message(30) == f"not started within 30 s of its time (startingDeadlineSeconds): {cause}"
