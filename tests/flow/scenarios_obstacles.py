"""Scenarios of obstacles to a request: what is missing, and what the API server rejects."""

from __future__ import annotations

from tests.builders.objects import Object
from tests.flow.driver import Flow, template
from tests.flow.scenario import Collection
from tests.flow.scenarios_once import NOW

from process_operator.cluster.errors import Forbidden, Invalid, QuotaExceeded
from process_operator.resources.kinds import JOB

OBSTACLES = Collection()
scenario = OBSTACLES.scenario

SUCCEEDED = "Succeeded/Completed"


@scenario("a request whose Process is missing, then appears", ends=[SUCCEEDED])
async def process_missing(flow: Flow) -> None:
    flow.apply(timing=NOW, process={"name": "close-day"})
    await flow.to(10)
    flow.expect(lambda: flow.acceptance(), ("Pending", "ProcessNotFound"))
    flow.apply_process("close-day")
    await flow.to(30)
    flow.expect(lambda: flow.newest().process, "close-day")


@scenario("a request with a parameter that is missing, then given", ends=[SUCCEEDED])
async def parameter_missing(flow: Flow) -> None:
    flow.apply_process("close-day", parameters=[{"name": "LEDGER", "required": True}])
    flow.apply(timing=NOW, process={"name": "close-day"})
    await flow.to(10)
    flow.expect(lambda: (flow.request().status.phase, flow.runs()), ("Invalid", []))
    flow.edit(parameters=[{"name": "LEDGER", "value": "main"}])
    await flow.to(30)


@scenario("a template that the server rejects, then mended", ends=[SUCCEEDED])
async def template_rejected(flow: Flow) -> None:
    flow.reject("create", JOB, Invalid('strict decoding error: unknown field "imagee"', status=400))
    flow.apply(timing=NOW)
    await flow.to(10)
    flow.expect(lambda: (flow.acceptance(), flow.runs()), (("Invalid", "TemplateRejected"), []))
    flow.reject("create", JOB, None)
    flow.edit(jobTemplate=template(image="busybox:2"))
    await flow.to(30)


@scenario("a quota that is full at apply time and heals", ends=[SUCCEEDED])
async def quota_at_apply(flow: Flow) -> None:
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    flow.apply(timing=NOW)
    await flow.to(40)
    flow.expect(lambda: flow.acceptance(), ("Pending", "QuotaExceeded"))
    flow.reject("create", JOB, None)
    await flow.to(80)


@scenario("a quota that is full when the run is due and heals", ends=[SUCCEEDED, SUCCEEDED])
async def quota_at_run(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.reject("create", JOB, QuotaExceeded("exceeded quota: q", status=403))
    flow.reschedule("again")
    await flow.to(50)
    flow.expect(lambda: flow.phases()[1], "Pending/QuotaExceeded")
    flow.reject("create", JOB, None)
    await flow.to(90)


@scenario("a quota that is full when very many runs are due and heals", ends=[SUCCEEDED] * 22)
async def quota_with_many_runs(flow: Flow) -> None:
    tries = 0

    def reject(_: Object) -> QuotaExceeded:
        nonlocal tries
        tries += 1
        return QuotaExceeded("exceeded quota: q", status=403)

    flow.apply(timing=NOW, history={"successful": 100})
    await flow.to(20)
    flow.cluster.rejections["create", JOB] = reject
    for number in range(21):
        flow.run_now(f"run-{number:02d}")
    await flow.to(80)
    # Ten are tried every fifteen seconds, not each of them.
    flow.expect(lambda: tries <= 60, wanted=True, undisturbed=True)
    flow.reject("create", JOB, None)
    await flow.to(100)


@scenario("a Job that an admission policy rejects at run time", ends=[SUCCEEDED, "Failed/Rejected"])
async def rejected_at_run(flow: Flow) -> None:
    flow.apply(timing=NOW)
    await flow.to(20)
    flow.reject("create", JOB, Forbidden("not on Mondays", status=403))
    flow.reschedule("again")
    await flow.to(40)
    flow.expect(lambda: flow.newest().message, "not on Mondays")


@scenario("a run whose name is taken by another owner's Job", ends=["Failed/NameTaken"])
async def name_taken(flow: Flow) -> None:
    owner = {"apiVersion": "v1", "kind": "ReplicationController", "name": "theirs", "uid": "u", "controller": True}
    flow.controllers.jobs_away = True
    flow.cluster.foreign_uids.add("u")
    flow.apply(timing=NOW, suspend=True)
    foreign = {"name": "job-f34a2bff-s1", "ownerReferences": [owner]}
    flow.cluster.create(JOB, {"metadata": foreign, "spec": {"template": {"metadata": {}, "spec": {}}}})
    await flow.to(10)
    flow.edit(suspend=False)
    await flow.to(20)
    # The message does not name the owner: the user might not be allowed to read Jobs.
    taken = "the name is taken by Job default/job-f34a2bff-s1, which does not belong to this run"
    flow.expect(lambda: flow.newest().message, taken)
