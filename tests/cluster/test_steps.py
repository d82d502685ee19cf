"""Processes with steps on a real node: in order, stopped by a failure or not, canceled and unscheduled in the middle.

All requests begin at once in one namespace; each test looks at its own. `test_steps_restart.py` kills the operator.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, immediately, process, request
from tests.cluster.workspace import instant, name_of

from process_operator.resources.names import LABEL_PARENT

if TYPE_CHECKING:
    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

GROUPS: dict[str, Any] = {
    "succeed": {"steps": ["one", "two", "three"]},
    "stop": {"steps": ["one", "broken", "three"]},
    "go-on": {"steps": ["one", "broken", "three"], "stopOnFailure": False},
    "canceled": {"steps": ["one", "held", "three"]},
    "step-canceled": {"steps": ["held", "three"]},
    "paused": {"steps": ["held", "three"], "request": {"onSuspend": "SuspendRunning"}},
    "unscheduled": {"steps": ["held", "three"], "request": {"onSuspend": "CancelRunning"}},
    "deleted": {"steps": ["held", "three"]},
}
SCRIPTS = {
    "one": "echo $LEDGER at $PROCESS_SCHEDULED_TIME",
    "two": "echo $PROCESS_RUN",
    "three": "echo three",
    "broken": "echo no such ledger; exit 3",
    "held": held(),
}


@pytest.fixture(scope="module", autouse=True)
def begun(shared_space: Workspace) -> None:
    """Apply the objects of all tests."""
    ledger = {"name": "LEDGER", "default": "main"}
    for name, script in SCRIPTS.items():
        shared_space.apply(process(name, script, parameters=[ledger] if name == "one" else []))
    for name, group in GROUPS.items():
        listed = [{"name": step, "process": {"name": step}} for step in group["steps"]]
        stop = {"stopOnFailure": group["stopOnFailure"]} if "stopOnFailure" in group else {}
        shared_space.apply(process(name, jobTemplate=None, steps=listed, **stop))
        shared_space.apply(request(name, immediately(), process={"name": name}, **group.get("request", {})))


def parent(space: Workspace, of: str, *phases: str) -> Object:
    """The run of a request, in one of these phases."""

    def look() -> Object | None:
        found = [run for run in space.runs(of) if "parent" not in run["spec"]]
        return found[0] if len(found) == 1 and found[0]["status"]["phase"] in phases else None

    run = space.wait(look, f"the run of {of} is {' or '.join(phases)}")
    assert run is not None
    return run


def children(space: Workspace, of: Object) -> dict[str, Object]:
    """The runs of the steps of a run, by step, as a person selects them."""
    found = space.cluster.objects("prun", space.namespace, fields=f"spec.parent.name={name_of(of)}")
    assert found == space.cluster.objects("prun", space.namespace, labels=f"{LABEL_PARENT}={name_of(of)}")
    return {run["spec"]["parent"]["step"]: run for run in found}


def at_work(space: Workspace, of: str, step: str) -> str:
    """Name of the run of a step, once its pod has begun."""

    def look() -> str:
        running = parent(space, of, "Pending", "Running")
        return next((name_of(run) for name, run in children(space, running).items() if name == step), "")

    name = space.wait(look, f"step {step} of {of} has a run")
    space.wait_log(name, "begun")
    return name


def phases(runs: dict[str, Object]) -> dict[str, tuple[str, str]]:
    """Phase and reason of each step."""
    return {step: (run["status"]["phase"], run["status"]["reason"]) for step, run in runs.items()}


def log_of(run: Object) -> list[str]:
    """The log of a parent, without the names of the runs."""
    return [line.partition(" (run ")[0] for line in run["status"]["log"]["text"].splitlines()]


DONE = ("Succeeded", "Completed")


def test_three_steps_run_in_order(shared_space: Workspace) -> None:
    run = parent(shared_space, "succeed", "Succeeded")
    made = children(shared_space, run)
    assert phases(made) == {"one": DONE, "two": DONE, "three": DONE}
    times = [(instant(s["startTime"]), instant(s["endTime"])) for s in run["status"]["steps"]]
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(times))
    assert (instant(run["status"]["startTime"]), instant(run["status"]["endTime"])) == (times[0][0], times[-1][1])
    scheduled = made["one"]["spec"]["scheduledTime"]
    assert made["one"]["status"]["log"]["text"] == f"main at {scheduled}"
    assert made["two"]["status"]["log"]["text"] == name_of(made["two"])
    lines = [line.rpartition("(run ")[2] for line in run["status"]["log"]["text"].splitlines()]
    assert lines == [f"{name_of(made[step])})" for step in ("one", "two", "three")]
    assert {child["metadata"]["ownerReferences"][0]["uid"] for child in made.values()} == {run["metadata"]["uid"]}
    status = shared_space.wait_phase("succeed", "Succeeded")
    assert (status["lastRun"]["name"], status["counts"]["succeeded"]) == (name_of(run), 1)


def test_a_failure_leaves_out_the_rest(shared_space: Workspace) -> None:
    run = parent(shared_space, "stop", "Failed")
    assert phases(children(shared_space, run)) == {"one": DONE, "broken": ("Failed", "ExitCode")}
    status = run["status"]
    assert (status["reason"], status["exitCode"]) == ("StepFailed", 3)
    assert status["message"] == 'step "broken": Failed (ExitCode: no such ledger)'
    assert log_of(run)[2] == "3/3 three: not run"


def test_a_failure_does_not_stop_the_rest(shared_space: Workspace) -> None:
    run = parent(shared_space, "go-on", "Failed")
    assert phases(children(shared_space, run)) == {"one": DONE, "broken": ("Failed", "ExitCode"), "three": DONE}
    assert run["status"]["reason"] == "StepFailed"
    assert log_of(run)[2].startswith("3/3 three: Succeeded")


def test_a_cancel_in_the_middle(shared_space: Workspace) -> None:
    step = at_work(shared_space, "canceled", "held")
    run = parent(shared_space, "canceled", "Running")
    shared_space.cancel(name_of(run))
    run = parent(shared_space, "canceled", "Canceled")
    assert phases(children(shared_space, run)) == {"one": DONE, "held": ("Canceled", "Canceled")}
    assert shared_space.run(step)["status"]["log"]["text"] == "begun\nlast words"
    assert log_of(run)[2] == "3/3 three: not run"


def test_a_step_that_is_canceled_has_failed(shared_space: Workspace) -> None:
    shared_space.cancel(at_work(shared_space, "step-canceled", "held"))
    run = parent(shared_space, "step-canceled", "Failed")
    assert phases(children(shared_space, run)) == {"held": ("Canceled", "Canceled")}
    assert run["status"]["message"] == 'step "held": Canceled (Canceled: spec.cancel was set)'


def test_unscheduled_and_resumed_in_the_middle(shared_space: Workspace) -> None:
    step = at_work(shared_space, "paused", "held")
    shared_space.edit("paused", suspend=True)
    shared_space.wait_reason(step, "Suspended")
    shared_space.wait(lambda: not shared_space.pods("paused"), "its pod is gone")
    run = parent(shared_space, "paused", "Pending")
    shared_space.wait_reason(name_of(run), "Suspended")
    shared_space.edit("paused", suspend=False)
    shared_space.release(step)
    run = parent(shared_space, "paused", "Succeeded")
    assert phases(children(shared_space, run)) == {"held": DONE, "three": DONE}


def test_unscheduled_and_canceled_in_the_middle(shared_space: Workspace) -> None:
    at_work(shared_space, "unscheduled", "held")
    shared_space.edit("unscheduled", suspend=True)
    run = parent(shared_space, "unscheduled", "Canceled")
    assert run["status"]["reason"] == "Unscheduled"
    assert phases(children(shared_space, run)) == {"held": ("Canceled", "Unscheduled")}


def test_deleted_in_the_middle(shared_space: Workspace) -> None:
    at_work(shared_space, "deleted", "held")
    run = parent(shared_space, "deleted", "Running")
    shared_space.delete("prun", name_of(run))
    shared_space.wait(lambda: not shared_space.runs("deleted") and not shared_space.jobs("deleted"), "all is gone")
    shared_space.let_operator_catch_up()
    assert shared_space.runs("deleted") == []


def test_a_process_says_what_is_wrong_with_its_steps(shared_space: Workspace) -> None:
    shared_space.apply(process("later", jobTemplate=None, steps=[{"name": "a", "process": {"name": "of-tomorrow"}}]))

    def ready(status: str, reason: str) -> bool:
        found = shared_space.cluster.get("proc", "later", shared_space.namespace).get("status", {})
        wanted = {"type": "Ready", "status": status, "reason": reason}
        return any(wanted.items() <= condition.items() for condition in found.get("conditions", ()))

    shared_space.wait(lambda: ready("False", "ProcessNotFound"), "it waits for the Process of its step")
    shared_space.apply(process("of-tomorrow"))
    shared_space.wait(lambda: ready("True", "Accepted"), "it is ready")
