"""Scenarios in which a status cannot be written as it is: its texts are too long, or the API server rejects it."""

from __future__ import annotations

from typing import Any

from tests.builders.objects import Object
from tests.flow.driver import Flow, later, shown
from tests.flow.scenario import Collection
from tests.flow.scenarios_blocked import is_ready, ready

from process_operator.cluster.errors import ApiError, Forbidden, Invalid
from process_operator.resources.kinds import JOB, PROCESS, PROCESS_RUN

LONG_TEXTS = Collection()
scenario = LONG_TEXTS.scenario

SUCCEEDED, UNKNOWN, INVALID = "Succeeded/Completed", "Failed/ParameterUnknown", "Failed/ParameterInvalid"
NAMES = [f"P{number:02}_{'X' * 59}" for number in range(64)]


def every_minute(until: int) -> dict[str, Any]:
    """A timing of every minute from the beginning, up to a second."""
    return {"schedule": {"secondly": {"every": 60}, "finishTime": later(until)}}


def reject(flow: Flow, verb: str, kind: Any, name: str, error: ApiError) -> None:
    """Let the API server reject one object. Of a run it rejects the end only."""

    def judge(body: Object) -> ApiError | None:
        is_meant = body["metadata"]["name"] == name and (kind is JOB or body["status"]["phase"] == "Failed")
        return error if is_meant else None

    flow.cluster.rejections[verb, kind] = judge


@scenario(
    "manual runs are rejected beside a schedule, by messages with thousands of names and long values",
    ends=[SUCCEEDED, INVALID, UNKNOWN, SUCCEEDED, SUCCEEDED],
)
async def rejected_beside_ticks(flow: Flow) -> None:
    enum = [f"{number:02}{'y' * 254}" for number in range(64)]
    flow.apply_process(
        "close-day", parameters=[*({"name": name} for name in NAMES[:63]), {"name": "MODE", "enum": enum}]
    )
    flow.apply(timing=every_minute(150), process={"name": "close-day"})
    await flow.to(20)
    flow.run_now("unknown", parameters={"LEDGER": "tax"})
    flow.run_now("invalid", parameters={"MODE": "no"})
    await flow.to(40)
    flow.expect(lambda: (shown(flow.run("unknown")), shown(flow.run("invalid"))), (UNKNOWN, INVALID))
    flow.expect(lambda: (flow.run("unknown").status.message or "").endswith("and 44 more"), True)
    flow.expect(lambda: (flow.run("invalid").status.message or "").endswith("and 48 more"), True)
    await flow.to(200)


@scenario("a run of a Process whose many steps declare many parameters is rejected", ends=[UNKNOWN])
async def rejected_with_steps(flow: Flow) -> None:
    for step in range(4):
        declared = [{"name": f"S{step}{name}"[:63]} for name in NAMES]
        flow.apply_process(f"step-{step}", parameters=declared)
    steps = [{"name": f"step-{step}", "process": {"name": f"step-{step}"}} for step in range(4)]
    flow.cluster.create(PROCESS, {"metadata": {"name": "nightly"}, "spec": {"steps": steps}})
    flow.apply(timing={"schedule": {"cron": "0 0 1 1 *"}}, process={"name": "nightly"})
    await flow.to(5)
    flow.run_now("by-hand", parameters={"LEDGER": "tax"})
    await flow.to(20)
    flow.expect(lambda: (flow.newest().message or "").endswith("and 236 more"), True)


@scenario("a Job is rejected with a message that no status can hold", ends=[SUCCEEDED, "Failed/Rejected", SUCCEEDED])
async def long_rejection(flow: Flow) -> None:
    flow.apply(timing=every_minute(90))
    await flow.to(20)
    reject(flow, "create", JOB, "by-hand", Invalid("spec.template: Invalid value: " + "é" * 50_000, status=422))
    flow.run_now("by-hand")
    await flow.to(30)
    flow.expect(lambda: shown(flow.run("by-hand")), "Failed/Rejected")
    assert len(flow.run("by-hand").status.message or "") == 4096
    await flow.to(150)


@scenario(
    "the API server rejects the status of one run for a while, beside a schedule",
    ends=[SUCCEEDED, UNKNOWN, SUCCEEDED, SUCCEEDED, SUCCEEDED],
)
async def status_rejected(flow: Flow) -> None:
    message = 'processruns.process-operator.io "by-hand" is invalid: status: odd'
    await _status_rejected_for_a_while(flow, Invalid(message, status=422))


@scenario(
    "a policy forbids the status of one run for a while, beside a schedule",
    ends=[SUCCEEDED, UNKNOWN, SUCCEEDED, SUCCEEDED, SUCCEEDED],
)
async def status_forbidden(flow: Flow) -> None:
    message = 'processruns.process-operator.io "by-hand" is forbidden: ValidatingAdmissionPolicy "odd" denied request'
    await _status_rejected_for_a_while(flow, Forbidden(message, status=403))


async def _status_rejected_for_a_while(flow: Flow, error: ApiError) -> None:
    """The rejection stops neither the schedule nor the request, and the operator seldom tries again."""
    flow.apply_process("close-day", parameters=[{"name": "YEAR"}])
    flow.apply(timing=every_minute(210), process={"name": "close-day"})
    await flow.to(20)
    reject(flow, "patch", PROCESS_RUN, "by-hand", error)
    flow.run_now("by-hand", parameters={"LEDGER": "tax"})
    await flow.to(45)
    flow.expect(lambda: is_ready(flow), ("False", "Rejected"))
    flow.expect(lambda: ready(flow).message.startswith("the status of ProcessRun by-hand cannot be written"), True)
    written = len(flow.cluster.writes)
    await flow.to(160)
    flow.expect(lambda: flow.phases().count(SUCCEEDED), 3)
    flow.expect(lambda: shown(flow.run("by-hand")), "Pending")
    flow.expect(lambda: len(flow.cluster.writes) - written < 40, True, undisturbed=True)
    flow.cluster.rejections.clear()
    await flow.advance(25)
    flow.expect(lambda: shown(flow.run("by-hand")), UNKNOWN)
    flow.expect(lambda: is_ready(flow), ("True", "InForce"))
    await flow.to(280)
