"""A process with steps while the operator is killed again and again: each step runs once, in order, and is recorded."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.cluster.manifests import immediately, process, request
from tests.cluster.workspace import instant, name_of, now

if TYPE_CHECKING:
    from tests.cluster.operator_process import OperatorProcess
    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

STEPS = [f"step-{number}" for number in range(1, 6)]
KILLS = 6


def test_killed_in_the_middle_again_and_again(space: Workspace, operator: OperatorProcess) -> None:
    chosen = random.Random(20)
    space.apply(process("work", "sleep 1; echo $PROCESS_RUN"))
    listed = [{"name": step, "process": {"name": "work"}} for step in STEPS]
    space.apply(process("group", jobTemplate=None, steps=listed))
    space.apply(request("nightly", immediately(), process={"name": "group"}))
    space.wait_first_runs("nightly")
    for _ in range(KILLS):
        space.wait_until(now() + timedelta(seconds=chosen.uniform(0, 2)))
        operator.kill()
        operator.start()
    space.wait_phase("nightly", "Succeeded")
    runs = space.runs("nightly")
    (parent,) = (run for run in runs if "parent" not in run["spec"])
    children = {run["spec"]["parent"]["step"]: run for run in runs if "parent" in run["spec"]}
    assert len(runs) == len(STEPS) + 1
    assert [run["status"]["phase"] for run in runs] == ["Succeeded"] * len(runs)
    assert sorted(map(name_of, space.jobs("nightly"))) == sorted(map(name_of, children.values()))
    assert len(space.pods("nightly")) == len(STEPS)
    assert {step: child["status"]["log"]["text"] for step, child in children.items()} == {
        step: name_of(child) for step, child in children.items()
    }
    recorded = parent["status"]["steps"]
    assert [(step["name"], step["run"], step["phase"]) for step in recorded] == [
        (step, name_of(children[step]), "Succeeded") for step in STEPS
    ]
    ends = [instant(step["endTime"]) for step in recorded]
    starts = [instant(step["startTime"]) for step in recorded]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))
