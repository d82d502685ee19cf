"""Process: the policy that applies if the request and its Process both have one."""

from __future__ import annotations

import pytest

from process_operator.resources.process import ConcurrencyPolicy, SharedPolicy, stricter

ALLOW, FORBID, REPLACE, QUEUE = (
    ConcurrencyPolicy.ALLOW,
    ConcurrencyPolicy.FORBID,
    ConcurrencyPolicy.REPLACE,
    ConcurrencyPolicy.QUEUE,
)


@pytest.mark.parametrize(
    ("request_policy", "process_policy", "holds"),
    [
        pytest.param(ALLOW, ALLOW, ALLOW, id="Allow where both allow"),
        pytest.param(REPLACE, ALLOW, REPLACE, id="Replace is stricter than Allow"),
        pytest.param(REPLACE, QUEUE, QUEUE, id="Queue is stricter than Replace"),
        pytest.param(QUEUE, FORBID, FORBID, id="Forbid is stricter than Queue"),
        pytest.param(FORBID, ALLOW, FORBID, id="the request may be the stricter one"),
    ],
)
def test_the_stricter_policy_holds(
    request_policy: ConcurrencyPolicy, process_policy: SharedPolicy, holds: ConcurrencyPolicy
) -> None:
    assert stricter(request_policy, process_policy) == holds
