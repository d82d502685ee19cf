"""Scenarios with watch events that come twice, in the wrong order or not at all, and with two operators at once.

Several workers process one request each, and ticks are claimed before they are due.

With FLOW_THOROUGH=1 each scenario meets all of that, else two of the seven that are drawn by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.flow.scenario import Scenario, Trouble, for_each, is_drawn, play, seconds_of
from tests.flow.test_scenarios import SCENARIOS

Test = Callable[[Scenario], None]
TESTS: Final = (
    "test_events_that_come_twice",
    "test_events_that_overtake_the_answers",
    "test_events_in_the_wrong_order",
    "test_events_that_are_lost_and_a_resync_now_and_then",
    "test_several_workers",
    "test_two_operators_at_once",
    "test_claims_ahead_of_the_ticks",
)


def scenarios(test: Test) -> Test:
    """Parametrize a test with the scenarios for which it is drawn."""
    assert test.__name__ in TESTS
    return for_each([scenario for scenario in SCENARIOS if is_drawn(scenario, test.__name__, TESTS, number=2)])(test)


@scenarios
def test_events_that_come_twice(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="twice"))


@scenarios
def test_events_that_overtake_the_answers(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="early"))


@scenarios
def test_events_in_the_wrong_order(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="mixed"))


@scenarios
def test_events_that_are_lost_and_a_resync_now_and_then(scenario: Scenario) -> None:
    # In a scenario that lasts for days, a resync every few seconds would be most of the work.
    play(scenario, Trouble(delivery="lost", resync_every=max(4, seconds_of(scenario) // 300)))


@scenarios
def test_several_workers(scenario: Scenario) -> None:
    play(scenario, Trouble(workers=4))


@scenarios
def test_two_operators_at_once(scenario: Scenario) -> None:
    play(scenario, Trouble(operators=2))


@scenarios
def test_claims_ahead_of_the_ticks(scenario: Scenario) -> None:
    play(scenario, Trouble(looks_ahead=True))
