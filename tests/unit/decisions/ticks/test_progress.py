"""Progress of a schedule: spans without the ticks that runs or Jobs cover."""

from __future__ import annotations

import pytest
from tests.builders.instants import at
from tests.builders.snapshots import every, request, schedule, snapshot

from process_operator.decisions.inputs.missed_tick import MissedReason, Span
from process_operator.decisions.ticks.progress import calendar_of, span_of, without_ticks
from process_operator.resources.process_run import RunPhase

MISSED = MissedReason(RunPhase.MISSED, "Superseded")
CALENDAR = calendar_of(snapshot(request(schedule(10))), every(10))
WHOLE = Span(at("12:00:10"), at("12:01:00"), 6, MISSED)


def seconds(first: int, last: int) -> Span:
    """The ticks from one second after noon to another, both included."""
    return Span(at(f"12:00:{first}"), at(f"12:00:{last}"), (last - first) // 10 + 1, MISSED)


@pytest.mark.parametrize(
    ("covered", "left"),
    [
        pytest.param([], [WHOLE], id="nothing is covered"),
        pytest.param([("12:00:10", "12:01:00")], [], id="everything is covered"),
        pytest.param([("12:00:30", "12:00:30")], [seconds(10, 20), Span(at("12:00:40"), at("12:01:00"), 3, MISSED)],
                     id="one tick in the middle cuts the span in two"),
        pytest.param([("12:00:10", "12:00:20")], [Span(at("12:00:30"), at("12:01:00"), 4, MISSED)],
                     id="the first ticks are covered"),
        pytest.param([("12:00:30", "12:05:00")], [seconds(10, 20)], id="a range reaches beyond the span"),
        pytest.param([("12:00:40", "12:01:00"), ("12:00:20", "12:00:50")], [seconds(10, 10)],
                     id="two ranges overlap, in any order"),
        pytest.param([("12:02:00", "12:03:00")], [WHOLE], id="a range after the span covers nothing"),
        pytest.param([("12:00:35", "12:00:35")], [seconds(10, 30), Span(at("12:00:40"), at("12:01:00"), 3, MISSED)],
                     id="an instant between two ticks covers none of them"),
    ],
)  # fmt: skip
def test_a_span_without_covered_ticks(covered: list[tuple[str, str]], left: list[Span]) -> None:
    ranges = [(at(first), at(last)) for first, last in covered]
    assert without_ticks([WHOLE], CALENDAR, ranges) == left


def test_the_first_tick_of_an_activation_can_be_covered() -> None:
    first = CALENDAR.recurrence.next_after(CALENDAR.recurrence.floor)
    assert first == at("12:00")
    whole = span_of(CALENDAR.recurrence, CALENDAR.recurrence.floor, at("12:00:20"), MISSED)
    assert [span.count for span in whole] == [3]
    assert without_ticks(whole, CALENDAR, [(first, first)]) == [seconds(10, 20)]
