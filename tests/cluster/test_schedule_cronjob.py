"""Schedules that the CronJob controller carries: one real minute, shared by all tests of this file.

Everything is applied well before a full minute; each test then looks at what that minute has brought. Neighbour:
`test_schedule.py` has the operator's own schedules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import held, request, schedule
from tests.cluster.workspace import created, instant, name_of, next_minute, now, written

from process_operator.resources.names import LABEL_NO_BACKUP, LABEL_REQUEST, LABEL_REQUEST_UID

if TYPE_CHECKING:
    from datetime import datetime

    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node

MINUTELY: Final = {"minutely": {"every": 1}, "startTime": "2026-01-01T00:00:00Z"}
EVERY_MINUTE: Final = {"cron": "* * * * *"}
NEW_YEAR: Final = {"cron": "0 0 1 1 *"}
MANY: Final = {"successful": 100, "failed": 100, "other": 100}
SCRIPT: Final = "echo at work; echo $PROCESS_RUN"
PREPARATION: Final = timedelta(seconds=15)
"""Least time between the apply of a request and its minute, so that it cannot have fired before."""
QUIET: Final = timedelta(seconds=12)
"""The controller syncs each CronJob every ten seconds: a Job that has not come by then does not come."""


@dataclass(frozen=True)
class Minute:
    """A namespace in which a full minute has passed."""

    space: Workspace
    tick: datetime
    """The full minute."""

    @property
    def following(self) -> datetime:
        """The next full minute."""
        return self.tick + timedelta(minutes=1)

    def runs_at_the_tick(self, of: str) -> list[Object]:
        """The runs of a request for this very minute."""
        return [run for run in self.space.runs(of) if run["spec"].get("scheduledTime") == written(self.tick)]

    def runs_up_to_the_tick(self, of: str) -> list[Object]:
        """Its runs but for those of later minutes: a test may come to it when the next one has begun."""
        return [run for run in self.space.runs(of) if run["spec"]["scheduledTime"] <= written(self.tick)]

    def jobs_before_the_following(self, of: str) -> list[Object]:
        """The Jobs of a request that were made before the next minute."""
        return [job for job in self.space.jobs(of) if instant(created(job)) < self.following]


@pytest.fixture(scope="module")
def minute(shared_space: Workspace) -> Minute:
    """Apply and change everything before a full minute, wait for it, and do what has to be done right after it.

    What may fire at earlier minutes too comes first. How long that took says which minute the others can be ready for.
    """
    space, began = shared_space, now()
    space.apply_all(
        request("plain", schedule(**MINUTELY), SCRIPT, history=MANY),
        request("cron", schedule(**EVERY_MINUTE), SCRIPT, concurrencyPolicy="Forbid", history=MANY),
        request("own", schedule(**MINUTELY), SCRIPT, engine="Operator", history=MANY),
        request("edited", schedule(**NEW_YEAR), SCRIPT),
        request("to-operator", schedule(**EVERY_MINUTE), SCRIPT, history=MANY),
        request("to-cronjob", schedule(**EVERY_MINUTE), SCRIPT, concurrencyPolicy="Queue", history=MANY),
    )
    wait_armed(space, "plain", "cron", "edited", "to-operator")
    space.edit("to-operator", concurrencyPolicy="Queue")
    space.edit("to-cronjob", concurrencyPolicy="Allow")
    space.wait_cronjob("to-operator", suspended=True)
    space.wait_cronjob("to-cronjob", suspended=False)

    tick = apply_before_a_minute(space, max(PREPARATION, now() - began))
    space.wait_until(tick)
    space.edit("resumed", suspend=False)
    space.edit("edited", timing=schedule(cron=f"{tick.minute} * * * *"))
    space.wait(lambda: space.cronjob("edited")["spec"]["schedule"].startswith(f"{tick.minute} "), "the edit is through")
    # The controller thinks over an edited schedule at the next event of the CronJob.
    space.cluster.run("annotate", "cronjob", name_of(space.cronjob("edited")), "poke=1", "-n", space.namespace)
    return Minute(space, tick)


def apply_before_a_minute(space: Workspace, lead: timedelta) -> datetime:
    """Apply what must not have fired before its minute; that minute, for which all is ready before it begins."""
    names = ("not-yet", "unscheduled", "resumed", "run-removed")
    while True:
        began = now()
        tick = next_minute(began + lead)
        at_tick = schedule(cron=f"{tick.minute} * * * *")
        space.apply_all(
            request("not-yet", schedule(**EVERY_MINUTE, startTime=written(tick + timedelta(minutes=1))), SCRIPT),
            request("unscheduled", at_tick, SCRIPT),
            request("resumed", at_tick, SCRIPT),
            request("run-removed", at_tick, held()),
        )
        wait_armed(space, *names)
        for name in ("unscheduled", "resumed"):
            space.edit(name, suspend=True)
        for name in ("unscheduled", "resumed"):
            space.wait_cronjob(name, suspended=True)
        if now() < tick:
            return tick
        # The machine was too slow for that minute: once more, for a later one.
        lead = 2 * (now() - began)
        space.delete_with_all(*names)


def wait_armed(space: Workspace, *names: str) -> None:
    """Wait until the CronJobs of requests are armed."""
    for name in names:
        assert space.wait_phase(name, "Scheduled", "Active")["engine"] == "CronJob"
        space.wait_cronjob(name, suspended=False)


def test_the_cronjob_is_made_of_the_request(minute: Minute) -> None:
    space = minute.space
    owner, cronjob = space.request("cron"), space.cronjob("cron")
    labels = {LABEL_REQUEST: "cron", LABEL_REQUEST_UID: owner["metadata"]["uid"], LABEL_NO_BACKUP: "true"}
    assert cronjob["metadata"]["labels"] == labels
    (reference,) = cronjob["metadata"]["ownerReferences"]
    assert (reference["kind"], reference["uid"], reference["controller"]) == (
        "ProcessRequest",
        owner["metadata"]["uid"],
        True,
    )
    spec = cronjob["spec"]
    expected = {
        "schedule": "* * * * *",
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "suspend": False,
        "successfulJobsHistoryLimit": 100,
        "failedJobsHistoryLimit": 100,
    }
    assert {field: spec.get(field) for field in expected} == expected
    job = spec["jobTemplate"]
    assert job["metadata"]["labels"] == labels
    # Not on pods: a backup of their volumes goes by the pods.
    del labels[LABEL_NO_BACKUP]
    assert job["spec"]["template"]["metadata"]["labels"] == labels
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert space.status("cron")["engine"] == "CronJob"


@pytest.mark.parametrize("name", ["plain", "cron"])
def test_the_jobs_of_the_controller_are_runs_with_their_log(minute: Minute, name: str) -> None:
    space = minute.space
    space.wait(lambda: minute.runs_at_the_tick(name), "the tick has its run")
    (run,) = minute.runs_at_the_tick(name)
    run = space.wait_run(name_of(run), "Succeeded")
    job = space.cluster.get("job", name_of(run), space.namespace)
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert name_of(run).endswith(f"-{int(minute.tick.timestamp()) // 60}")
    assert run["spec"]["trigger"] == "Schedule"
    assert run["status"]["log"]["text"] == f"at work\n{name_of(run)}"
    assert run["status"]["jobUID"] == job["metadata"]["uid"]
    space.wait(lambda: space.status(name).get("lastScheduleTime", "") >= written(minute.tick), "the cursor is there")
    status = space.status(name)
    # By now it may be the run of a later minute, whose number its name ends with.
    assert status["lastRun"]["name"] >= name_of(run)
    assert instant(status["nextRunTime"]) > minute.tick


@pytest.mark.parametrize(
    ("name", "engine"), [("own", "Operator"), ("to-operator", "Operator"), ("to-cronjob", "CronJob")]
)
def test_the_tick_runs_once_whichever_engine_it_has_or_had(minute: Minute, name: str, engine: str) -> None:
    space = minute.space
    space.wait(lambda: minute.runs_at_the_tick(name), "the tick has its run")
    (run,) = minute.runs_at_the_tick(name)
    space.wait_run(name_of(run), "Succeeded")
    space.wait_until(minute.tick + QUIET)
    job = space.cluster.get("job", name_of(run), space.namespace)
    assert job["metadata"]["ownerReferences"][0]["kind"] == ("CronJob" if engine == "CronJob" else "ProcessRun")
    at_the_tick = [job for job in minute.jobs_before_the_following(name) if instant(created(job)) >= minute.tick]
    assert [name_of(found) for found in at_the_tick] == [name_of(run)]
    assert len(minute.runs_at_the_tick(name)) == 1
    assert space.status(name)["engine"] == engine
    if name == "to-operator":
        assert space.cronjob(name)["spec"]["suspend"], "the controller must not start the same ticks"


@pytest.mark.parametrize("name", ["not-yet", "unscheduled", "resumed", "edited"])
def test_the_tick_of_a_quiet_time_is_never_made_up(minute: Minute, name: str) -> None:
    space = minute.space
    space.wait_until(minute.tick + QUIET)
    space.let_operator_catch_up()
    assert minute.jobs_before_the_following(name) == []
    assert minute.runs_up_to_the_tick(name) == []
    expected = {"not-yet": ("Scheduled", False), "unscheduled": ("Suspended", True)}
    phase, suspended = expected.get(name, ("Scheduled", False))
    at_work = () if suspended else ("Active",)
    assert space.wait_phase(name, phase, *at_work)["engine"] == "CronJob"
    assert space.cronjob(name)["spec"]["suspend"] is suspended
    if name in ("resumed", "edited"):
        assert space.status(name)["activation"]["number"] == 2
    if name == "edited":
        assert space.cronjob(name)["spec"]["schedule"] == f"{minute.tick.minute} * * * *"


def test_a_job_that_a_person_makes_from_the_cronjob_is_a_manual_run(minute: Minute) -> None:
    space = minute.space
    space.apply(request("by-hand", schedule(**NEW_YEAR), SCRIPT))
    space.wait_phase("by-hand", "Scheduled")
    source = f"cronjob/{name_of(space.cronjob('by-hand'))}"
    space.cluster.run("create", "job", "now-please", "--from", source, "--namespace", space.namespace)
    (run,) = space.wait_runs("by-hand", 1, "Succeeded")
    assert name_of(run) == "now-please"
    assert run["spec"]["trigger"] == "Manual"
    assert "scheduledTime" not in run["spec"]
    assert run["status"]["log"]["text"] == "at work\nnow-please"
    space.let_operator_catch_up()
    assert len(space.jobs("by-hand")) == 1


def test_a_run_that_is_deleted_takes_the_job_of_the_controller_along(minute: Minute) -> None:
    space = minute.space
    space.wait(lambda: minute.runs_at_the_tick("run-removed"), "the tick has its run")
    (run,) = minute.runs_at_the_tick("run-removed")
    space.wait_log(name_of(run), "begun")
    space.edit("run-removed", suspend=True)
    space.delete("prun", name_of(run))
    space.wait(lambda: not space.jobs("run-removed") and not space.pods("run-removed"), "Job and pod are gone")
    space.let_operator_catch_up()
    assert minute.runs_at_the_tick("run-removed") == [], "it is not recorded again, nor made up"
