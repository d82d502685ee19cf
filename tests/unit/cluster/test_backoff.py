"""Exponential backoff: the first pause, its growth, its bound and its random part."""

from __future__ import annotations

import pytest

from process_operator.cluster.backoff import MAX_RETRY_AFTER_SECONDS, backoff, jittered
from process_operator.cluster.errors import TooManyRequests


@pytest.mark.parametrize(
    ("failures", "least", "chance", "pause"),
    [
        pytest.param(1, 0.0, 1.0, 2.0, id="the whole first pause"),
        pytest.param(1, 0.0, 0.0, 0.0, id="nothing of it"),
        pytest.param(1, 0.5, 0.0, 1.0, id="at least half of it"),
        pytest.param(3, 0.5, 1.0, 8.0, id="doubled with each failure"),
        pytest.param(3, 0.5, 0.5, 6.0, id="a part between half and all"),
        pytest.param(10, 0.5, 1.0, 60.0, id="no longer than the longest"),
        pytest.param(5000, 0.5, 1.0, 60.0, id="any number of failures"),
    ],
)
def test_a_pause(failures: int, least: float, chance: float, pause: float) -> None:
    assert jittered(failures, first=2, longest=60, least=least, chance=lambda: chance) == pause


@pytest.mark.parametrize(("asked", "added"), [(None, 0.0), (7.0, 7.0), (86_400.0, MAX_RETRY_AFTER_SECONDS)])
def test_the_servers_retry_after_is_added(asked: float | None, added: float) -> None:
    error = TooManyRequests("busy", status=429, reason="TooManyRequests", retry_after=asked)
    assert backoff(1, error, first=2, longest=60, chance=lambda: 0.0) == 1 + added
