"""Backfills that the API server itself rejects, and their changes. kubectl applies them, as a user does.

The rules stand beside the models in `process_operator/resources`; here a real API server reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cluster.spec_patches import AN_INSTANT, Patch, assert_kubectl_rejects, assert_names, manifest

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl


@pytest.mark.parametrize(
    ("patch", "field", "words"),
    [
        pytest.param({"request": None}, "spec.request", "Required value", id="no request"),
        pytest.param({"from": None}, "spec.from", "Required value", id="no beginning"),
        pytest.param({"to": None}, "spec.to", "Required value", id="no end"),
        pytest.param({"to": "2026-12-31T23:59:59Z"}, "spec.to", "to must not be before from", id="backwards"),
        pytest.param(
            {"from": "2027-01-01T01:00:00+02:00", "to": "2026-12-31T22:59:59Z"},
            "spec.to",
            "to must not be before from",
            id="backwards in another offset",
        ),
        pytest.param({"from": "2027-01-01"}, "spec.from", AN_INSTANT, id="a date alone"),
        pytest.param({"maxActiveRuns": 0}, "spec.maxActiveRuns", "greater than or equal to 1", id="no run at a time"),
        pytest.param(
            {"maxActiveRuns": 101}, "spec.maxActiveRuns", "less than or equal to 100", id="too many at a time"
        ),
        pytest.param({"cancel": "yes"}, "spec.cancel", "boolean", id="cancel in words"),
    ],
)
def test_a_backfill_is_rejected_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_kubectl_rejects(cluster, shared_namespace, manifest("ProcessBackfill", patch), field=field, words=words)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"to": "2027-02-28T23:59:59Z"}, id="the range"),
        pytest.param({"request": {"name": "another"}}, id="the request"),
    ],
)
def test_of_a_backfill_only_two_fields_change(cluster: Kubectl, shared_namespace: str, change: Patch) -> None:
    backfill = manifest("ProcessBackfill", {})
    name = backfill["metadata"]["name"]
    assert cluster.create(backfill, shared_namespace).ok
    for good in ({"maxActiveRuns": 5}, {"cancel": True}):
        answer = cluster.patch("pbf", name, shared_namespace, {"spec": good})
        assert answer.ok, answer.message
    answer = cluster.patch("pbf", name, shared_namespace, {"spec": change})
    assert not answer.ok
    assert_names(answer.message, "spec", "only maxActiveRuns and cancel can be changed")
    answer = cluster.patch("pbf", name, shared_namespace, {"spec": {"cancel": False}})
    assert not answer.ok
    assert_names(answer.message, "spec.cancel", "cancel cannot be changed back to false")
