"""Crashes: every scenario is repeated with an operator that dies at one of its writes, before it or right after it.

A crash after which the operator is back at once must leave the same runs as an undisturbed scenario. If another
operator starts only after half a minute, runs may differ (ticks are missed), and all other rules must hold.

With FLOW_THOROUGH=1 a crash is tried at every write, which takes most of an hour. By default a scenario has a crash
after one write of every second kind of write, and one of the other faults at one write. Its name draws these writes. A
test plays its scenario once for each of them, and its failure names the write.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import pytest
from tests.flow.memory_api import CrashPoint, Moment
from tests.flow.scenario import THOROUGH, Scenario, Trouble, for_each, is_drawn, play, writes_of
from tests.flow.test_scenarios import SCENARIOS

WORDS: dict[Moment, str] = {
    "before": "crash before",
    "after": "crash after",
    "failed": "the server fails at",
    "unanswered": "no answer to",
}
Test = Callable[[Scenario], None]
OTHERS: Final = (
    "test_crash_before_a_write",
    "test_crash_that_lasts_half_a_minute",
    "test_write_that_fails_or_is_not_answered",
)
pytestmark = pytest.mark.timeout(0 if THOROUGH else 600)


def _writes(scenario: Scenario) -> list[tuple[int, str]]:
    """The writes at which a crash may be tried, by number."""
    first, last = scenario.writes
    return [(number, write) for number, write in enumerate(writes_of(scenario), 1) if first <= number <= last]


def _of_half_the_kinds(writes: list[tuple[int, str]], random: Random) -> list[tuple[int, str]]:
    kinds = sorted({write for _, write in writes})
    drawn = random.sample(kinds, -(-len(kinds) // 2))
    return sorted(random.choice([found for found in writes if found[1] == kind]) for kind in drawn)


def _drawn(test: str, scenario: Scenario, moments: tuple[Moment, ...]) -> tuple[list[tuple[int, str]], list[Moment]]:
    """The writes of a scenario at which a test is tried, and when."""
    writes, random = _writes(scenario), Random(f"{scenario.title}: {test}")
    if THOROUGH:
        return writes, list(moments)
    if test not in OTHERS:
        return _of_half_the_kinds(writes, random), list(moments)
    return random.sample(writes, min(1, len(writes))), [random.choice(moments)]


def play_at_writes(test: Test, scenario: Scenario, *moments: Moment, away: int = 0, dies: bool = False) -> None:
    """Play a scenario once for each crash that a test tries in it; an error names the crash."""
    writes, tried = _drawn(test.__name__, scenario, moments)
    for number, write in writes:
        for moment in tried:
            try:
                flow = play(scenario, Trouble(crash=CrashPoint(number, moment), away=away))
                assert not dies or flow.crashes == 1
            except Exception as error:
                error.add_note(f"{scenario.title}, {WORDS[moment]} write {number} ({write})")
                raise


def drawn_for(test: str) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS if is_drawn(scenario, test, OTHERS, number=1)]


@for_each(SCENARIOS)
def test_crash_after_a_write(scenario: Scenario) -> None:
    play_at_writes(test_crash_after_a_write, scenario, "after", dies=True)


@for_each(drawn_for("test_crash_before_a_write"))
def test_crash_before_a_write(scenario: Scenario) -> None:
    play_at_writes(test_crash_before_a_write, scenario, "before", dies=True)


@for_each(drawn_for("test_crash_that_lasts_half_a_minute"))
def test_crash_that_lasts_half_a_minute(scenario: Scenario) -> None:
    play_at_writes(test_crash_that_lasts_half_a_minute, scenario, "after", away=30)


@for_each(drawn_for("test_write_that_fails_or_is_not_answered"))
def test_write_that_fails_or_is_not_answered(scenario: Scenario) -> None:
    play_at_writes(test_write_that_fails_or_is_not_answered, scenario, "failed", "unanswered")


RESTARTED: Final = ("the corrected Process of a stuck run drops its parameter",)


@for_each([scenario for scenario in SCENARIOS if scenario.title in RESTARTED])
def test_a_run_outlives_the_deletion_of_its_job_that_is_not_answered(scenario: Scenario) -> None:
    deletions = [number for number, write in _writes(scenario) if write == "DELETE jobs"]
    ends = [play(scenario, Trouble(crash=CrashPoint(number, "unanswered"))).phases() for number in deletions]
    assert ends == [["Succeeded/Completed"]]
