"""Run Later on a real node: a Job that waits suspended, starts on time, and is done again when it was rescheduled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import later, request
from tests.cluster.workspace import LATE, conditions, created, instant, name_of, now, written

from process_operator.resources.names import LABEL_REQUEST

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node


LEAD = 15
"""Seconds before a start in which a test has to have seen that something waits for it; more where the machine is
slow."""


def soon(seconds: float) -> datetime:
    """A whole second about `seconds` from now."""
    return now().replace(microsecond=0) + timedelta(seconds=seconds)


def is_suspended(job: Object) -> bool:
    return bool(job["spec"].get("suspend"))


def wait_asleep(space: Workspace, name: str, run: int = -1) -> tuple[Object, Object]:
    """Wait until the (newest) run of a request has its Job, suspended: run and Job."""

    def look() -> tuple[Object, Object] | None:
        runs = space.runs(name)
        job = space.cluster.find("job", name_of(runs[run]), space.namespace) if runs else None
        return (runs[run], job) if job is not None and is_suspended(job) else None

    found = space.wait(look, f"{name} waits for its start with a suspended Job")
    assert found is not None
    return found


def test_the_job_waits_suspended_and_starts_at_its_time(space: Workspace) -> None:
    lead = space.lead(LEAD)
    start = now().replace(microsecond=0) + lead
    script = "echo $PROCESS_SCHEDULED_TIME"
    space.apply_all(
        request("at", later(startTime=written(start)), script),
        request("after", later(after=f"{lead.seconds}s"), script),
    )
    for name in ("at", "after"):
        run, job = wait_asleep(space, name)
        assert run["spec"]["trigger"] == "Later"
        assert job["metadata"]["ownerReferences"][0]["uid"] == run["metadata"]["uid"]
        status = space.wait_phase(name, "Scheduled")
        assert status["nextRunTime"] == run["spec"]["scheduledTime"]
        assert status.get("activeCount", 0) == 0
        space.wait_reason(name_of(run), "Suspended")
    assert space.status("at")["schedule"] == f"run later at {written(start)}"

    for name in ("at", "after"):
        (run,) = space.wait_runs(name, 1, "Succeeded")
        due = instant(run["spec"]["scheduledTime"])
        job = space.cluster.get("job", name_of(run), space.namespace)
        assert due <= instant(job["status"]["startTime"]) <= due + LATE
        assert [pod for pod in space.pods(name) if instant(created(pod)) < due] == [], "it had no pod before"
        assert run["status"]["log"]["text"] == written(due)
        space.wait_phase(name, "Succeeded")
    assert space.runs("at")[0]["spec"]["scheduledTime"] == written(start)
    since = instant(space.status("after")["activation"]["since"])
    assert instant(space.runs("after")[0]["spec"]["scheduledTime"]) == since + lead


def test_a_start_in_the_past_runs_at_once_unless_it_is_too_late(space: Workspace) -> None:
    past = soon(-3600)
    minute = timedelta(minutes=1)
    space.apply(request("no-end", later(startTime=written(past))))
    space.apply(request("in-time", later(startTime=written(past), endTime=written(now() + 10 * minute))))
    space.apply(request("end", later(startTime=written(past), endTime=written(past + minute))))
    space.apply(request("within", later(startTime=written(past), within="1m")))
    space.apply(request("deadline", later(startTime=written(past)), startingDeadlineSeconds=60))
    for name in ("no-end", "in-time"):
        space.wait_runs(name, 1, "Succeeded")
    for name in ("end", "within", "deadline"):
        (run,) = space.wait_runs(name, 1, "Missed")
        assert run["status"]["reason"] == "DeadlinePassed"
        assert conditions(run["status"])["Finished"] == ("True", "DeadlinePassed")
        assert conditions(run["status"])["Failed"] == ("True", "DeadlinePassed")
        assert "startTime" not in run["status"]
        status = space.wait_phase(name, "Failed")
        assert status["counts"]["missed"] == 1
        assert space.wait_event(name, "RunMissed")["type"] == "Warning"
        assert space.pods(name) == []


def test_unscheduled_it_stays_suspended_past_its_start_and_the_resume_starts_it(space: Workspace) -> None:
    lead = space.lead(LEAD)
    start = now().replace(microsecond=0) + lead
    space.apply_all(
        request("at", later(startTime=written(start))), request("after", later(after=f"{lead.seconds}s"), "echo up")
    )
    asleep = {name: wait_asleep(space, name)[0] for name in ("at", "after")}
    for name in asleep:
        space.edit(name, suspend=True)
    for name in asleep:
        assert "nextRunTime" not in space.wait_phase(name, "Suspended")
    space.wait_until(instant(asleep["after"]["spec"]["scheduledTime"]) + timedelta(seconds=2))
    space.let_operator_catch_up()
    for name, run in asleep.items():
        assert space.phase(name_of(run)) == "Pending"
        assert all(is_suspended(job) for job in space.jobs(name))
        assert space.pods(name) == []

    resumed = now().replace(microsecond=0)
    for name in asleep:
        space.edit(name, suspend=False)
    (same,) = space.wait_runs("at", 1, "Succeeded")
    assert name_of(same) == name_of(asleep["at"]), "its time has passed: it starts at once"
    late = space.wait_run(name_of(asleep["after"]), "Canceled")
    assert late["status"]["reason"] == "Unscheduled"
    (new,) = [run for run in space.wait_runs("after", 2, "Canceled", "Succeeded") if name_of(run) != name_of(late)]
    assert new["status"]["phase"] == "Succeeded"
    for name, number in (("at", 1), ("after", 2)):
        assert space.wait_phase(name, "Succeeded")["activation"]["number"] == number
        assert len(space.pods(name)) == 1
    assert instant(new["spec"]["scheduledTime"]) >= resumed + lead, "it waits again, from the resume"


def test_reschedule_and_edit_of_the_timing_cancel_the_waiting_run_and_wait_again(space: Workspace) -> None:
    space.apply(request("moved", later(after="5m")))
    first, _ = wait_asleep(space, "moved")
    space.reschedule("moved")
    space.wait_run(name_of(first), "Canceled")
    second, _ = wait_asleep(space, "moved")
    assert instant(second["spec"]["scheduledTime"]) >= instant(first["spec"]["scheduledTime"])

    start = soon(3)
    space.edit("moved", timing={"runLater": {"after": None, "startTime": written(start)}})
    space.wait_run(name_of(second), "Canceled")
    runs = space.wait_runs("moved", 3, "Canceled", "Succeeded")
    by_name = {name_of(run): run for run in runs}
    (third,) = by_name.keys() - {name_of(first), name_of(second)}
    assert by_name[third]["spec"]["scheduledTime"] == written(start)
    assert by_name[third]["status"]["phase"] == "Succeeded"
    for old, cause in ((first, "rescheduled"), (second, "edited")):
        status = by_name[name_of(old)]["status"]
        assert status["reason"] == "Canceled"
        assert cause in status["message"]
        assert "startTime" not in status
    assert len(space.pods("moved")) == 1
    assert space.wait_phase("moved", "Succeeded")["activation"]["number"] == 3


def test_a_new_template_replaces_the_job_that_waits_under_the_same_run(space: Workspace) -> None:
    lead = space.lead(LEAD)
    start = now().replace(microsecond=0) + lead
    timing = later(startTime=written(start))
    space.apply(request("mended", timing, "echo wrong"))
    run, job = wait_asleep(space, "mended")
    space.apply(request("mended", timing, "echo right $COLOUR", parameters=[{"name": "COLOUR", "value": "red"}]))

    def replaced() -> bool:
        jobs = space.cluster.objects("job", space.namespace, labels=f"{LABEL_REQUEST}=mended")
        return len(jobs) == 1 and jobs[0]["metadata"]["uid"] != job["metadata"]["uid"] and is_suspended(jobs[0])

    space.wait(replaced, "the Job that waits is another one")
    (after,) = space.wait_runs("mended", 1, "Succeeded")
    assert after["metadata"]["uid"] == run["metadata"]["uid"]
    assert after["status"]["log"]["text"] == "right red"
    assert space.status("mended")["activation"]["number"] == 1


def test_a_waiting_run_is_canceled_by_a_person(space: Workspace) -> None:
    space.apply(request("unwanted", later(after="5m")))
    run, _ = wait_asleep(space, "unwanted")
    assert space.cancel(name_of(run)).ok
    status = space.wait_run(name_of(run), "Canceled")["status"]
    assert status["reason"] == "Canceled"
    assert status["log"]["reason"] == "NeverStarted"
    assert space.pods("unwanted") == []
    space.wait_phase("unwanted", "Canceled")
