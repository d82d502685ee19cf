"""kubectl process import cronjob --take-over: each minute runs once, by the CronJob or by its request."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.cluster.desk import Desk, ended
from tests.cluster.manifests import held, job_template
from tests.cluster.workspace import Workspace, instant, next_minute, now

from process_operator.resources.names import ANNOTATION_CRONJOB_TICK

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.node

MINUTE = timedelta(minutes=1)


def cronjob(name: str, schedule: str, script: str = "echo done", **spec: object) -> dict[str, Any]:
    template = job_template(script)
    template["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name},
        "spec": {"schedule": schedule, "timeZone": "Etc/UTC", "jobTemplate": template, **spec},
    }


def far_from_now() -> str:
    """An hourly schedule whose times are half an hour away."""
    return f"{(now() + timedelta(minutes=30)).minute} * * * *"


@pytest.fixture(scope="module")
def desk(shared_space: Workspace, kubeconfig: Path) -> Desk:
    return Desk(shared_space, kubeconfig)


def is_suspended(desk: Desk, name: str) -> bool:
    return bool(desk.space.cluster.get("cronjob", name, desk.space.namespace)["spec"].get("suspend"))


def requests(desk: Desk) -> list[str]:
    return [body["metadata"]["name"] for body in desk.space.cluster.objects("preq", desk.space.namespace)]


def ticks_of_cronjob(desk: Desk, name: str) -> list[datetime]:
    """Minutes that the CronJob ran for. Jobs of a request have another owner."""
    jobs = desk.space.cluster.objects("job", desk.space.namespace)
    owned = [job for job in jobs if any(owner["name"] == name for owner in job["metadata"].get("ownerReferences", ()))]
    return sorted(instant(job["metadata"]["annotations"][ANNOTATION_CRONJOB_TICK]) for job in owned)


def test_each_minute_runs_once(desk: Desk) -> None:
    space = desk.space
    space.apply(cronjob("minutely", "* * * * *", successfulJobsHistoryLimit=10))
    space.wait(lambda: ticks_of_cronjob(desk, "minutely"), "the CronJob has run")

    def take_over() -> bool:
        # The command rejects the seconds around a tick, and undoes what the operator is too slow for.
        answer = desk.run("import", "cronjob", "minutely", "--take-over")
        assert answer.code in {0, 3}, answer
        if answer.code:
            assert "is not taken over: " in answer.err
            assert not is_suspended(desk, "minutely")
            assert "minutely" not in requests(desk)
        return answer.code == 0

    space.wait(take_over, "the request has taken over", seconds=600)
    assert is_suspended(desk, "minutely")
    runs = space.wait_first_runs("minutely", seconds=300)
    by_cronjob = ticks_of_cronjob(desk, "minutely")
    by_request = [instant(run["spec"]["scheduledTime"]) for run in runs]
    ran = [*by_cronjob, *by_request]
    assert ran == [by_cronjob[0] + number * MINUTE for number in range(len(ran))]
    desk.ok("unschedule", "minutely")


def test_steps_are_said_and_ctrl_c_undoes_them(desk: Desk) -> None:
    space = desk.space
    space.apply(cronjob("hourly", far_from_now(), held()))
    # A Job of the CronJob that is active until it is released.
    where = ("--namespace", space.namespace)
    space.cluster.run("create", "job", "by-hand", *where, "--from=cronjob/hourly")
    with desk.terminal("import", "cronjob", "hourly", "--take-over") as child:
        child.expect_exact("processrequest.process-operator.io/hourly created, suspended")
        child.expect_exact("cronjob.batch/hourly suspended")
        child.expect_exact("Waiting until its active Jobs have ended. Ctrl-C undoes what was done.")
        assert is_suspended(desk, "hourly")
        assert space.request("hourly")["spec"]["suspend"] is True
        child.sendintr()
        child.expect_exact("Undone: cronjob.batch/hourly resumed")
        child.expect_exact("Undone: processrequest.process-operator.io/hourly deleted")
        assert ended(child) == 130
    assert not is_suspended(desk, "hourly")
    assert "hourly" not in requests(desk)

    with desk.terminal("import", "cronjob", "hourly", "--take-over") as child:
        child.expect_exact("Waiting until its active Jobs have ended")
        space.wait_log("by-hand", "begun")
        space.cluster.release("job/by-hand", space.namespace)
        child.expect_exact("No Job of it is active.")
        child.expect(re.compile(r"processrequest\.process-operator\.io/hourly scheduled, first for 20[0-9-]+T[0-9:]+Z"))
        child.expect_exact("cronjob.batch/hourly stays, suspended")
        assert ended(child) == 0
    assert is_suspended(desk, "hourly")
    assert not space.request("hourly")["spec"].get("suspend")
    space.wait_phase("hourly", "Scheduled")
    again = desk.run("import", "cronjob", "hourly", "--take-over")
    assert again.code == 3
    assert "there is a ProcessRequest hourly already" in again.err


def test_rejected_near_a_time_of_the_schedule(desk: Desk) -> None:
    # For four minutes one of its times is less than a minute away, or has passed less than a minute ago.
    soon = next_minute(now())
    minutes = [str((soon + timedelta(minutes=later)).minute) for later in range(3)]
    desk.space.apply(cronjob("soon", f"{','.join(minutes)} * * * *"))
    answer = desk.run("import", "cronjob", "soon", "--take-over")
    assert answer.code == 3
    assert "is a time of the schedule, and less than 60 s away. Try again after" in answer.err
    assert not is_suspended(desk, "soon")
    assert "soon" not in requests(desk)


def test_suspended_one_and_one_that_the_api_server_rejects(desk: Desk) -> None:
    desk.space.apply(cronjob("asleep", far_from_now(), suspend=True))
    made = desk.ok("import", "cronjob", "asleep", "--take-over")
    assert made == "processrequest.process-operator.io/asleep created, suspended as the CronJob is\n"
    assert desk.space.request("asleep")["spec"]["suspend"] is True
    desk.space.apply(cronjob("awake", far_from_now()))
    rejected = desk.run("import", "cronjob", "awake", "--take-over", user="stranger")
    assert rejected.code == 1
    assert "is forbidden" in rejected.err
    several = desk.run("import", "cronjob", "asleep", "awake", "--take-over")
    assert several.code == 2
    assert "There is no terminal to ask: add --yes" in several.err
