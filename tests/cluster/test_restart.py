"""Restart of an operator that is killed at any moment, on a real node: no run is lost, doubled or written without need.

Most tests share one outage. The fixture prepares all requests, kills the operator, and starts it again seven seconds
later. Each test checks the state of its request.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, immediately, later, manual_run, process, request, schedule, sleeper
from tests.cluster.workspace import OPEN, created, instant, name_of, now, written

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.operator_process import OperatorProcess
    from tests.cluster.workspace import Workspace

pytestmark = [pytest.mark.node, pytest.mark.disruptive]

MANY: Final = {"successful": 1000, "failed": 1000, "other": 1000}
SECOND: Final = timedelta(seconds=1)
AWAY: Final = 7 * SECOND
PREPARATION: Final = 16 * SECOND
UNSTARTED: Final = 12
"""Seconds between the apply of the requests that wait for their starts and the kill; more on a slow machine."""
RESTING: Final = ("done", "broken", "asleep", "far", "armed", "unfounded")


@dataclass(frozen=True)
class Outage:
    """A namespace whose operator was away for a while."""

    space: Workspace
    minute: datetime
    """The first full minute that passed without it."""
    began: datetime
    ended: datetime
    before: dict[str, Object]
    """Objects at the moment of the kill: requests by name, and runs by name."""
    log: list[dict[str, Any]]
    """Log records of the operator since then."""


@pytest.fixture(scope="module")
def outage(shared_space: Workspace, shared_operator: OperatorProcess) -> Outage:
    space = shared_space
    _apply_those_at_rest(space)
    space.apply(request("carried", schedule(cron="* * * * *"), "echo $PROCESS_RUN"))
    space.wait_cronjob("carried", suspended=False)
    unstarted = space.lead(UNSTARTED)
    space.wait_until((now() + PREPARATION).replace(second=0, microsecond=0) + timedelta(minutes=1) - PREPARATION)
    space.apply_all(
        *(request(name, immediately(), held()) for name in ("going", "ending", "removed", "run-removed")),
        request("latest", schedule(secondly={"every": 1}), "true", history=MANY),
        request("strict", schedule(secondly={"every": 1}), "true", history=MANY, startingDeadlineSeconds=2),
        request("alone", schedule(secondly={"every": 2}), sleeper(5), history=MANY, concurrencyPolicy="Forbid"),
    )
    for name in ("going", "ending", "removed", "run-removed"):
        (run,) = space.wait_first_runs(name)
        space.wait_log(name_of(run), "begun")
    for name in ("latest", "strict"):
        space.wait_first_runs(name, 2)
    start = now().replace(microsecond=0) + unstarted
    space.apply_all(
        request("starts", later(startTime=written(start))),
        request("misses", later(startTime=written(start), endTime=written(start + SECOND))),
    )
    for name in ("starts", "misses"):
        (run,) = space.wait_first_runs(name)
        space.wait_reason(name_of(run), "Suspended")

    kinds = ("preq", "prun")
    before = {name_of(found): found for kind in kinds for found in space.cluster.objects(kind, space.namespace)}
    shared_operator.kill()
    began = now()
    space.cluster.delete("preq", "removed", space.namespace, wait=False)
    space.cluster.delete("prun", name_of(space.runs("run-removed")[0]), space.namespace, wait=False)
    space.create(manual_run("asleep", "meanwhile"))
    space.release(name_of(space.runs("ending")[0]))
    space.wait(lambda: space.pods("ending")[0]["status"]["phase"] == "Succeeded", "its pod has ended")
    minute = began.replace(second=0, microsecond=0) + timedelta(minutes=1)
    space.wait_until(max(began + AWAY, start + 2 * SECOND, minute))
    space.wait(lambda: _job_is_complete(space, "carried", minute), "the CronJob controller's Job of the minute is done")
    lines = len(shared_operator.records())
    shared_operator.start()
    ended = now()
    space.let_operator_catch_up()
    return Outage(space, minute, began, ended, before, shared_operator.records()[lines:])


def _job_is_complete(space: Workspace, of: str, minute: datetime) -> bool:
    (job,) = [job for job in space.jobs(of) if name_of(job).endswith(f"-{int(minute.timestamp()) // 60}")] or ({},)
    return any(found["type"] == "Complete" for found in job.get("status", {}).get("conditions", ()))


def _apply_those_at_rest(space: Workspace) -> None:
    space.apply(process("daily-work"))
    space.apply(request("done", immediately(), process={"name": "daily-work"}))
    space.apply(request("broken", immediately(), "exit 1"))
    space.apply(request("asleep", immediately(), suspend=True))
    space.apply(request("far", later(after="24h")))
    space.apply(request("armed", schedule(cron="0 0 1 1 *")))
    space.apply(request("unfounded", immediately(), process={"name": "not-there"}))
    phases = {"done": "Succeeded", "broken": "Failed", "asleep": "Suspended", "unfounded": "Pending"}
    for name in RESTING:
        space.wait_phase(name, phases.get(name, "Scheduled"))
    (run,) = space.wait_first_runs("far")
    space.wait_reason(name_of(run), "Suspended")


def test_an_open_run_is_followed_to_its_end(outage: Outage) -> None:
    outage.space.release(name_of(outage.space.runs("going")[0]))
    (run,) = outage.space.wait_runs("going", 1, "Succeeded")
    assert run["status"]["log"]["text"] == "begun\nended"
    assert instant(run["status"]["startTime"]) < outage.began
    assert len(outage.space.jobs("going")) == 1


def test_a_run_that_ended_meanwhile_is_recorded_with_its_log(outage: Outage) -> None:
    (run,) = outage.space.wait_runs("ending", 1, "Succeeded")
    assert run["status"]["log"]["text"] == "begun\nended"
    assert outage.began < instant(run["status"]["endTime"]) < outage.ended
    assert outage.space.wait_phase("ending", "Succeeded")["counts"]["succeeded"] == 1


def test_a_start_that_passed_is_late_or_missed(outage: Outage) -> None:
    (run,) = outage.space.wait_runs("starts", 1, "Succeeded")
    assert instant(run["status"]["startTime"]) > outage.began
    (run,) = outage.space.wait_runs("misses", 1, "Missed")
    assert run["status"]["reason"] == "DeadlinePassed"
    assert outage.space.pods("misses") == []


def test_a_request_that_was_deleted_leaves_no_ghost(outage: Outage) -> None:
    space = outage.space
    space.wait(lambda: not space.runs("removed") and not space.jobs("removed"), "run and Job are gone")
    space.wait(lambda: not space.pods("removed"), "its pod is gone")
    assert space.cluster.find("preq", "removed", space.namespace) is None


def test_a_run_that_was_deleted_is_not_run_again(outage: Outage) -> None:
    space = outage.space
    space.wait(lambda: not space.jobs("run-removed") and not space.pods("run-removed"), "its Job and pod are gone")
    assert space.runs("run-removed") == []
    assert space.wait_phase("run-removed", "Failed")["activation"]["number"] == 1


def test_the_cronjob_controller_went_on_and_its_job_is_recorded(outage: Outage) -> None:
    space, tick = outage.space, written(outage.minute)
    (run,) = space.wait(lambda: [run for run in space.runs("carried") if run["spec"]["scheduledTime"] == tick], tick)
    run = space.wait_run(name_of(run), "Succeeded")
    assert run["spec"]["trigger"] == "Schedule"
    assert run["status"]["log"]["text"] == name_of(run)
    assert outage.minute <= instant(run["status"]["startTime"]) <= instant(run["status"]["endTime"]) < outage.ended


def test_a_manual_run_made_meanwhile_runs(outage: Outage) -> None:
    outage.space.wait_run("meanwhile", "Succeeded")


@pytest.mark.parametrize(("name", "reason"), [("latest", "Superseded"), ("strict", "DeadlinePassed")])
def test_every_tick_of_the_outage_is_in_exactly_one_run(outage: Outage, name: str, reason: str) -> None:
    space = outage.space
    space.wait_first_runs(name, len(space.runs(name)) + 3)
    space.edit(name, suspend=True)
    space.wait_phase(name, "Suspended")
    runs = space.wait(lambda: _all_ended(space, name), "all runs have ended")
    assert_every_tick_once(space, name, runs, every=1)
    missed = [run for run in runs if run["status"]["phase"] == "Missed"]
    assert {run["status"]["reason"] for run in missed} <= {"Superseded", "DeadlinePassed", "Suspended"}
    assert reason in {run["status"]["reason"] for run in missed}
    away = [run for run in missed if outage.began < instant(run["spec"]["scheduledTime"]) < outage.ended]
    assert sum(run["status"].get("summary", {}).get("count", 1) for run in away) >= 4
    started = [run for run in runs if run["status"]["phase"] == "Succeeded"]
    after = [run for run in started if instant(created(run)) >= outage.ended - 2 * SECOND]
    latest = max(instant(run["status"].get("summary", {}).get("to", run["spec"]["scheduledTime"])) for run in away)
    assert min(instant(run["spec"]["scheduledTime"]) for run in after) > latest, "the newest started, the older did not"


def test_an_open_run_blocks_the_ticks_of_the_outage(outage: Outage) -> None:
    space = outage.space
    space.edit("alone", suspend=True)
    space.wait_phase("alone", "Suspended")
    runs = space.wait(lambda: _all_ended(space, "alone"), "all runs have ended")
    assert_every_tick_once(space, "alone", runs, every=2)
    assert {run["status"]["phase"] for run in runs} <= {"Succeeded", "Skipped", "Missed"}
    ran = [run["status"] for run in runs if run["status"]["phase"] == "Succeeded"]
    assert all(before["endTime"] <= after["startTime"] for before, after in pairwise(ran))
    for run in runs:
        if run["status"]["phase"] == "Skipped":
            assert any(name_of(other) in run["status"]["message"] for other in runs)


def _all_ended(space: Workspace, name: str) -> list[Object]:
    runs = space.runs(name)
    return runs if all(run["status"]["phase"] not in OPEN for run in runs) else []


def assert_every_tick_once(space: Workspace, name: str, runs: list[Object], *, every: int) -> None:
    """Check that each tick is in one run, alone or in a summary, and that each run that started has one Job."""
    step = every * SECOND
    expected = instant(runs[0]["spec"]["scheduledTime"])
    for run in runs:
        assert instant(run["spec"]["scheduledTime"]) == expected, f"{name_of(run)} follows"
        summary = run["status"].get("summary")
        if summary is None:
            expected += step
            continue
        assert instant(summary["from"]) == expected
        assert summary["count"] == (instant(summary["to"]) - instant(summary["from"])) // step + 1
        expected = instant(summary["to"]) + step
    ran = {name_of(run) for run in runs if "job" in run["status"]}
    assert {name_of(job) for job in space.jobs(name)} == ran
    assert len(space.pods(name)) == len(ran), "a Job that ran twice would have had two pods"


def test_no_operator_touches_objects_at_rest(outage: Outage) -> None:
    space = outage.space
    for name in RESTING:
        if name == "asleep":
            continue  # a manual run was made for it
        before, after = outage.before[name], space.request(name)
        assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"], (before, after)
        for run in space.runs(name):
            assert run == outage.before[name_of(run)]
    assert any(line.get("request") == "ending" for line in outage.log), "the log is the one of these requests"
    acted = [line for line in outage.log if line.get("request") in RESTING and line["request"] != "asleep"]
    assert [line for line in acted if line.get("event") != "LoadHistory"] == [], "no dry run, no write"


def test_a_schedule_whose_operator_is_killed_again_and_again_runs_each_tick_once(
    space: Workspace, operator: OperatorProcess
) -> None:
    dice = random.Random(7)
    space.apply(request("shaken", schedule(secondly={"every": 2}), "echo $PROCESS_SCHEDULED_TIME", history=MANY))
    space.wait_first_runs("shaken")
    for _ in range(5):
        space.wait_until(now() + dice.uniform(0.3, 2.5) * SECOND)
        operator.kill()
        operator.start()
    space.edit("shaken", suspend=True)
    space.wait_phase("shaken", "Suspended")
    runs = space.wait(lambda: _all_ended(space, "shaken"), "all runs have ended")
    assert_every_tick_once(space, "shaken", runs, every=2)
    for run in runs:
        if run["status"]["phase"] == "Succeeded":
            assert run["status"]["log"]["text"] == run["spec"]["scheduledTime"]


def test_a_request_whose_operator_is_killed_at_once_runs_once(space: Workspace, operator: OperatorProcess) -> None:
    names = [f"shot-{index}" for index in range(4)]
    for index, name in enumerate(names):
        space.apply(request(name, immediately(), "echo once"))
        space.wait_until(now() + index * 0.02 * SECOND)
        operator.kill()
        operator.start()
    for name in names:
        (run,) = space.wait_runs(name, 1, "Succeeded")
        assert run["status"]["log"]["text"] == "once"
        assert len(space.jobs(name)) == len(space.pods(name)) == 1


def test_the_end_is_orderly_while_runs_are_open(space: Workspace, operator: OperatorProcess) -> None:
    space.apply(request("going", immediately(), held()))
    name = name_of(space.wait_first_runs("going")[0])
    assert operator.stop() == 0
    operator.start()
    space.release(name)
    (run,) = space.wait_runs("going", 1, "Succeeded")
    assert run["status"]["log"]["text"] == "begun\nended"
