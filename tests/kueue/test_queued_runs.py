"""Runs whose Jobs Kueue queues: they wait, start, are preempted and end, and only Kueue resumes a Job."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest
from tests.cluster.manifests import held, immediately, later, process, request, schedule
from tests.cluster.workspace import created, instant, name_of, now, written
from tests.kueue.job_queue_space import DEFAULT, QueueSpace, queued

pytestmark = pytest.mark.node

EVERY_3_SECONDS: Final = {"secondly": {"every": 3}}
MANY: Final = {"successful": 100, "failed": 100, "other": 100}


def test_a_run_waits_for_the_quota_and_starts_once(space: QueueSpace) -> None:
    space.occupy()
    space.apply(request("close", immediately(), jobTemplate=queued()))
    space.wait_held("close")
    space.let_operator_catch_up()
    assert [job["metadata"]["generation"] for job in space.jobs("close")] == [1]
    space.vacate()
    space.wait_runs("close", 1, "Succeeded")
    space.assert_left_to_kueue("close")
    assert len(space.pods("close")) == 1


def test_a_run_is_canceled_while_it_is_queued(space: QueueSpace) -> None:
    space.occupy()
    space.apply(request("close", immediately(), jobTemplate=queued()))
    (run,) = space.wait_held("close")
    assert space.cancel(name_of(run)).ok
    status = space.wait_run(name_of(run), "Canceled")["status"]
    assert (status["reason"], status["log"]["reason"]) == ("Canceled", "NeverStarted")
    space.wait(lambda: not space.jobs("close"), "its Job is gone")


def test_a_preempted_run_starts_over_when_it_is_admitted_again(space: QueueSpace) -> None:
    space.apply(request("close", immediately(), jobTemplate=queued(held())))
    (run,) = space.wait_runs("close", 1, "Running")
    space.occupy(urgent=True)
    space.wait_held("close")
    space.vacate()
    space.wait_run(name_of(run), "Running")
    space.release(name_of(run))
    space.wait_runs("close", 1, "Succeeded")
    assert len(space.jobs("close")) == 1


def test_a_deactivated_workload_stays_suspended_until_its_run_is_canceled(space: QueueSpace) -> None:
    space.apply(request("close", immediately(), jobTemplate=queued(held())))
    (run,) = space.wait_runs("close", 1, "Running")
    space.deactivate(space.jobs("close")[0])
    space.wait_held("close")
    space.let_operator_catch_up()
    (job,) = space.jobs("close")
    assert job["spec"]["suspend"] is True
    assert space.cancel(name_of(run)).ok
    space.wait_run(name_of(run), "Canceled")
    space.wait(lambda: not space.jobs("close"), "its Job is gone")


def test_under_forbid_the_queued_run_keeps_its_place(space: QueueSpace) -> None:
    space.occupy()
    every = request(
        "close", schedule(**EVERY_3_SECONDS), jobTemplate=queued(), concurrencyPolicy="Forbid", history=MANY
    )
    space.apply(every)
    (run,) = space.wait_held("close")
    space.wait(lambda: space.status("close").get("waitingCount"), "a tick waits for it")
    assert len(space.jobs("close")) == 1
    space.edit("close", suspend=True)
    space.vacate()
    space.wait_run(name_of(run), "Succeeded")
    space.assert_left_to_kueue("close")


def test_under_queue_the_others_wait_for_the_queued_run(space: QueueSpace) -> None:
    space.occupy()
    finish = written(now() + timedelta(seconds=5))
    timing = schedule(**EVERY_3_SECONDS, finishTime=finish)
    space.apply(request("close", timing, jobTemplate=queued(), concurrencyPolicy="Queue", history=MANY))
    space.wait_held("close")
    space.wait(lambda: [run for run in space.runs("close") if run["status"].get("reason") == "Waiting"], "one waits")
    assert len(space.jobs("close")) == 1
    space.vacate()
    space.wait_phase("close", "Finished")
    assert {run["status"]["phase"] for run in space.runs("close")} == {"Succeeded"}
    space.assert_left_to_kueue("close")


def test_under_replace_the_newest_takes_the_place_of_the_queued_run(space: QueueSpace) -> None:
    space.occupy()
    timing = schedule(**EVERY_3_SECONDS)
    space.apply(request("close", timing, jobTemplate=queued(), concurrencyPolicy="Replace", history=MANY))
    space.wait(lambda: [run for run in space.runs("close") if run["status"].get("reason") == "Replaced"], "one went")
    space.edit("close", suspend=True)
    space.vacate()
    space.wait(lambda: space.runs("close")[-1]["status"]["phase"] in ("Succeeded", "Canceled"), "the newest ends")
    space.wait(
        lambda: all(run["status"]["phase"] not in ("Pending", "Running") for run in space.runs("close")), "all end"
    )
    space.assert_left_to_kueue("close")


def test_under_allow_several_runs_are_queued_at_once(space: QueueSpace) -> None:
    space.occupy()
    finish = written(now() + timedelta(seconds=5))
    timing = schedule(**EVERY_3_SECONDS, finishTime=finish)
    space.apply(request("close", timing, jobTemplate=queued(), concurrencyPolicy="Allow", history=MANY))
    space.wait_held("close", count=2)
    space.vacate()
    space.wait_phase("close", "Finished")
    assert {run["status"]["phase"] for run in space.runs("close")} == {"Succeeded"}
    space.assert_left_to_kueue("close")


def test_a_job_of_the_cronjob_controller_is_queued_and_canceled(space: QueueSpace) -> None:
    space.occupy()
    timing = schedule(cron="* * * * *")
    space.apply(request("close", timing, jobTemplate=queued(), concurrencyPolicy="Forbid", engine="CronJob"))
    (run,) = space.wait_held("close")
    space.edit("close", suspend=True)
    assert space.cancel(name_of(run)).ok
    space.wait_run(name_of(run), "Canceled")
    space.wait(lambda: not space.jobs("close"), "its Job is gone")


def test_the_steps_of_a_run_pass_the_queue_one_after_the_other(space: QueueSpace) -> None:
    space.occupy()
    names = ("extract", "load")
    steps = [{"name": name, "process": {"name": name}} for name in names]
    nightly = process("nightly", steps=steps)
    del nightly["spec"]["jobTemplate"]
    space.apply_all(*(process(name, jobTemplate=queued()) for name in names), nightly)
    space.apply(request("close", immediately(), process={"name": "nightly"}))
    held_runs = space.wait(
        lambda: [run for run in space.runs("close") if run["status"].get("reason") == "Suspended"], "the step is queued"
    )
    assert all("queued by Kueue" in run["status"]["message"] for run in held_runs)
    space.vacate()
    space.wait_phase("close", "Succeeded")
    space.assert_left_to_kueue("close")


@pytest.mark.parametrize("by_default", [False, True], ids=["by its label", "by the LocalQueue default"])
def test_the_job_of_a_run_later_is_created_at_its_start(space: QueueSpace, *, by_default: bool) -> None:
    if by_default:
        space.add_local_queue(DEFAULT)
    start = (now() + timedelta(seconds=20)).replace(microsecond=0)
    timing = later(startTime=written(start))
    space.apply(request("close", timing, jobTemplate=queued(label=not by_default)))
    (run,) = space.wait_first_runs("close")
    waiting = space.wait_reason(name_of(run), "Suspended")
    assert f"waits until {written(start)}" in waiting["status"]["message"]
    space.wait_runs("close", 1, "Succeeded")
    (job,) = space.jobs("close")
    assert instant(created(job)) >= start
    space.assert_left_to_kueue("close")


def test_cancel_running_ends_a_queued_run(space: QueueSpace) -> None:
    space.occupy()
    space.apply(request("close", immediately(), jobTemplate=queued(), onSuspend="CancelRunning"))
    (run,) = space.wait_held("close")
    space.edit("close", suspend=True)
    assert space.wait_run(name_of(run), "Canceled")["status"]["reason"] == "Unscheduled"
    space.wait(lambda: not space.jobs("close"), "its Job is gone")


def test_suspend_running_is_rejected_for_a_template_with_the_label(space: QueueSpace) -> None:
    space.apply(request("close", immediately(), jobTemplate=queued(), onSuspend="SuspendRunning"))
    event = space.wait_event("close", "NotAccepted")
    assert "spec.onSuspend: SuspendRunning is not allowed" in event["message"]
    assert not space.runs("close")
