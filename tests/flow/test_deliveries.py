"""Every scenario with watch events that come twice, in the wrong order or not at all, and with two operators at once."""

from __future__ import annotations

import pytest
from tests.flow.scenario import Scenario, Trouble, play
from tests.flow.test_scenarios import SCENARIOS

EACH = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)


@EACH
def test_events_that_come_twice(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="twice"))


@EACH
def test_events_that_overtake_the_answers(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="early"))


@EACH
def test_events_in_the_wrong_order(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="mixed"))


@EACH
def test_events_that_are_lost_and_a_resync_now_and_then(scenario: Scenario) -> None:
    play(scenario, Trouble(delivery="lost", resync_every=4))


@EACH
def test_two_operators_at_once(scenario: Scenario) -> None:
    play(scenario, Trouble(operators=2))
