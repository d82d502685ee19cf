"""Every scenario without trouble: its expected objects at the end, and the invariants."""

from __future__ import annotations

from tests.flow.scenario import Scenario, for_each, writes_of
from tests.flow.scenarios_ahead import AHEAD
from tests.flow.scenarios_backfill import BACKFILLS
from tests.flow.scenarios_blocked import BLOCKED
from tests.flow.scenarios_calendar import CALENDARS
from tests.flow.scenarios_canceled import CANCELED_RUNS
from tests.flow.scenarios_catch_up import CATCH_UP
from tests.flow.scenarios_cronjob import CRONJOBS
from tests.flow.scenarios_later import LATER_RUNS
from tests.flow.scenarios_long_texts import LONG_TEXTS
from tests.flow.scenarios_manual import MANUAL
from tests.flow.scenarios_notify import NOTIFY
from tests.flow.scenarios_obstacles import OBSTACLES
from tests.flow.scenarios_once import ONCE
from tests.flow.scenarios_orphans import ORPHANS
from tests.flow.scenarios_ownership import OWNERSHIP
from tests.flow.scenarios_parameters import PARAMETERS
from tests.flow.scenarios_process import PROCESSES
from tests.flow.scenarios_schedule import SCHEDULES
from tests.flow.scenarios_shared import SHARED
from tests.flow.scenarios_steps import STEPS
from tests.flow.scenarios_stuck import STUCK
from tests.flow.scenarios_suspend import SUSPENSIONS
from tests.flow.scenarios_takeover import TAKEOVERS

SCENARIOS = [
    *ONCE.all,
    *LATER_RUNS.all,
    *CANCELED_RUNS.all,
    *MANUAL.all,
    *OBSTACLES.all,
    *OWNERSHIP.all,
    *SCHEDULES.all,
    *AHEAD.all,
    *CATCH_UP.all,
    *BACKFILLS.all,
    *CALENDARS.all,
    *CRONJOBS.all,
    *TAKEOVERS.all,
    *STEPS.all,
    *PARAMETERS.all,
    *LONG_TEXTS.all,
    *SUSPENSIONS.all,
    *NOTIFY.all,
    *PROCESSES.all,
    *SHARED.all,
    *BLOCKED.all,
    *STUCK.all,
    *ORPHANS.all,
]


@for_each(SCENARIOS)
def test_scenario(scenario: Scenario) -> None:
    writes_of(scenario)  # which plays it, once for all tests of it
