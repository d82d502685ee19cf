"""Every scenario again and again, with the operator dying at each of its writes: before it, and right after it.

What heals at once must leave the same runs as an undisturbed play. Where another operator is there only after half a
minute the runs may differ (ticks are missed), and everything else must hold all the same.

With FLOW_THOROUGH=1 that is tried at every write, which takes the better part of an hour. By default a scenario meets a
crash after one write of each kind that is in it, and at one write one of the other troubles; which ones is drawn by its
name.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from tests.flow.memory_api import CrashPoint, Moment
from tests.flow.scenario import THOROUGH, Scenario, Trouble, is_drawn, play, writes_of
from tests.flow.test_scenarios import SCENARIOS

WORDS: dict[Moment, str] = {
    "before": "crash before",
    "after": "crash after",
    "failed": "the server fails at",
    "unanswered": "no answer to",
}
Test = Callable[[Scenario, CrashPoint], None]
OTHERS: Final = (
    "test_crash_before_a_write",
    "test_crash_that_lasts_half_a_minute",
    "test_write_that_fails_or_is_not_answered",
)


def _writes(scenario: Scenario) -> list[tuple[int, str]]:
    """The writes at which a crash may be tried, by number; the first alone where the scenario cannot be played."""
    try:
        writes = writes_of(scenario)
    except Exception as error:  # noqa: BLE001 - test_scenarios.py shows what is wrong with it
        return [(1, f"cannot be played: {type(error).__name__}")]
    first, last = scenario.writes
    return [(number, write) for number, write in enumerate(writes, 1) if first <= number <= last]


def _one_of_each_kind(writes: list[tuple[int, str]], random: Random) -> list[tuple[int, str]]:
    kinds = sorted({write for _, write in writes})
    return sorted(random.choice([found for found in writes if found[1] == kind]) for kind in kinds)


def _drawn(test: str, scenario: Scenario, moments: tuple[Moment, ...]) -> tuple[list[tuple[int, str]], list[Moment]]:
    """The writes of a scenario at which a test is tried, and when."""
    writes, random = _writes(scenario), Random(f"{scenario.title}: {test}")
    if THOROUGH:
        return writes, list(moments)
    if test not in OTHERS:
        return _one_of_each_kind(writes, random), list(moments)
    if not is_drawn(scenario, test, OTHERS, number=1):
        return [], []
    return random.sample(writes, min(1, len(writes))), [random.choice(moments)]


def at_writes(*moments: Moment) -> Callable[[Test], Test]:
    """Parametrize a test with crashes of every scenario at these moments."""

    def parametrize(test: Test) -> Test:
        params = []
        for scenario in SCENARIOS:
            writes, tried = _drawn(test.__name__, scenario, moments)
            for number, write in writes:
                for moment in tried:
                    title = f"{scenario.title}, {WORDS[moment]} write {number} ({write})"
                    params.append(pytest.param(scenario, CrashPoint(number, moment), id=title))
        return pytest.mark.parametrize(("scenario", "crash"), params)(test)

    return parametrize


@at_writes("after")
def test_crash_after_a_write(scenario: Scenario, crash: CrashPoint) -> None:
    assert play(scenario, Trouble(crash=crash)).crashes == 1


@at_writes("before")
def test_crash_before_a_write(scenario: Scenario, crash: CrashPoint) -> None:
    assert play(scenario, Trouble(crash=crash)).crashes == 1


@at_writes("after")
def test_crash_that_lasts_half_a_minute(scenario: Scenario, crash: CrashPoint) -> None:
    play(scenario, Trouble(crash=crash, away=30))


@at_writes("failed", "unanswered")
def test_write_that_fails_or_is_not_answered(scenario: Scenario, crash: CrashPoint) -> None:
    play(scenario, Trouble(crash=crash))
