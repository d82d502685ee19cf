"""Scenarios: their form, and their play, without trouble and with each failure of an operator.

`scenarios_*.py` have the scenarios; the tests beside them play them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
import structlog
from tests.flow.driver import BEGIN, Flow
from tests.flow.invariants import check_alone, check_rest, check_runs, check_ticks
from tests.flow.memory_api import CrashPoint
from tests.flow.operator_process import Delivery

THOROUGH = bool(os.environ.get("FLOW_THOROUGH"))
"""Whether all failures are tried; else a sample that the names of scenarios draw, the same each time."""

Play = Callable[[Flow], Awaitable[None]]
Due = Callable[[], Sequence[datetime]]


@dataclass(frozen=True)
class Scenario:
    """Steps, and the expected objects at their end."""

    title: str
    play: Play
    ends: tuple[str, ...] | None
    """`Phase/Reason` of all runs that ever were, by their ticks; None: only the invariants are checked."""
    due: Due | None = None
    """All ticks that came due, if that does not follow from the request as it is in the end."""
    remade: frozenset[str] = frozenset()
    """Runs whose Job is made more than once, because it is edited before it starts."""
    rest: float = 75
    """Seconds after which nothing is left to write."""
    loses: frozenset[str] = frozenset()
    """Results that a crash may change: `ends` (the phases), `ticks` (that each is recorded). The scenario says why."""
    writes: tuple[int, int] = (1, 10_000)
    """First and last write after which a crash is tried."""
    looks_ahead: bool = False
    """Whether its ticks are claimed before they are due, as those of a burst are."""
    alone: frozenset[str] = frozenset()
    """Processes of which no two runs ever work at the same time."""


@dataclass
class Collection:
    """The scenarios of a module, in order."""

    all: list[Scenario] = field(default_factory=list)
    alone: frozenset[str] = frozenset()
    """Default of its scenarios, if they do not say otherwise."""

    def scenario(self, title: str, *, ends: Sequence[str] | None = None, **options: object) -> Callable[[Play], Play]:
        """Add a scenario; arguments as in `Scenario`."""

        def add(play: Play) -> Play:
            settings: dict[str, Any] = {"alone": self.alone, **options}
            self.all.append(Scenario(title, play, None if ends is None else tuple(ends), **settings))
            return play

        return add


@dataclass(frozen=True)
class Trouble:
    """Faults while a scenario is played."""

    crash: CrashPoint | None = None
    away: int = 0
    """Seconds until another operator is there after the crash."""
    operators: int = 1
    workers: int = 1
    """Requests that an operator works on at the same moment."""
    delivery: Delivery = "prompt"
    resync_every: int = 0
    looks_ahead: bool = False
    """Ticks are claimed before they are due, as those of a burst are: that must change nothing."""

    @property
    def is_late(self) -> bool:
        """Whether things happen later than they would without it, so that other ticks may start or be missed."""
        return bool(self.away or self.resync_every) or (
            self.crash is not None and self.crash.moment in ("failed", "unanswered")
        )


NO_TROUBLE = Trouble()


def play(scenario: Scenario, trouble: Trouble = NO_TROUBLE) -> Flow:
    """Play a scenario to its end and check everything that must hold."""
    with structlog.testing.capture_logs():
        return asyncio.run(_play(scenario, trouble))


async def _play(scenario: Scenario, trouble: Trouble) -> Flow:
    flow = Flow(
        crash_at=trouble.crash,
        away=timedelta(seconds=trouble.away),
        operators=trouble.operators,
        workers=trouble.workers,
        delivery=trouble.delivery,
        resync_every=timedelta(seconds=trouble.resync_every),
        looks_ahead=trouble.looks_ahead or scenario.looks_ahead,
        is_late=trouble.is_late or trouble.operators > 1,
    )
    await flow.start()
    await scenario.play(flow)
    await check_rest(flow, scenario.rest)
    check_runs(flow, remade=scenario.remade)
    if trouble.operators == 1:
        check_alone(flow, scenario.alone)
    # Which ticks are due is known in advance only if each activation begins when it would without trouble.
    gaps = scenario.due is None or not trouble.is_late
    for name in flow.schedules():
        if trouble.crash is None or "ticks" not in scenario.loses:
            check_ticks(flow, flow.request(name), due=scenario.due() if scenario.due is not None else None, gaps=gaps)
    if scenario.ends is not None and _keeps_phases(scenario, trouble):
        found = [phase for name in flow.requests_seen() for phase in flow.phases(name, pruned=True)]
        assert found == list(scenario.ends)
    return flow


def _keeps_phases(scenario: Scenario, trouble: Trouble) -> bool:
    """Check the ends. A crash that is healed at once changes nothing; a delay may let ticks be missed."""
    return not trouble.is_late and (trouble.crash is None or "ends" not in scenario.loses)


def is_drawn(scenario: Scenario, test: str, tests: Sequence[str], *, number: int) -> bool:
    """Whether a test is one of the `number` that are drawn for a scenario out of `tests`."""
    return THOROUGH or test in Random(scenario.title).sample(tests, number)


def for_each(scenarios: Sequence[Scenario]) -> pytest.MarkDecorator:
    """Parametrize a test with scenarios.

    With `--dist loadgroup` one process has all tests of a scenario: so it plays that once without trouble, for all.
    """
    params = [pytest.param(one, id=one.title, marks=pytest.mark.xdist_group(one.title)) for one in scenarios]
    return pytest.mark.parametrize("scenario", params)


def writes_of(scenario: Scenario) -> tuple[str, ...]:
    """The writes of a scenario that meets no trouble, in order."""
    return _undisturbed(scenario)[0]


def seconds_of(scenario: Scenario) -> int:
    """Seconds that a scenario without trouble lasts, on its own clock."""
    return _undisturbed(scenario)[1]


@cache
def _undisturbed(scenario: Scenario) -> tuple[tuple[str, ...], int]:
    flow = play(scenario)
    seconds = (flow.clock() - BEGIN) // timedelta(seconds=1)
    return tuple(str(write) for write in flow.cluster.writes), seconds
