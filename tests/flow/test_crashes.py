"""Every scenario again and again, with the operator dying at each of its writes: before it, and right after it.

What heals at once must leave the same runs as an undisturbed play. Where another operator is there only after half a
minute the runs may differ (ticks are missed), and everything else must hold all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.flow.memory_api import CrashPoint
from tests.flow.scenario import Scenario, Trouble, play, writes_of
from tests.flow.test_scenarios import SCENARIOS


def _crashes(scenario: Scenario) -> Iterator[tuple[str, CrashPoint]]:
    try:
        writes = writes_of(scenario)
    except Exception as error:  # noqa: BLE001 - test_scenarios.py shows what is wrong with it
        yield f"{scenario.title}, cannot be played: {type(error).__name__}", CrashPoint(1, "before")
        return
    first, last = scenario.writes
    for number, write in enumerate(writes, 1):
        if first <= number <= last:
            yield f"{scenario.title}, crash before write {number} ({write})", CrashPoint(number, "before")
            yield f"{scenario.title}, crash after write {number} ({write})", CrashPoint(number, "after")


CRASHES = [
    pytest.param(scenario, crash, id=title) for scenario in SCENARIOS for title, crash in _crashes(scenario)
]


@pytest.mark.parametrize(("scenario", "crash"), CRASHES)
def test_crash_that_heals_at_once(scenario: Scenario, crash: CrashPoint) -> None:
    flow = play(scenario, Trouble(crash=crash))
    assert flow.crashes == 1


# A crash before a write is one after the write before it, once all that was in memory is lost.
@pytest.mark.parametrize(("scenario", "crash"), CRASHES[1::2])
def test_crash_that_lasts_half_a_minute(scenario: Scenario, crash: CrashPoint) -> None:
    play(scenario, Trouble(crash=crash, away=30))
