"""Scenarios of runs by hand that have parameters of their own: each run keeps them, whatever happens in the middle."""

from __future__ import annotations

from typing import Any

from tests.flow.driver import Flow, shown, template
from tests.flow.scenario import Collection

from process_operator.resources import names
from process_operator.resources.kinds import JOB, PROCESS, PROCESS_RUN

PARAMETERS = Collection()
scenario = PARAMETERS.scenario

NOW: dict[str, object] = {"runImmediately": {}}
NEVER: dict[str, object] = {"schedule": {"cron": "0 0 1 1 *"}}
SUCCEEDED, UNKNOWN, INVALID = "Succeeded/Completed", "Failed/ParameterUnknown", "Failed/ParameterInvalid"
LEDGER, YEAR = {"name": "LEDGER", "default": "main"}, {"name": "YEAR"}


def values(flow: Flow, job: str) -> dict[str, str]:
    """The literal variables of a Job, without those of the operator."""
    body = flow.cluster.read(JOB, job)
    env = body["spec"]["template"]["spec"]["containers"][0]["env"]
    return {each["name"]: each["value"] for each in env if "value" in each and not each["name"].startswith("PROCESS_")}


def reported(flow: Flow, run: str) -> dict[str, str]:
    """The parameters that a run reports."""
    return {each.name: each.value for each in flow.run(run).status.parameters or ()}


def request(flow: Flow, **spec: Any) -> None:
    """The request `job` for a Process with two parameters, of which it sets one."""
    flow.apply_process("close-day", parameters=[LEDGER, YEAR])
    spec = {"timing": NEVER, "parameters": [{"name": "YEAR", "value": "2026"}], **spec}
    flow.apply(process={"name": "close-day"}, **spec)


@scenario("a run by hand with a value of its own beside one without", ends=[SUCCEEDED, SUCCEEDED])
async def own_value(flow: Flow) -> None:
    request(flow)
    await flow.to(5)
    flow.run_now("plain")
    flow.run_now("with-own", parameters={"LEDGER": "$(HOME)"})
    await flow.to(40)
    flow.expect(lambda: values(flow, "plain"), {"LEDGER": "main", "YEAR": "2026"})
    flow.expect(lambda: values(flow, "with-own"), {"LEDGER": "$$(HOME)", "YEAR": "2026"})
    assert reported(flow, "plain") == {"LEDGER": "main", "YEAR": "2026"}
    assert reported(flow, "with-own") == {"LEDGER": "$(HOME)", "YEAR": "2026"}


@scenario("runs by hand that wait in a queue, each with its value, while their request is edited", ends=[SUCCEEDED] * 4)
async def in_a_queue(flow: Flow) -> None:
    request(flow, timing=NOW, concurrencyPolicy="Queue")
    await flow.to(2)
    for year in ("2023", "2024", "2025"):
        flow.run_now(f"of-{year}", parameters={"YEAR": year})
    flow.edit(parameters=[{"name": "YEAR", "value": "2030"}, {"name": "LEDGER", "value": "tax"}])
    await flow.to(90)
    for year in ("2023", "2024", "2025"):
        assert values(flow, f"of-{year}") == {"LEDGER": "tax", "YEAR": year}
        assert reported(flow, f"of-{year}") == {"LEDGER": "tax", "YEAR": year}


@scenario("a run by hand with steps, each of which gets the value of the run", ends=[SUCCEEDED] * 3, writes=(12, 60))
async def in_steps(flow: Flow) -> None:
    for step in ("extract", "load"):
        flow.apply_process(step, parameters=[{"name": "LEDGER", "required": True}])
    steps = [{"name": step, "process": {"name": step}} for step in ("extract", "load")]
    spec = {"steps": steps, "parameters": [LEDGER]}
    flow.cluster.create(PROCESS, {"metadata": {"name": "nightly"}, "spec": spec})
    flow.apply(timing=NEVER, process={"name": "nightly"})
    await flow.to(5)
    flow.run_now("by-hand", parameters={"LEDGER": "tax"})
    await flow.to(80)
    uid = flow.run("by-hand").metadata.uid
    for step in ("extract", "load"):
        assert values(flow, names.step_run_name("by-hand", uid, step)) == {"LEDGER": "tax"}
        assert reported(flow, names.step_run_name("by-hand", uid, step)) == {"LEDGER": "tax"}
    assert reported(flow, "by-hand") == {"LEDGER": "tax"}


@scenario("a run by hand with an undeclared parameter replaces no other run", ends=[SUCCEEDED, UNKNOWN])
async def rejected(flow: Flow) -> None:
    flow.work(seconds=30)
    request(flow, timing=NOW, concurrencyPolicy="Replace")
    await flow.to(10)
    flow.run_now("by-hand", parameters={"LEGDER": "tax"})
    await flow.to(15)
    words = 'spec.parameters: Process close-day declares no parameter "LEGDER"; allowed: LEDGER, YEAR'
    flow.expect(lambda: (shown(flow.run("by-hand")), flow.newest().message), (UNKNOWN, words))
    flow.expect(lambda: flow.cluster.find(JOB, "by-hand"), None)
    assert reported(flow, "by-hand") == {}
    await flow.to(60)


@scenario("a run by hand whose parameter disappears while it waits and while it works", ends=[SUCCEEDED, UNKNOWN])
async def forgotten(flow: Flow) -> None:
    flow.work(seconds=30)
    request(flow, concurrencyPolicy="Forbid")
    await flow.to(5)
    flow.run_now("first", parameters={"LEDGER": "tax"})
    await flow.to(10)
    flow.run_now("second", parameters={"LEDGER": "tax"})
    await flow.to(15)
    flow.expect(lambda: shown(flow.run("second")), "Pending/Waiting")
    flow.cluster.patch(PROCESS, "default", "close-day", {"spec": {"parameters": [YEAR]}})
    await flow.to(60)


