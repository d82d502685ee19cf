"""Runs with steps: the state of the steps, the next action, and the run of one step. Neighbour: `test_steps.py`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, UID, activation, job, run, snapshot
from tests.builders.step_processes import NOW, grouped, named, uses

from process_operator.decisions.acceptance.acceptance import accept
from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.decisions.plan.actions import (
    CreateRun,
    FinishRun,
    KillJob,
    LookUpStep,
    PatchJob,
    ReportRun,
)
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.run.step_progress import log_of, step_progress
from process_operator.resources import names
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus, RunPhase, StepStatus

PARENT = "close-s1"


# ---- how far a run with steps is


def parent(*steps: StepStatus, **spec: Any) -> ProcessRun:
    """A run of the request that has begun these steps."""
    status = ProcessRunStatus(process="close-day", steps=steps, stop_on_failure=spec.pop("stop", True))
    return run(PARENT, trigger="Immediate", status=status.to_api(), spec=spec)


def step_run(step: str, of: ProcessRun, **status: Any) -> ProcessRun:
    """The open run of a step."""
    name = child_of(of, step)
    return run(name, trigger="Step", spec={"parent": {"name": of.metadata.name, "step": step}}, status=status)


def child_of(of: ProcessRun, step: str) -> str:
    """Name of the run of a step."""
    return names.step_run_name(of.metadata.name, of.metadata.uid, step)


def ended(name: str, phase: RunPhase = RunPhase.SUCCEEDED, reason: str = "Completed", **facts: Any) -> StepStatus:
    """A step that is over."""
    return StepStatus(name=name, process=name, run=f"run-{name}", phase=phase, reason=reason, **facts)


def pending(name: str, of_run: str | None = None) -> StepStatus:
    """A step that is not over."""
    return StepStatus(name=name, process=name, run=of_run)


ONE, TWO = ended("one"), pending("two")
MADE = pending("two", child_of(parent(ONE, TWO), "two"))
FAILED_TWO = ended("two", RunPhase.FAILED, "ExitCode", exit_code=3, attempts=1, message="no ledger")


@pytest.mark.parametrize(
    ("steps", "known", "expected"),
    [
        pytest.param([pending("one"), TWO], {}, "next one", id="nothing was made yet"),
        pytest.param([ONE, TWO], {}, "next two", id="the first is over"),
        pytest.param([ONE, TWO], {"open": "two"}, "going two", id="the second is open"),
        pytest.param([ONE, MADE], {}, "sought two", id="the second was made and is not open"),
        pytest.param([ONE, MADE], {"end": FAILED_TWO}, "over Failed", id="the second is known to have failed"),
        pytest.param(
            [ONE, TWO],
            {"end": FAILED_TWO},
            "over Failed",
            id="the second is known to have failed, and its creation was not recorded",
        ),
        pytest.param([ONE, MADE], {"end": None}, "over Unknown", id="the second was made and is no more"),
        pytest.param([ONE, TWO], {"end": None}, "next two", id="the second was never made"),
        pytest.param([ONE, FAILED_TWO], {}, "over Failed", id="both are recorded"),
    ],
)
def test_course(steps: list[StepStatus], known: Object, expected: str) -> None:
    of = parent(*steps)
    open_runs = (step_run(known["open"], of),) if "open" in known else ()
    ends = {child_of(of, "two"): known["end"]} if "end" in known else {}
    seen = snapshot(uses(), runs=(of,), step_runs=open_runs, step_ends=ends)
    progress = step_progress(view_of(seen, of), seen)
    if progress.open_run is not None:
        found = f"going {progress.open_run.run.spec.parent.step if progress.open_run.run.spec.parent else ''}"
    elif progress.lookup is not None:
        found = f"sought {progress.lookup.rpartition('-')[2]}"
    elif progress.following is not None:
        found = f"next {progress.following.name}"
    else:
        found = f"over {progress.steps[-1].phase}"
    assert found == expected


def test_a_run_of_another_uid_is_no_step_of_this_one() -> None:
    of = parent(pending("one"))
    foreign = step_run("one", of)
    renamed = foreign.model_copy(
        update={"metadata": foreign.metadata.model_copy(update={"name": "close-s1-00000000-one"})}
    )
    assert view_of(snapshot(uses(), runs=(of,), step_runs=(renamed,)), of).steps == {}


def test_log_of_a_run_with_steps() -> None:
    steps = (
        ended("extract", duration="12s"),
        ended("load", RunPhase.FAILED, "OOMKilled", duration="3s"),
        ended("index", RunPhase.UNKNOWN, "RunDeleted"),
        pending("report"),
    )
    assert log_of(steps).splitlines() == [
        "1/4 extract: Succeeded after 12s (run run-extract)",
        "2/4 load: Failed after 3s (run run-load): OOMKilled",
        "3/4 index: Unknown (run run-index): RunDeleted",
        "4/4 report: not run",
    ]


# ---- what is done about it


PROCESSES = {name: named(name) for name in ("one", "two")}


def decided(of: ProcessRun, *, spec: Object | None = None, processes: Object | None = None, **known: Any) -> Plan:
    """The plan about a run of `close-day`, whose steps are of the Processes `one` and `two`."""
    asked = uses(**(spec or {}))
    seen: Object = {"process": grouped("one", "two"), "step_processes": PROCESSES if processes is None else processes}
    hashes = timing_hash(asked.spec.timing)
    asks = accept(snapshot(asked, process=grouped("one", "two"), step_processes=PROCESSES), NOW).template_hash
    status = ProcessRequestStatus(
        activation=activation(runs=1, spec_hash=f"suspended-{hashes}" if asked.spec.suspend else hashes),
        template_hash=asks,
    )
    return decide(snapshot(asked, status=status, history=(), runs=(of,), **seen, **known), NOW)


def told(plan: Plan) -> list[str]:
    """Actions of a plan about runs, in words."""
    words = []
    for action in plan.actions:
        match action:
            case CreateRun(manifest=manifest, job=made):
                words.append(f"make {manifest['spec']['parent']['step']}{' with its Job' if made else ''}")
            case LookUpStep(run=name):
                words.append(f"look up {name.rpartition('-')[2]}")
            case KillJob(run=name):
                words.append(f"kill {name.rpartition('-')[2]}")
            case PatchJob(job=name):
                words.append(f"patch {name.rpartition('-')[2]}")
            case FinishRun(status=status):
                words.append(f"finish {status.phase}/{status.reason}")
            case ReportRun(status=status):
                words.append(f"report {status.phase}/{status.reason or ''}")
            case _:
                pass
    return words


CANCEL = {"cancel": True}
UNSCHEDULED_TWO = ended("two", RunPhase.CANCELED, "Unscheduled")


@pytest.mark.parametrize(
    ("of", "known", "expected"),
    [
        pytest.param(parent(pending("one"), TWO), {}, ["make one with its Job"], id="the first step begins"),
        pytest.param(parent(ONE, TWO), {}, ["make two with its Job"], id="the next step begins"),
        pytest.param(parent(ONE, MADE), {}, ["look up two"], id="a step that is not open is looked up"),
        pytest.param(parent(ONE, ended("two")), {}, ["finish Succeeded/Completed"], id="all went well"),
        pytest.param(parent(ONE, FAILED_TWO), {}, ["finish Failed/StepFailed"], id="the last step failed"),
        pytest.param(
            parent(FAILED_TWO, pending("one")), {}, ["finish Failed/StepFailed"], id="a step failed, and that stops it"
        ),
        pytest.param(
            parent(FAILED_TWO, pending("one"), stop=False), {}, ["make one with its Job"], id="a step failed, and the run continues"
        ),
        pytest.param(
            parent(FAILED_TWO, ONE, stop=False), {}, ["finish Failed/StepFailed"], id="it continued, and fails in the end"
        ),
        pytest.param(
            parent(ONE, TWO, **CANCEL), {}, ["finish Canceled/Canceled"], id="canceled between two steps"
        ),
        pytest.param(
            parent(ONE, ended("two"), **CANCEL), {}, ["finish Succeeded/Completed"], id="canceled too late"
        ),
        pytest.param(
            parent(FAILED_TWO, pending("one"), **CANCEL), {}, ["finish Failed/StepFailed"], id="canceled after a failure"
        ),
        pytest.param(
            parent(UNSCHEDULED_TWO, pending("one"), stop=False),
            {},
            ["finish Canceled/Unscheduled"],
            id="ended by Unschedule, and resumed before that was recorded",
        ),
        pytest.param(
            parent(ONE, TWO),
            {"spec": {"suspend": True, "onSuspend": "SuspendRunning"}},
            ["report Pending/Suspended"],
            id="the next step waits for the resume",
        ),
        pytest.param(
            parent(ONE, TWO), {"spec": {"suspend": True}}, ["make two with its Job"], id="it continues though unscheduled"
        ),
        pytest.param(
            parent(ONE, TWO),
            {"spec": {"suspend": True, "onSuspend": "CancelRunning"}},
            ["finish Canceled/Unscheduled"],
            id="unscheduled between two steps",
        ),
        pytest.param(
            parent(ONE, TWO),
            {"processes": {"one": named("one")}},
            ["report Running/ProcessNotFound"],
            id="the next step's Process is missing",
        ),
        pytest.param(
            parent(ONE, TWO),
            {"processes": {"two": named("two")}},
            ["make two with its Job"],
            id="the Process of a step that is over is missing",
        ),
    ],
)  # fmt: skip
def test_what_follows(of: ProcessRun, known: Object, expected: list[str]) -> None:
    assert told(decided(of, **known)) == expected


UNANSWERED = "pod close-1-abcde should be gone by 2027-03-01T12:00:00Z, but node worker-1 has not confirmed it"
PLACE = 'step 2 of 2, "two"'


@pytest.mark.parametrize(
    ("seen", "child", "expected"),
    [
        pytest.param({}, {}, [], id="it works"),
        *(
            pytest.param({}, {"reason": reason, "message": message}, [(reason, f"{PLACE}: {message}")], id=reason)
            for reason, message in (
                ("NotTerminated", UNANSWERED),
                ("PartlyEnded", "container main ended with code 0, proxy still runs"),
                ("Unhealthy", "Startup probe failed: 503"),
                ("Retrying", "attempt 2 of 4, last exit code 4"),
                ("NotSuspended", "another client resumed its Job"),
            )
        ),
        pytest.param(
            {"reason": "Unhealthy", "message": f"{PLACE}: Startup probe failed: 503"},
            {"reason": "Unhealthy", "message": "Startup probe failed: 503"},
            [],
            id="its state is known",
        ),
        pytest.param(
            {"reason": "Retrying", "message": f"{PLACE}: attempt 2 of 4"},
            {"reason": "Retrying", "message": "attempt 3 of 4"},
            [("Retrying", f"{PLACE}: attempt 3 of 4")],
            id="its message is new",
        ),
        pytest.param(
            {"reason": "Unhealthy", "message": f"{PLACE}: Startup probe failed: 503"},
            {},
            [(None, PLACE)],
            id="it works again",
        ),
    ],
)
def test_a_run_reports_the_state_of_the_step_that_runs(
    seen: Object, child: Object, expected: list[tuple[str | None, str]]
) -> None:
    of = parent(ONE, MADE)
    known = of.status.model_copy(update={"phase": RunPhase.RUNNING, "message": PLACE, **seen})
    step = step_run("two", of, phase="Running", startTime="2027-03-01T12:00:00Z", **child)
    plan = decided(
        of.model_copy(update={"status": known}), step_runs=(step,), jobs={step.metadata.name: job(step.metadata.name)}
    )
    reports = [action.status for action in plan.actions if isinstance(action, ReportRun) and action.run == PARENT]
    assert [(report.reason, report.message) for report in reports] == expected
    assert all(report.phase == RunPhase.RUNNING for report in reports)


def test_the_steps_are_written_down_before_the_first_run_is_made() -> None:
    plan = decided(run(f"{STEM}-s1", trigger="Immediate"))
    (report,) = [action for action in plan.actions if isinstance(action, ReportRun)]
    assert told(plan) == ["report Pending/"]
    assert (report.status.process, report.status.stop_on_failure) == ("close-day", True)
    assert report.status.steps == (
        StepStatus(name="step-one", process="one"),
        StepStatus(name="step-two", process="two"),
    )


def test_a_cancel_ends_the_open_step_and_nothing_more_begins() -> None:
    of = parent(MADE, pending("one"), **CANCEL)
    child = step_run("two", of)
    plan = decided(of, step_runs=(child,), jobs={child.metadata.name: job(child.metadata.name)})
    assert told(plan) == ["kill two"]
    (kill,) = [action for action in plan.actions if isinstance(action, KillJob)]
    words = f"Canceled run {PARENT}, to which this step belongs, was canceled"
    assert kill.patch["metadata"]["annotations"] == {names.ANNOTATION_KILL: words}


def test_a_suspension_suspends_the_job_of_the_present_step() -> None:
    of = parent(MADE, pending("one"))
    child = step_run("two", of)
    plan = decided(
        of,
        step_runs=(child,),
        jobs={child.metadata.name: job(child.metadata.name)},
        spec={"suspend": True, "onSuspend": "SuspendRunning"},
    )
    assert told(plan) == ["patch two"]


def test_the_run_of_a_step_belongs_to_its_parent() -> None:
    (made,) = [action for action in decided(parent(ONE, TWO)).actions if isinstance(action, CreateRun)]
    assert made.job is not None
    metadata, spec = made.manifest["metadata"], made.manifest["spec"]
    assert metadata["name"] == made.job["metadata"]["name"] == child_of(parent(), "two")
    assert metadata["ownerReferences"][0] == {
        "apiVersion": names.API_VERSION,
        "kind": "ProcessRun",
        "name": PARENT,
        "uid": f"uid-of-{PARENT}",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    assert (metadata["labels"][names.LABEL_REQUEST_UID], metadata["labels"][names.LABEL_PARENT]) == (UID, PARENT)
    parents = {"name": PARENT, "step": "two"}
    request_of = {"name": "close"}
    scheduled = "2027-03-01T12:00:00Z"
    assert spec == {"request": request_of, "trigger": "Step", "scheduledTime": scheduled, "parent": parents}


def test_the_run_of_a_step_whose_parent_is_over_is_ended() -> None:
    child = step_run("two", parent())
    plan = decided(
        run("close-s2", trigger="Manual"), step_runs=(child,), jobs={child.metadata.name: job(child.metadata.name)}
    )
    assert "kill two" in told(plan)


def test_where_the_request_is_gone_nothing_more_begins() -> None:
    known = Snapshot(namespace="erp", name="close", runs=(parent(ONE, TWO),), step_processes=PROCESSES)
    (finish,) = [action for action in decide(known, NOW).actions if isinstance(action, FinishRun)]
    assert (finish.status.phase, finish.status.reason, finish.status.process) == (
        "Canceled",
        "RequestNotFound",
        "close-day",
    )
    assert finish.status.message == 'step "two" was not run, because its request was deleted'


@pytest.mark.parametrize(
    ("parent_name", "step"),
    [
        pytest.param("nightly-1a2b3c4d-1803902400", "load", id="of a tick"),
        pytest.param("n" * 63, "s" * 20, id="as long as can be"),
        pytest.param("n" * 32 + "-.-" + "n" * 20, "load", id="cut at a hyphen"),
    ],
)
def test_name_of_the_run_of_a_step(parent_name: str, step: str) -> None:
    name = names.step_run_name(parent_name, UID, step)
    assert len(name) <= names.MAX_NAME
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?-[0-9a-f]{8}-[a-z0-9]+", name)
    assert name != names.step_run_name(parent_name, "another UID", step)
