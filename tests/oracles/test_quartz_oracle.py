"""6 and 7 fields against Quartz: equal where its day rules and the clocks do nothing odd, and its bugs are predicted.

What Quartz loses through L and W, and the steps that it does not read, is computed beforehand: apart from clock changes
its ticks are exactly ours without those. Each cause is counted.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from tests.oracles.expressions import quartz as quartz_expression
from tests.oracles.oracle import Question, ask
from tests.oracles.questions import COUNT, FIRST, TICKS, ZONES, instant, questions, utc

from process_operator.timing.cron.quartz import parse_quartz
from process_operator.timing.cron.ticks import cron_ticks
from process_operator.timing.ticks import Ticks
from process_operator.timing.zone import DAY, WallClock, wall_clock

_FAR: Final = instant("2095-01-01")
_LAST_YEAR: Final = datetime.now(UTC).year + 100  # Quartz looks no further
_NAMED_STEP: Final = re.compile(r"([A-Z]{3}(?:-[A-Z]{3})?)/[0-9]+", re.IGNORECASE)
_PLACED: Final = re.compile(r"(?:L(?:-(?P<back>[0-9]+))?|(?P<day>[0-9]+))(?P<near>W)?", re.IGNORECASE)


def test_random_expressions(quartz: list[str], findings: Counter[str]) -> None:
    agreed = _agreed_until(quartz)
    asked = questions(quartz_expression)
    for question, answer in zip(asked, ask(quartz, asked), strict=True):
        assert answer.ticks is not None, (question, answer.said)
        findings["expressions"] += 1
        _Comparison(question, agreed[question.zone], findings).run(answer.ticks)
    assert findings["expressions"] == COUNT
    assert findings["ticks that are the same"] > 0.9 * COUNT * TICKS * 0.9


def _agreed_until(command: list[str]) -> dict[str, int]:
    """Ask the JDK for the changes of each zone: until when are they those of our database?"""
    changes = ask(command, [Question("changes", zone, FIRST, _FAR) for zone in ZONES])
    found = {}
    for zone, answer in zip(ZONES, changes, strict=True):
        assert answer.ticks is not None
        differing = set(answer.ticks) ^ set(wall_clock(zone).changes(FIRST, _FAR))
        found[zone] = min(differing, default=_FAR) - 2 * DAY
    return found


class _Comparison:
    def __init__(self, question: Question, agreed_until: int, findings: Counter[str]) -> None:
        self._question = question
        self._agreed_until = agreed_until
        self._findings = findings
        self._clock: WallClock = wall_clock(question.zone)
        read = _NAMED_STEP.sub(r"\1", question.text)
        if read != question.text:
            findings["expressions whose step after a name Quartz does not read"] += 1
        self._ticks: Ticks = cron_ticks(parse_quartz(read), question.zone)
        self._items = read.split()[3].split(",")

    def run(self, answered: tuple[int, ...]) -> None:
        """Compare from each tick of the oracle to its next."""
        theirs: list[int | None] = list(answered)
        if len(theirs) < self._question.wanted:
            theirs.append(None)
        start = self._question.start
        for their in theirs:
            our, lost = self._expected(start)
            if max(start, our or 0, their or 0) > self._agreed_until:
                self._findings[
                    "not compared: the JDK has other rules for the zone from then on, or it is after 2094"
                ] += 1
                return
            self._findings.update(lost)
            if our == their:
                self._findings["ticks that are the same"] += 1
            else:
                cause = self._cause(our, their)
                assert cause, f"{self._question} after {utc(start)}: ours {utc(our)}, Quartz {utc(their)}"
                self._findings[f"other ticks: {cause}"] += 1
            if their is None:
                return
            start = their

    def _expected(self, start: int) -> tuple[int | None, Counter[str]]:
        """Give our next tick that Quartz does not lose, and why it loses those before."""
        lost: Counter[str] = Counter()
        while (tick := self._ticks.after(start)) is not None:
            day = self._day(tick)
            if day.year > _LAST_YEAR:
                return None, lost
            cause = _lost(day, self._items)
            if not cause:
                break
            lost[f"days that Quartz loses: {cause}"] += 1
            start = self._last_instant(tick)
        return tick, lost

    def _day(self, tick: int) -> date:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=tick + self._clock.offset(tick))).date()

    def _last_instant(self, tick: int) -> int:
        """Give the last instant of the day of a tick."""
        wall = tick + self._clock.offset(tick)
        tomorrow = self._clock.instant(wall - wall % DAY + DAY)
        assert tomorrow is not None
        return tomorrow - 1

    def _cause(self, our: int | None, their: int | None) -> str:
        """Say why both differ, or nothing where there is no excuse: a list of L and W, or a clock change of these
        days."""
        if our is not None and (their is None or our < their) and (hidden := _hidden(self._day(our), self._items)):
            return hidden
        parted = min(tick for tick in (our, their) if tick is not None)
        for change in self._clock.changes(parted - 2 * DAY, parted + DAY):
            grows = self._clock.offset(change) > self._clock.offset(change - 1)
            if grows:
                return "a time in a gap is lost, and what follows it on that day or the next"
            return "of a fold it takes the second pass, and leaves the first"
        return ""


class _Item(NamedTuple):
    """An item of the field day of month, in one month: the day that it names, the one it selects, and Quartz's reading.

    Quartz counts `L` back from the 31st of every month. `read` is the day that Quartz computes, by its own rule for W.
    `is_found` is true if Quartz reaches that day: from then on it must find the item again.
    """

    is_plain: bool
    selected: int
    counted: int
    read: int
    is_found: bool


def _item(text: str, day: date) -> _Item | None:
    form = _PLACED.fullmatch(text)
    length = monthrange(day.year, day.month)[1]
    if form is None:
        return None
    near = form["near"] is not None
    if form["day"] is not None:
        named = counted = int(form["day"])
        if named > length:
            return None
        read = _nearest(day, counted) if near else counted
        return _Item(not near, _nearest(day, named) if near else named, counted, read, read <= counted)
    back = int(form["back"] or 0)
    named, counted = length - back, 31 - back
    read = _nearest(day, counted) if near else counted
    selected = _nearest(day, named) if near and named > 0 else named
    return _Item(False, selected, counted, read, back <= length - read)


def _nearest(month: date, number: int) -> int:
    """Give the day from Monday to Friday nearest to a day of a month; one beyond its end is a day of the next one."""
    weekday = (month.replace(day=1) + timedelta(days=number - 1)).weekday()
    if weekday == 5:
        return number - 1 if number > 1 else number + 2
    if weekday == 6:
        return number - 2 if number == monthrange(month.year, month.month)[1] else number + 1
    return number


def _lost(day: date, texts: list[str]) -> str:
    """Say why Quartz loses a day that ours selects; nothing where it does not."""
    items = [found for text in texts if (found := _item(text, day)) is not None]
    selecting = [found for found in items if found.selected == day.day]
    if not selecting or any(found.is_plain or (found.is_found and found.read == day.day) for found in selecting):
        return ""
    if all(found.read == found.selected for found in selecting):
        return "a W that moves forward"
    return "an L in a month that is shorter than 31 days"


def _hidden(day: date, texts: list[str]) -> str:
    """Say why Quartz may pass by a day because of another item of the same list."""
    items = [found for text in texts if (found := _item(text, day)) is not None]
    if any(found.read < found.counted and found.read < day.day for found in items):
        return "after a W that moved back it passes by the W after it"
    before = day.replace(day=1) - timedelta(days=1)
    rolled = [found.read - before.day for text in texts if (found := _item(text, before)) is not None]
    if any(day.day < number for number in rolled):
        return "an L of a short month runs over into the next one, past its first days"
    return ""
