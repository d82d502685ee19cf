"""Every scenario again and again, with the operator dying at each of its writes: before it, and right after it.

What heals at once must leave the same runs as an undisturbed play. Where another operator is there only after half a
minute the runs may differ (ticks are missed), and everything else must hold all the same. A crash before a write differs
from one after the write before it only by what was read in between, so of these, as of the other variants, a part is
tried; all are with FLOW_THOROUGH=1.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from tests.flow.memory_api import CrashPoint, Moment
from tests.flow.scenario import Scenario, Trouble, play, writes_of
from tests.flow.test_scenarios import SCENARIOS

WORDS: dict[Moment, str] = {
    "before": "crash before",
    "after": "crash after",
    "failed": "the server fails at",
    "unanswered": "no answer to",
}
Test = Callable[[Scenario, CrashPoint], None]


def _crashes(scenario: Scenario) -> Iterator[tuple[str, CrashPoint]]:
    try:
        writes = writes_of(scenario)
    except Exception as error:  # noqa: BLE001 - test_scenarios.py shows what is wrong with it
        yield f"{scenario.title}, cannot be played: {type(error).__name__}", CrashPoint(1, "after")
        return
    first, last = scenario.writes
    for number, write in enumerate(writes, 1):
        if first <= number <= last:
            for moment, words in WORDS.items():
                yield f"{scenario.title}, {words} write {number} ({write})", CrashPoint(number, moment)


ALL = [(title, scenario, crash) for scenario in SCENARIOS for title, crash in _crashes(scenario)]


def at_each_write(*moments: Moment, one_in: int = 1) -> Callable[[Test], Test]:
    """Parametrize a test with crashes; of `one_in` that many the first only, spread over all scenarios."""
    step = 1 if os.environ.get("FLOW_THOROUGH") else one_in
    chosen = [found for found in ALL if found[2].moment in moments][::step]
    params = [pytest.param(scenario, crash, id=title) for title, scenario, crash in chosen]
    return pytest.mark.parametrize(("scenario", "crash"), params)


@at_each_write("after")
def test_crash_after_a_write(scenario: Scenario, crash: CrashPoint) -> None:
    assert play(scenario, Trouble(crash=crash)).crashes == 1


@at_each_write("before", one_in=5)
def test_crash_before_a_write(scenario: Scenario, crash: CrashPoint) -> None:
    assert play(scenario, Trouble(crash=crash)).crashes == 1


@at_each_write("after", one_in=3)
def test_crash_that_lasts_half_a_minute(scenario: Scenario, crash: CrashPoint) -> None:
    play(scenario, Trouble(crash=crash, away=30))


@at_each_write("failed", "unanswered", one_in=7)
def test_write_that_fails_or_is_not_answered(scenario: Scenario, crash: CrashPoint) -> None:
    play(scenario, Trouble(crash=crash))
