"""Retention on a real node: deletion of runs over the limits with their Jobs, after they were recorded.

Runs over a limit may wait a minute for company, so all requests are applied at once and one minute serves every test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import immediately, job_template, later, manual_run, request, schedule
from tests.cluster.workspace import name_of

if TYPE_CHECKING:
    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

ALL: Final = ("Succeeded", "Failed", "Canceled")
TIMES: Final = {"default": 5, "none": 2, "one-failure": 3, "one-canceled": 3}


@pytest.fixture(scope="module")
def recorded(shared_space: Workspace) -> dict[str, list[Object]]:
    """Runs of several requests, all of them seen at their end before anything could be removed."""
    space, idle = shared_space, later(after="24h")
    space.apply(request("default", idle, "echo kept", suspend=True))
    space.apply(request("none", idle, "echo gone", suspend=True, history={"successful": 0}))
    space.apply(request("one-failure", idle, "exit 1", suspend=True, history={"failed": 1, "successful": 0}))
    space.apply(request("one-canceled", idle, suspend=True, history={"other": 1}))
    cancel = {"one-canceled": {"cancel": True}}
    space.apply_all(
        *(
            manual_run(name, f"{name}-{index}", **cancel.get(name, {}))
            for name, times in TIMES.items()
            for index in range(times)
        )
    )
    ended: dict[str, dict[str, Object]] = {name: {} for name in TIMES}

    def all_have_ended() -> bool:
        # No run goes within half a minute of its end, so each is seen then, also where others take much longer.
        for name, found in ended.items():
            found |= {name_of(run): run for run in space.runs(name) if run["status"]["phase"] in ALL}
        return all(len(found) == TIMES[name] for name, found in ended.items())

    space.wait(all_have_ended, "all have ended")
    return {name: list(found.values()) for name, found in ended.items()}


def test_nothing_is_removed_before_it_is_recorded(recorded: dict[str, list[Object]]) -> None:
    for name, runs in recorded.items():
        assert len(runs) == TIMES[name]
        for run in runs:
            assert run["status"]["conditions"]
            assert "log" in run["status"]


@pytest.mark.parametrize(("name", "kept"), [("default", 3), ("none", 0), ("one-failure", 1), ("one-canceled", 1)])
def test_as_many_runs_stay_as_the_history_asks_for(
    shared_space: Workspace, recorded: dict[str, list[Object]], name: str, kept: int
) -> None:
    space = shared_space
    space.wait(lambda: len(space.runs(name)) == kept, f"{kept} runs of {name} stay")
    newest = sorted(recorded[name], key=lambda run: (run["metadata"]["creationTimestamp"], name_of(run)))
    expected = {name_of(run) for run in newest[TIMES[name] - kept :]}
    assert {name_of(run) for run in space.runs(name)} == expected
    with_job = expected if name != "one-canceled" else set()
    space.wait(lambda: {name_of(job) for job in space.jobs(name)} == with_job, "the Jobs go with their runs")
    space.wait(lambda: len(space.pods(name)) == len(with_job), "the pods go with their Jobs")


def test_ten_runs_over_the_limit_go_at_once(space: Workspace) -> None:
    # If the operator is late by a tick, that tick still runs.
    space.apply(request("fast", schedule(secondly={"every": 1}, maxRuns=17), catchUp="All"))
    assert space.wait_phase("fast", "Finished")["counts"]["succeeded"] == 17
    space.wait(lambda: 3 <= len(space.runs("fast")) < 13, "the oldest runs went together")


def test_the_ttl_of_the_template_removes_the_job_and_leaves_the_run(space: Workspace) -> None:
    template = job_template("echo kept", ttlSecondsAfterFinished=2)
    space.apply(request("brief", immediately(), jobTemplate=template))
    (run,) = space.wait_runs("brief", 1, "Succeeded")
    space.wait(lambda: space.jobs("brief") == [], "the Job is gone")
    space.let_operator_catch_up()
    assert space.run(name_of(run)) == run


def test_the_ttl_of_the_request_removes_everything(space: Workspace) -> None:
    space.apply(request("forgotten", immediately(), ttlSecondsAfterFinished=3))
    space.wait_event("forgotten", "RunFinished")
    space.wait(lambda: space.cluster.find("preq", "forgotten", space.namespace) is None, "the request is gone")
    space.wait(lambda: not space.runs("forgotten") and not space.jobs("forgotten"), "run and Job are gone")


def test_runs_that_are_too_old_go(space: Workspace) -> None:
    space.apply(request("aging", immediately()))
    (run,) = space.wait_runs("aging", 1, "Succeeded")
    space.edit("aging", history={"maxAge": "4s"})
    space.wait(lambda: space.runs("aging") == [], "the run is too old")
    space.wait(lambda: space.jobs("aging") == [], "its Job goes with it")
    status = space.wait_phase("aging", "Succeeded")
    assert status["lastRun"] == {"name": name_of(run), "phase": "Succeeded"}
    space.let_operator_catch_up()
    assert space.runs("aging") == [], "a run that was removed is not made up"
