"""Records of missed ticks: single records, then one summary that grows, and the words for each reason."""

from __future__ import annotations

from datetime import timedelta

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


@pytest.mark.parametrize(
    ("spans", "history", "ongoing", "records"),
    [
        pytest.param([], [], False, Records(), id="nothing refused, nothing recorded"),
        pytest.param([span(1, 3)], [], True, Records(singles(1, 3), (), at(tick(3))), id="few ticks are a record each"),
        pytest.param(
            [span(1, 12)],
            [],
            False,
            Records((*singles(1, 10), Record(at(tick(11)), SKIPPED, summary(11, 12))), (), at(tick(12))),
            id="from the eleventh on one summary, named after its first tick",
        ),
        pytest.param(
            [span(8, 9)],
            before(1, 7),
            True,
            Records(singles(8, 9), (), at(tick(9))),
            id="a row continues where its records end",
        ),
        pytest.param(
            [span(11, 11)],
            before(1, 10),
            True,
            Records((Record(at(tick(11)), SKIPPED, summary(11, 11)),), (), at(tick(11))),
            id="after ten records the next begins the summary",
        ),
        pytest.param(
            [span(12, 13)],
            [*before(1, 10), grown(11, 11)],
            True,
            Records(),
            id="a summary that grew within the last minute is left alone while more will follow",
        ),
        pytest.param(
            [span(12, 17)],
            [*before(1, 10), grown(11, 11)],
            True,
            Records((), (Growth("run-11", SKIPPED, summary(11, 17)),), at(tick(17))),
            id="after a minute it grows",
        ),
        pytest.param(
            [span(12, 13)],
            [*before(1, 10), grown(11, 11)],
            False,
            Records((), (Growth("run-11", SKIPPED, summary(11, 13)),), at(tick(13))),
            id="it grows at once when the row is over",
        ),
        pytest.param(
            [span(12, 13, MISSED)],
            [*before(1, 10), grown(11, 11)],
            False,
            Records(singles(12, 13, MISSED), (), at(tick(13))),
            id="another reason begins another row",
        ),
        pytest.param(
            [span(12, 13, MissedReason(RunPhase.SKIPPED, "Overlap", "s"))],
            [*before(1, 10), grown(11, 11)],
            False,
            Records(singles(12, 13, MissedReason(RunPhase.SKIPPED, "Overlap", "s")), (), at(tick(13))),
            id="so does another blocking run",
        ),
        pytest.param(
            [span(14, 15)],
            [*before(1, 10), grown(11, 12)],
            False,
            Records(singles(14, 15), (), at(tick(15))),
            id="so does a tick in between that started",
        ),
        pytest.param(
            [span(1, 2), span(3, 4, MISSED)],
            [],
            True,
            Records((*singles(1, 2), *singles(3, 4, MISSED)), (), at(tick(4))),
            id="two reasons are two rows",
        ),
        pytest.param(
            [span(1, 12, TOO_MANY)],
            [],
            True,
            Records((Record(at(tick(1)), TOO_MANY, summary(1, 12)),), (), at(tick(12))),
            id="too many are one summary from the first on",
        ),
        pytest.param(
            [span(2, 9, TOO_MANY)],
            [finished("run-1", RunPhase.MISSED, due=tick(1), missed_reason=str(TOO_MANY), to=tick(1))],
            True,
            Records((), (Growth("run-1", TOO_MANY, summary(1, 9)),), at(tick(9))),
            id="and it grows",
        ),
        pytest.param(
            [span(9, 12)],
            before(5, 8),
            False,
            Records((*singles(9, 12),), (), at(tick(12))),
            id="records that retention removed are not counted",
        ),
    ],
)
def test_records(spans: list[Span], history: list[FinishedRun], ongoing: bool, records: Records) -> None:  # noqa: FBT001
    assert record_spans(spans, TICKS, history, ongoing=ongoing) == records


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
