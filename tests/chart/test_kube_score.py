"""Rules of kube-score for workloads, over the rendered chart. Each rule that the chart does not follow has its reason here.

A finding without a reason fails, and so does a reason without a finding. https://github.com/zegl/kube-score
"""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final, NamedTuple

import pytest
import yaml
from tests.builders.objects import Object
from tests.chart.helm import program, render
from tests.chart.test_render import EVERYTHING

_GOOD: Final = 10
"""The grade of an object that follows a rule."""
OPTIONAL: Final = ("container-seccomp-profile", "container-ports-check")
"""Rules that kube-score checks only on request."""
MONITOR: Final = {"monitor": {"enabled": True, "publicURL": "https://runs.example"}}
VALUES: Final[dict[str, Object]] = {"defaults": {}, "everything": {**EVERYTHING, **MONITOR}}

OPERATOR, MONITORS, TEST = "operator", "monitor", "test"
ALL: Final = frozenset({OPERATOR, MONITORS, TEST})


class Departure(NamedTuple):
    """A rule that some pods do not follow under some values."""

    rule: str
    pods: frozenset[str]
    values: frozenset[str]
    reason: str


EVERY: Final = frozenset(VALUES)
DEPARTURES: Final = (
    Departure(
        "container-resources",
        ALL,
        EVERY,
        "No CPU limit: its throttling delays due ticks, and the request already bounds what others lose.",
    ),
    Departure(
        "container-ephemeral-storage-request-and-limit",
        ALL,
        EVERY,
        "The root file system is read-only and there is no emptyDir. A limit could only evict the pod for its own log.",
    ),
    Departure(
        "container-image-pull-policy",
        ALL,
        EVERY,
        "Tags of releases do not move, and image.digest pins more. With Always a restart depends on the registry.",
    ),
    Departure("pod-probes", frozenset({TEST}), EVERY, "The pod of `helm test` runs once and serves nothing."),
    Departure(
        "pod-networkpolicy",
        frozenset({OPERATOR, TEST}),
        frozenset({"defaults"}),
        "networkPolicy.enabled is off by default: the address of the API server differs between clusters.",
    ),
    Departure(
        "deployment-replicas",
        frozenset({OPERATOR}),
        frozenset({"defaults"}),
        "One operator is the default: after a node failure a new pod continues where the old one stopped.",
    ),
    Departure(
        "deployment-replicas",
        frozenset({MONITORS}),
        frozenset({"everything"}),
        "One monitor is its default: it has no state, and no run depends on it.",
    ),
    Departure(
        "deployment-has-host-podantiaffinity",
        frozenset({OPERATOR}),
        frozenset({"everything"}),
        "topologySpreadConstraints spread the replicas over the nodes.",
    ),
    Departure(
        "pod-probes-identical",
        frozenset({MONITORS}),
        frozenset({"everything"}),
        "The monitor depends on no start-up work: it can answer, or it is broken.",
    ),
)


def _pod_of(name: str) -> str:
    return {"process-operator-monitor": MONITORS, "process-operator-test": TEST}.get(name, OPERATOR)


def _findings(values: Object) -> set[tuple[str, str]]:
    """The rules that pods do not follow, each with the pod."""
    options = [option for rule in OPTIONAL for option in ("--enable-optional-test", rule)]
    command = (program("kube-score"), "score", "--output-format", "json", *options, "-")
    manifests = yaml.safe_dump_all(render(values).manifests)
    answer = subprocess.run(command, input=manifests, capture_output=True, text=True, check=False)
    objects: list[dict[str, Any]] = json.loads(answer.stdout)
    assert len(objects) > 1, answer.stderr
    return {
        (check["check"]["id"], _pod_of(found["object_meta"]["name"]))
        for found in objects
        for check in found["checks"]
        if not check["skipped"] and check["grade"] < _GOOD
    }


@pytest.mark.parametrize("name", VALUES)
def test_each_rule_is_followed_or_has_a_reason(name: str) -> None:
    pods = {OPERATOR, TEST} | ({MONITORS} if "monitor" in VALUES[name] else set())
    allowed = {
        (departure.rule, pod) for departure in DEPARTURES if name in departure.values for pod in departure.pods & pods
    }
    assert _findings(VALUES[name]) == allowed


def test_a_pod_that_follows_no_rule_is_found() -> None:
    found = _findings({"containerSecurityContext": {"readOnlyRootFilesystem": False}})
    assert ("container-security-context-readonlyrootfilesystem", OPERATOR) in found
