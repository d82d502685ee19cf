"""Run Immediately on a real node: once, when it is applied, and again only after a reschedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.builders.objects import Object
from tests.cluster.manifests import GRACE_SECONDS, IMAGE, immediately, process, request
from tests.cluster.workspace import conditions, created, instant, name_of, now

from process_operator.resources.names import LABEL_NO_BACKUP, LABEL_REQUEST, LABEL_REQUEST_UID, LABEL_RUN

if TYPE_CHECKING:
    from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.node


def test_a_request_runs_at_once_and_its_run_tells_everything(space: Workspace) -> None:
    began = now().replace(microsecond=0)
    space.apply(request("hello", immediately(), "echo hello; sleep 1; echo world"))
    (run,) = space.wait_runs("hello", 1, "Succeeded")
    owner, job = space.request("hello"), space.cluster.get("job", name_of(run), space.namespace)

    assert run["metadata"]["labels"] == {
        LABEL_REQUEST: "hello",
        LABEL_REQUEST_UID: owner["metadata"]["uid"],
        LABEL_RUN: name_of(run),
        LABEL_NO_BACKUP: "true",
    }
    assert _controller_of(run) == ("ProcessRequest", owner["metadata"]["uid"])
    assert _controller_of(job) == ("ProcessRun", run["metadata"]["uid"])
    assert run["spec"] == {
        "request": {"name": "hello"},
        "trigger": "Immediate",
        "scheduledTime": created(owner),
        "cancel": False,
    }

    (pod,) = space.pods("hello")
    status = run["status"]
    times = [instant(status[field]) for field in ("startTime", "endTime")]
    assert began <= times[0] <= times[1] <= now()
    assert (times[1] - times[0]).total_seconds() >= 1
    expected = {
        "phase": "Succeeded",
        "process": "hello",
        "duration": f"{(times[1] - times[0]).seconds}s",
        "job": name_of(run),
        "jobUID": job["metadata"]["uid"],
        "node": pod["spec"]["nodeName"],
        "pod": name_of(pod),
        "attempts": 1,
        "exitCode": 0,
        "reason": "Completed",
        "log": {"text": "hello\nworld", "truncated": False, "container": "main"},
    }
    assert {field: status.get(field) for field in expected} == expected
    assert conditions(status) == {"Finished": ("True", "Completed"), "Complete": ("True", "Completed")}
    assert set(status) == {*expected, "startTime", "endTime", "conditions", "observedGeneration"}


def _controller_of(thing: Object) -> tuple[str, str]:
    (reference,) = thing["metadata"]["ownerReferences"]
    assert reference["controller"]
    return reference["kind"], reference["uid"]


def test_the_request_sums_it_up_and_scripts_can_wait_for_it(space: Workspace) -> None:
    space.apply(request("good", immediately()))
    space.apply(request("bad", immediately(), "echo broken; exit 3"))
    for name, condition in (("good", "Complete"), ("bad", "Failed")):
        answer = space.cluster.wait("preq", name, space.namespace, f"condition={condition}")
        assert answer.ok, answer.message
    (run,) = space.runs("good")
    assert space.cluster.wait("prun", name_of(run), space.namespace, "condition=Finished").ok

    status = space.wait_phase("good", "Succeeded")
    owner = space.request("good")
    activation = status["activation"]
    assert (activation["number"], activation["since"], activation["runs"]) == (1, created(owner), 1)
    assert activation["specHash"]
    expected = {
        "observedGeneration": owner["metadata"]["generation"],
        "phase": "Succeeded",
        "schedule": "run immediately",
        "lastRun": {"name": name_of(run), "phase": "Succeeded"},
        "lastRunTime": created(run),  # a busy operator creates it a second later than the request
        "nextRunTime": None,
        "engine": None,
    }
    assert {field: status.get(field) for field in expected} == expected
    assert status.get("active", []) == []
    assert status.get("activeCount", 0) == 0
    assert status["counts"]["succeeded"] == 1
    assert conditions(status) == {
        "Accepted": ("True", "Accepted"),
        "Ready": ("True", "InForce"),
        "Stalled": ("False", "Accepted"),
        "Complete": ("True", "Completed"),
    }
    failed = space.wait_phase("bad", "Failed")
    assert failed["counts"]["failed"] == 1
    assert conditions(failed)["Failed"] == ("True", "ExitCode")

    space.wait_event("good", "RunFinished")
    space.wait_event("bad", "RunFailed")
    assert space.event_types("good") == {"Scheduled": "Normal", "RunStarted": "Normal", "RunFinished": "Normal"}
    assert space.event_types("bad") == {"Scheduled": "Normal", "RunStarted": "Normal", "RunFailed": "Warning"}
    assert name_of(run) in space.wait_event("good", "RunFinished")["message"]


def test_applying_again_or_editing_runs_nothing_and_each_reschedule_runs_once(space: Workspace) -> None:
    manifest = request("once", immediately(), "echo first")
    space.apply(manifest)
    space.wait_runs("once", 1, "Succeeded")
    space.apply(manifest)
    edited = request("once", immediately(), "echo second", parameters=[{"name": "X", "value": "1"}])
    space.apply(edited)
    space.wait_phase("once", "Succeeded")
    space.let_operator_catch_up()
    assert len(space.runs("once")) == 1

    value = space.reschedule("once")
    runs = space.wait_runs("once", 2, "Succeeded")
    assert [run["status"]["log"]["text"] for run in runs] == ["first", "second"]
    assert space.wait_phase("once", "Succeeded")["lastHandledReschedule"] == value
    space.reschedule("once", value)
    space.let_operator_catch_up()
    assert len(space.runs("once")) == 2, "a reschedule that was handled is over"


def test_a_request_created_suspended_runs_at_its_first_resume_only(space: Workspace) -> None:
    manifest = request("asleep", immediately(), suspend=True)
    space.apply(manifest)
    status = space.wait_phase("asleep", "Suspended")
    assert status["activation"]["number"] == 0
    assert conditions(status)["Ready"] == ("True", "Suspended")
    space.reschedule("asleep")
    space.let_operator_catch_up()
    assert space.runs("asleep") == [], "a reschedule waits for the resume"

    space.edit("asleep", suspend=False)
    (run,) = space.wait_runs("asleep", 1, "Succeeded")
    assert run["spec"]["trigger"] == "Immediate"
    assert instant(run["spec"]["scheduledTime"]) >= instant(created(space.request("asleep")))
    space.wait_phase("asleep", "Succeeded")

    space.apply(manifest)
    space.wait_phase("asleep", "Suspended")
    space.apply(manifest)
    space.let_operator_catch_up()
    assert len(space.runs("asleep")) == 1, "applying it while suspended runs nothing"
    space.edit("asleep", suspend=False)
    assert space.wait_phase("asleep", "Succeeded")["activation"]["number"] == 1
    assert len(space.runs("asleep")) == 1, "nor does a resume after its run"


def test_applying_the_manifest_does_not_undo_an_unschedule(space: Workspace) -> None:
    manifest = request("paused", immediately())
    space.apply(manifest)
    space.wait_runs("paused", 1, "Succeeded")
    space.edit("paused", suspend=True)
    space.wait_phase("paused", "Suspended")
    space.apply(manifest)
    space.let_operator_catch_up()
    assert space.status("paused")["phase"] == "Suspended"
    assert len(space.runs("paused")) == 1


ECHO = "echo run=$(PROCESS_RUN) at=$(PROCESS_SCHEDULED_TIME) ledger=$(LEDGER) mode=$(MODE) own=$(OWN) note=$(NOTE)"


def _nosy_template() -> Object:
    """A Job whose init container writes what it is told into a file, and whose container prints that and its own."""
    own = [{"name": "OWN", "value": "[$(LEDGER)]"}]
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    common = {"image": IMAGE, "env": own, "volumeMounts": mounts}
    pod = {
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "volumes": [{"name": "shared", "emptyDir": {}}],
        "initContainers": [{"name": "first", "command": ["sh", "-c", f"{ECHO} > /shared/said"], **common}],
        "containers": [{"name": "main", "command": ["sh", "-c"], "args": [f"cat /shared/said; {ECHO}"], **common}],
    }
    return {"spec": {"template": {"spec": pod}}}


def test_parameters_of_a_process_reach_every_container_and_expand(space: Workspace) -> None:
    declared = [{"name": "LEDGER", "required": True}, {"name": "MODE", "default": "full"}, {"name": "NOTE"}]
    space.apply(process("close-day", parameters=declared, jobTemplate=_nosy_template()))
    given = [{"name": "LEDGER", "value": "main"}]
    space.apply(request("close", immediately(), process={"name": "close-day"}, parameters=given))
    (run,) = space.wait_runs("close", 1, "Succeeded")
    assert run["status"]["process"] == "close-day"
    said = f"run={name_of(run)} at={run['spec']['scheduledTime']} ledger=main mode=full own=[main] note=$(NOTE)"
    # The shell gets $(NOTE) as it stands and runs a command NOTE, which is not there.
    lines = [line for line in run["status"]["log"]["text"].splitlines() if line.startswith("run=")]
    assert lines == [said.replace("note=$(NOTE)", "note=").rstrip()] * 2


def test_a_request_waits_for_its_process(space: Workspace) -> None:
    space.apply(request("early", immediately(), process={"name": "late"}))
    status = space.wait_phase("early", "Pending")
    assert {kind: conditions(status)[kind] for kind in ("Accepted", "Ready", "Stalled")} == {
        "Accepted": ("False", "ProcessNotFound"),
        "Ready": ("False", "ProcessNotFound"),
        "Stalled": ("False", "ProcessNotFound"),
    }
    assert space.runs("early") == []
    assert space.wait_event("early", "NotAccepted")["type"] == "Warning"
    space.apply(process("late"))
    space.wait_runs("early", 1, "Succeeded")
    assert conditions(space.wait_phase("early", "Succeeded"))["Accepted"] == ("True", "Accepted")
