"""Assertions in the modules beside the tests are shown with their values, as those of tests are."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "tests.flow.invariants",
    "tests.flow.scenario",
    "tests.flow.driver",
    "tests.flow.scenarios_blocked",
    "tests.flow.scenarios_calendar",
    "tests.flow.scenarios_once",
    "tests.flow.scenarios_ownership",
    "tests.flow.scenarios_schedule",
    "tests.flow.scenarios_cronjob",
    "tests.flow.scenarios_steps",
    "tests.flow.scenarios_stuck",
    "tests.flow.scenarios_notify",
    "tests.flow.scenarios_process",
    "tests.flow.scenarios_shared",
)
