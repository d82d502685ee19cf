"""Five fields against github.com/robfig/cron/v3, the library of the CronJob controller.

Its search is ported in `timing/cron/robfig.py`, ways around clock changes included: port and original have to agree on
every tick. Ours agree with it too, but where the offset changes; each difference has one of the causes below, and is
counted.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from tests.oracles.expressions import five_fields
from tests.oracles.oracle import Answer, Question, ask
from tests.oracles.questions import COUNT, TICKS, questions, utc

from process_operator.timing.cron.robfig import robfig_next
from process_operator.timing.cron.standard import parse_cron
from process_operator.timing.cron.ticks import cron_ticks
from process_operator.timing.ticks import FixedTicks
from process_operator.timing.zone import DAY, Segment, WallClock, wall_clock

_HOUR: Final = 3600
_YEAR: Final = 366 * DAY


def test_random_expressions(robfig: list[str], findings: Counter[str]) -> None:
    asked = questions(five_fields)
    for question, answer in zip(asked, ask(robfig, asked), strict=True):
        assert answer.ticks is not None, (question, answer.said)
        assert _ported(question) == answer.ticks, f"the port differs: {question}"
        findings["expressions"] += 1
        _compare(question, answer, findings)
    assert findings["expressions"] == COUNT
    assert findings["ticks that are the same"] > 0.95 * COUNT * TICKS * 0.9


def _ported(question: Question) -> tuple[int, ...]:
    cron, clock = parse_cron(question.text), wall_clock(question.zone)
    found: list[int] = []
    tick = robfig_next(cron, clock, question.start)
    while tick is not None and len(found) < question.wanted:
        found.append(tick)
        tick = robfig_next(cron, clock, tick)
    return tuple(found)


def _compare(question: Question, answer: Answer, findings: Counter[str]) -> None:
    """Compare from each tick of the oracle to its next."""
    assert answer.ticks is not None
    ticks = cron_ticks(parse_cron(question.text), question.zone)
    theirs: list[int | None] = list(answer.ticks)
    if len(theirs) < question.wanted:
        theirs.append(None)  # it gives up
    start = question.start
    for their in theirs:
        our = ticks.after(start)
        if our == their:
            findings["ticks that are the same"] += 1
        else:
            cause = _cause(start, our, their, wall_clock(question.zone), is_fixed=isinstance(ticks, FixedTicks))
            assert cause, f"{question} after {utc(start)}: ours {utc(our)}, robfig {utc(their)}"
            findings[f"other ticks: {cause}"] += 1
        if their is None:
            return
        start = their


def _cause(start: int, our: int | None, their: int | None, clock: WallClock, *, is_fixed: bool) -> str:
    """Say why both differ after a common start, or nothing where there is no excuse."""
    if their is None:
        gave_up = our is None or our - start > 5 * _YEAR - 2 * DAY
        return "it gives up after five years" if gave_up else ""
    if our is None:
        return ""
    if is_fixed and their < our and _is_second_pass(clock.segment_at(their), their):
        return "a fixed time comes in both passes of a fold"
    if is_fixed and our < their and _is_end_of_gap(clock.segment_at(our), our):
        return "a fixed time in a gap is lost"
    # From here on it walked across the change, by days or by hours, and lost its way. It walks from the first of the
    # month of its start.
    begin = start - 31 * DAY
    for change in clock.changes(begin, max(our, their)):
        cause = _stumble(clock.segment_at(change), clock.offset(change - 1))
        if cause:
            return cause
    return ""


def _stumble(after: Segment, offset_before: int) -> str:
    lost_from, lost_to = sorted((after.start + offset_before, after.wall_start))
    holds_midnight = -(-lost_from // DAY) * DAY < lost_to
    if holds_midnight and after.offset > offset_before:
        return "its steps of a day find no midnight in a gap, and leave the day or its hours"
    if holds_midnight or lost_from % DAY == 0 or lost_to % DAY == 0:
        return "its steps of a day take the second of two midnights, or go back into the day before"
    if lost_from % _HOUR or lost_to % _HOUR:
        return "its steps of an hour continue at the half hour after a change that is not of whole hours"
    return ""


def _is_second_pass(segment: Segment, at: int) -> bool:
    return at + segment.offset < segment.reached


def _is_end_of_gap(segment: Segment, at: int) -> bool:
    return segment.start == at and segment.reached < segment.wall_start
