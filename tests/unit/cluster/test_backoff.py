"""Exponential backoff: the first pause, its growth, its bound and its random part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from process_operator.cluster.backoff import MAX_RETRY_AFTER_SECONDS, backoff, jittered
from process_operator.cluster.errors import TooManyRequests


@dataclass(frozen=True)
class Pause:
    """Failures in a row, and the seconds until the next try."""

    id: str
    failures: int
    pause: float
    least: float = 0.5
    chance: float = 1.0


PAUSES: Final = [
    Pause("the whole first pause", failures=1, least=0.0, pause=2.0),
    Pause("nothing of it", failures=1, least=0.0, chance=0.0, pause=0.0),
    Pause("at least half of it", failures=1, chance=0.0, pause=1.0),
    Pause("doubled with each failure", failures=3, pause=8.0),
    Pause("a part between half and all", failures=3, chance=0.5, pause=6.0),
    Pause("no longer than the longest", failures=10, pause=60.0),
    Pause("any number of failures", failures=5000, pause=60.0),
]


@pytest.mark.parametrize("case", PAUSES, ids=lambda case: case.id)
def test_a_pause(case: Pause) -> None:
    assert jittered(case.failures, first=2, longest=60, least=case.least, chance=lambda: case.chance) == case.pause


@pytest.mark.parametrize(("asked", "added"), [(None, 0.0), (7.0, 7.0), (86_400.0, MAX_RETRY_AFTER_SECONDS)])
def test_the_servers_retry_after_is_added(asked: float | None, added: float) -> None:
    error = TooManyRequests("busy", status=429, reason="TooManyRequests", retry_after=asked)
    assert backoff(1, error, first=2, longest=60, chance=lambda: 0.0) == 1 + added
