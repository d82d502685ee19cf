"""Runs that people start and runs that people end, on a real node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cluster.manifests import (
    held,
    immediately,
    job_template,
    later,
    manual_run,
    process,
    request,
    schedule,
    slow_to_go,
)
from tests.cluster.workspace import conditions, created, name_of

from process_operator.resources.names import LABEL_REQUEST, LABEL_REQUEST_UID, LABEL_RUN

if TYPE_CHECKING:
    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node


@pytest.mark.parametrize("suspended", [False, True], ids=["in force", "unscheduled"])
def test_a_person_starts_a_run_and_the_schedule_is_not_touched(space: Workspace, *, suspended: bool) -> None:
    timing = schedule(daily={"at": "02:30"}, startTime="2031-01-01T00:00:00Z")
    space.apply(request("nightly", timing, "echo $PROCESS_RUN $PROCESS_SCHEDULED_TIME", suspend=suspended))
    before = space.wait_phase("nightly", "Suspended" if suspended else "Scheduled")
    names = [space.create(manual_run("nightly")) for _ in range(2)]
    owner = space.request("nightly")
    for name in names:
        run = space.wait_run(name, "Succeeded")
        assert run["metadata"]["labels"] == {
            LABEL_REQUEST: "nightly",
            LABEL_REQUEST_UID: owner["metadata"]["uid"],
            LABEL_RUN: name,
        }
        assert "ownerReferences" not in run["metadata"]
        assert run["spec"]["trigger"] == "Manual"
        assert "scheduledTime" not in run["spec"]
        assert run["status"]["log"]["text"] == f"{name} {created(run)}"
    after = space.wait_phase("nightly", "Suspended" if suspended else "Scheduled")
    for field in ("activation", "lastScheduleTime", "nextRunTime", "phase"):
        assert after.get(field) == before.get(field)
    space.wait(lambda: space.status("nightly").get("lastRun", {}).get("name") in names, "it shows its last run")


def test_a_run_with_other_inputs_prints_them(space: Workspace) -> None:
    space.cluster.run(
        "create", "secret", "generic", "db", "--namespace", space.namespace, "--from-literal=password=xyzzy"
    )
    body = job_template("echo $LEDGER $YEAR $PASSWORD")
    secret = {"secretKeyRef": {"name": "db", "key": "password"}}
    body["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "valueFrom": secret}]
    ledger, year = {"name": "LEDGER", "enum": ["main", "tax"]}, {"name": "YEAR", "pattern": "20[0-9]{2}"}
    declared = [{**ledger, "default": "main"}, year, {"name": "PASSWORD"}]
    space.apply(process("close", jobTemplate=body, parameters=declared))
    given = [{"name": "YEAR", "value": "2026"}]
    space.apply(request("nightly", immediately(), process={"name": "close"}, parameters=given, suspend=True))
    space.wait_phase("nightly", "Suspended")
    for name, own, printed in (
        ("plain", {}, {"LEDGER": "main", "YEAR": "2026"}),
        ("own", {"LEDGER": "tax"}, {"LEDGER": "tax", "YEAR": "2026"}),
    ):
        space.create(manual_run("nightly", name, **({"parameters": own} if own else {})))
        status = space.wait_run(name, "Succeeded")["status"]
        assert status["log"]["text"] == f"{printed['LEDGER']} {printed['YEAR']} xyzzy"
        assert {each["name"]: each["value"] for each in status["parameters"]} == printed
        assert "xyzzy" not in json.dumps(status["parameters"])

    for name, own, reason, words in (
        ("wrong", {"LEDGER": "Tax"}, "ParameterInvalid", 'spec.parameters.LEDGER: must be one of "main", "tax"'),
        (
            "unknown",
            {"PATH": "/tmp"},
            "ParameterUnknown",
            'declares no parameter "PATH"; allowed: LEDGER, YEAR, PASSWORD',
        ),
    ):
        space.create(manual_run("nightly", name, parameters=own))
        status = space.wait_run(name, "Failed")["status"]
        assert status["reason"] == reason
        assert words in status["message"]
        assert space.cluster.find("job", name, space.namespace) is None


def test_a_run_waits_for_its_request(space: Workspace) -> None:
    space.create(manual_run("unborn", "too-early"))
    run = space.wait_reason("too-early", "RequestNotFound")
    assert run["status"]["phase"] == "Pending"
    assert '"unborn"' in run["status"]["message"]
    space.apply(request("unborn", later(after="24h"), "echo hello"))
    run = space.wait_run("too-early", "Succeeded")
    assert run["status"]["log"]["text"] == "hello"
    space.delete("preq", "unborn")
    assert space.run("too-early")["metadata"]["labels"][LABEL_REQUEST] == "unborn"


def test_a_canceled_run_says_its_last_words(space: Workspace) -> None:
    space.apply(request("long", immediately(), jobTemplate=slow_to_go(8)))
    name = name_of(space.wait_first_runs("long")[0])
    space.wait_log(name, "begun")
    assert space.cancel(name).ok
    status = space.wait_run(name, "Canceled")["status"]
    assert status["reason"] == "Canceled"
    assert status["log"]["text"] == "begun\nlast words"
    assert status["startTime"] <= status["endTime"]
    assert conditions(status) == dict.fromkeys(("Finished", "Failed", "Stalled"), ("True", "Canceled"))
    space.wait(lambda: not space.pods("long") or _all_ended(space, "long"), "its pod has ended")
    assert conditions(space.wait_phase("long", "Canceled"))["Failed"] == ("True", "Canceled")
    assert space.wait_event("long", "RunFinished")["type"] == "Normal"

    for value in (False, None):
        answer = space.cluster.patch("prun", name, space.namespace, {"spec": {"cancel": value}})
        assert not answer.ok
        assert "cancel cannot be changed back to false" in answer.message
    space.let_operator_catch_up()
    assert len(space.runs("long")) == 1, "a canceled run is not made up"
    space.reschedule("long")
    space.wait_first_runs("long", 2)


def _all_ended(space: Workspace, name: str) -> bool:
    return all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in space.pods(name))


def test_runs_that_have_not_started_or_have_ended_can_be_canceled_too(space: Workspace) -> None:
    space.apply(request("one", later(after="24h"), held(), concurrencyPolicy="Forbid"))
    space.wait_phase("one", "Scheduled")
    space.create(manual_run("one", "going"))
    space.wait_log("going", "begun")
    space.create(manual_run("one", "pending"))
    space.wait_reason("pending", "Waiting")
    assert space.cancel("pending").ok
    status = space.wait_run("pending", "Canceled")["status"]
    assert status["log"] == {"reason": "NeverStarted"}
    assert "startTime" not in status
    assert space.cluster.find("job", "pending", space.namespace) is None

    (waiting,) = [run for run in space.runs("one") if run["spec"]["trigger"] == "Later"]
    assert space.cancel(name_of(waiting)).ok
    assert "startTime" not in space.wait_run(name_of(waiting), "Canceled")["status"]

    space.release("going")
    done = space.wait_run("going", "Succeeded")
    assert space.cancel("going").ok
    space.let_operator_catch_up()
    assert space.run("going")["status"] == done["status"], "a run that has ended stays as it ended"

    space.create(manual_run("one", "stillborn", cancel=True))
    status = space.wait_run("stillborn", "Canceled")["status"]
    assert status["log"] == {"reason": "NeverStarted"}
    assert space.cluster.find("job", "stillborn", space.namespace) is None
    assert {name_of(pod).rsplit("-", 1)[0] for pod in space.pods("one")} == {"going"}


def test_a_run_that_is_deleted_takes_its_job_along_and_is_not_made_again(space: Workspace) -> None:
    space.apply(request("long", immediately(), held()))
    name = name_of(space.wait_first_runs("long")[0])
    space.wait_log(name, "begun")
    space.delete("prun", name)
    space.wait(lambda: not space.jobs("long") and not space.pods("long"), "its Job and its pod are gone")
    space.wait_phase("long", "Failed")
    space.let_operator_catch_up()
    assert space.runs("long") == []
    space.reschedule("long")
    space.wait_first_runs("long")