@scenario("a run by hand of a request with its own template, by one of the request's names", ends=[SUCCEEDED, UNKNOWN])
async def own_template(flow: Flow) -> None:
    flow.apply(timing=NEVER, parameters=[{"name": "YEAR", "value": "2026"}])
    await flow.to(5)
    flow.run_now("good", parameters={"YEAR": "2025"})
    flow.run_now("path", parameters={"PATH": "/tmp"})
    await flow.to(40)
    flow.expect(lambda: values(flow, "good"), {"YEAR": "2025"})
    flow.expect(lambda: flow.cluster.find(JOB, "path"), None)
    assert flow.cluster.find(PROCESS_RUN, "path") is not None


@scenario("runs of a CronJob report the values of their Jobs, also if the request is edited meanwhile")
async def of_a_cronjob(flow: Flow) -> None:
    flow.work(seconds=30)
    request(flow, timing={"schedule": {"cron": "*/10 * * * *"}})
    await flow.to(10 * 60 + 10)
    flow.expect(lambda: flow.request().status.engine, "CronJob")
    flow.edit(parameters=[{"name": "YEAR", "value": "2027"}])
    await flow.to(22 * 60)
    for run in flow.runs():
        assert reported(flow, run.metadata.name) == values(flow, run.metadata.name)
    flow.expect(lambda: [reported(flow, run.metadata.name)["YEAR"] for run in flow.runs()], ["2026", "2027"])


@scenario("a request whose value its Process no longer allows, until the request is edited", ends=[SUCCEEDED])
async def not_allowed(flow: Flow) -> None:
    request(flow)
    await flow.to(5)
    limited = [{"name": "YEAR", "pattern": "202[7-9]"}, {**LEDGER, "enum": ["main", "tax"]}]
    flow.cluster.patch(PROCESS, "default", "close-day", {"spec": {"parameters": limited}})
    await flow.to(10)
    flow.expect(lambda: flow.acceptance()[1], "ParameterInvalid")
    flow.run_now("waits")
    await flow.to(20)
    flow.expect(lambda: shown(flow.run("waits")), "Pending/ParameterInvalid")
    flow.edit(parameters=[{"name": "YEAR", "value": "2027"}])
    await flow.to(60)
    assert reported(flow, "waits") == {"YEAR": "2027", "LEDGER": "main"}


@scenario("runs by hand with values that are not allowed", ends=[SUCCEEDED, INVALID, INVALID])
async def not_allowed_by_hand(flow: Flow) -> None:
    flow.apply_process("close-day", parameters=[{"name": "YEAR", "pattern": "20[0-9]{2}"}])
    flow.apply(timing=NEVER, process={"name": "close-day"})
    await flow.to(5)
    flow.run_now("good", parameters={"YEAR": "2027"})
    flow.run_now("late", parameters={"YEAR": "2027; rm -r /"})
    flow.run_now("void", parameters={"YEAR": ""})
    await flow.to(60)
    flow.expect(lambda: flow.jobs(), ["good"])


@scenario("a run by hand supplies what its request lacks, which is not enough", ends=[SUCCEEDED])
async def required_of_the_request(flow: Flow) -> None:
    flow.apply_process("close-day", parameters=[{"name": "LEDGER", "required": True}])
    flow.apply(timing=NEVER, process={"name": "close-day"})
    await flow.to(5)
    flow.run_now("by-hand", parameters={"LEDGER": "tax"})
    await flow.to(20)
    flow.expect(lambda: shown(flow.run("by-hand")), "Pending/ParameterMissing")
    words = "ProcessRequest job is not accepted: spec.parameters: Process close-day requires LEDGER"
    flow.expect(lambda: flow.run("by-hand").status.message, words)
    flow.edit(parameters=[{"name": "LEDGER", "value": "main"}])
    await flow.to(50)
    assert reported(flow, "by-hand") == {"LEDGER": "tax"}


@scenario("the corrected Process of a stuck run drops its parameter", ends=[SUCCEEDED], remade=frozenset({"by-hand"}))
async def stuck_and_rejected(flow: Flow) -> None:
    flow.controllers.missing_images = frozenset({"missing"})
    flow.apply_process("close-day", parameters=[LEDGER], jobTemplate=template(image="missing"))
    flow.apply(timing=NEVER, process={"name": "close-day"})
    await flow.to(5)
    flow.run_now("by-hand", parameters={"LEDGER": "tax"})
    await flow.to(60)
    flow.expect(lambda: shown(flow.run("by-hand")), "Pending/ErrImagePull")
    corrected = {"jobTemplate": template(image="present")}
    flow.cluster.patch(PROCESS, "default", "close-day", {"spec": {**corrected, "parameters": [YEAR]}})
    await flow.to(120)
    words = (
        "its Job is not created again from the new template: ParameterUnknown: spec.parameters: Process close-day "
        'declares no parameter "LEDGER"; allowed: YEAR; it has not started: not found'
    )
    flow.expect(lambda: (shown(flow.run("by-hand")), flow.newest().message), ("Pending/ErrImagePull", words))
    written = len(flow.cluster.writes)
    await flow.to(180)
    flow.expect(lambda: len(flow.cluster.writes) - written <= 1, True, undisturbed=True)
    flow.cluster.patch(PROCESS, "default", "close-day", {"spec": {"parameters": [LEDGER]}})
    await flow.to(240)
    assert values(flow, "by-hand") == {"LEDGER": "tax"}
