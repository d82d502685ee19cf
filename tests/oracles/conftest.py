"""The oracles, each built and asked once for many expressions, and what was found at the end of the test run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.oracles.oracle import command_of


@pytest.fixture(scope="session")
def robfig() -> list[str]:
    """The command of the oracle for 5 fields."""
    return command_of("robfig")


@pytest.fixture(scope="session")
def quartz() -> list[str]:
    """The command of the oracle for 6 and 7 fields."""
    return command_of("quartz")


@pytest.fixture(scope="session")
def httpproxy() -> list[str]:
    """The command of the oracle for the proxy of the environment."""
    return command_of("httpproxy")


@pytest.fixture(scope="session")
def kstatus() -> list[str]:
    """The command of the oracle for the status of objects."""
    return command_of("kstatus")


@pytest.fixture(scope="session")
def recurring_ical_events() -> list[str]:
    """The command of the oracle for calendars."""
    return command_of("recurring_ical_events")


@pytest.fixture
def findings(record_property: Any) -> Any:
    """A counter whose content is printed when all tests are over, whichever process ran the test."""
    counted: Counter[str] = Counter()
    yield counted
    record_property("findings", dict(counted))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, counted in getattr(report, "user_properties", ()):
                if name == "findings" and report.when == "teardown":
                    terminalreporter.section(report.nodeid)
                    for what, number in sorted(counted.items(), key=lambda item: -item[1]):
                        terminalreporter.write_line(f"{number:8} {what}")
