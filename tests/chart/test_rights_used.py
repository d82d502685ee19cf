"""The chart's rights against what an API server has seen in a run of all cluster tests: none is missing, none is idle.

AUDIT_LOG names its audit logs, with colons between them. Neighbour: `tests/cluster/account.py` gives the operator these
rights.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from tests.chart.helm import render
from tests.cluster.account import NAMESPACE, USER

UNUSED: Final = {
    "processruns/status update": "required by the admission policy of users who create other runs than manual ones",
    "processrequests/finalizers update": "asked of an owner by OwnerReferencesPermissionEnforcement, which is off here",
    "processruns/finalizers update": "the same",
    "cronjobs/finalizers update": "the same",
}
RARE: Final = {
    "processruns get": "used if a claim was made before a crash, or by another operator",
    "processes get": "used if its status was written by others since it was seen",
    "processbackfills get": "the same",
    "cronjobs get": "used if it was created before a crash, or a claim met another's change",
}
"""Rights that only a race uses: some runs of the tests use them, and some do not."""


class Right(NamedTuple):
    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.resource} {self.verb}"


def granted() -> set[Right]:
    roles = [*render(namespace=NAMESPACE).of("ClusterRole"), *render(namespace=NAMESPACE).of("Role")]
    return {
        Right(group, resource, verb)
        for role in roles
        if not is_for_people(role)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def is_for_people(role: dict[str, Any]) -> bool:
    labels, annotations = role["metadata"].get("labels") or {}, role["metadata"].get("annotations") or {}
    return "helm.sh/hook" in annotations or any("aggregate-to" in label for label in labels)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    found = []
    for log in os.environ["AUDIT_LOG"].split(":"):
        with Path(log).open("rb") as lines:
            found += [json.loads(line) for line in lines if USER.encode() in line]
    return [event for event in found if event["user"]["username"] == USER and "objectRef" in event]


def right_of(event: dict[str, Any]) -> Right:
    about = event["objectRef"]
    resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
    return Right(about.get("apiGroup", ""), resource, event["verb"])


def test_nothing_was_forbidden_to_the_operator(events: list[dict[str, Any]]) -> None:
    decisions = [event for event in events if event["annotations"].get("authorization.k8s.io/decision") == "forbid"]
    assert {str(right_of(event)) for event in decisions} == set()


def test_every_right_was_used(events: list[dict[str, Any]]) -> None:
    used = {right_of(event) for event in events}
    idle = {str(right) for right in granted() - used}
    assert idle - set(RARE) == set(UNUSED)


def test_no_secret_was_asked_for(events: list[dict[str, Any]]) -> None:
    assert "secrets" not in {event["objectRef"]["resource"] for event in events}
