"""Processes with steps: what a step runs, how far a run with steps is, and how it ends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from tests.builders.instants import at
from tests.builders.objects import Object
from tests.builders.snapshots import STEM, UID, activation, job, process, request, run, snapshot, template

from process_operator.decisions.acceptance.acceptance import accept
from process_operator.decisions.acceptance.process import objection, process_status
from process_operator.decisions.inputs.observations import DryRun
from process_operator.decisions.inputs.run_view import view_of
from process_operator.decisions.inputs.snapshot import Snapshot
from process_operator.decisions.inputs.timing_hash import timing_hash
from process_operator.decisions.plan.actions import (
    CreateRun,
    DryRunJob,
    FinishRun,
    KillJob,
    LookUpStep,
    PatchJob,
    ReportRun,
)
from process_operator.decisions.plan.plan import Plan
from process_operator.decisions.request import decide
from process_operator.decisions.run.step_progress import log_of, step_progress
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import step_templates
from process_operator.resources import names
from process_operator.resources.engine import Engine
from process_operator.resources.process import Process
from process_operator.resources.process_request_status import ProcessRequestStatus
from process_operator.resources.process_run import ProcessRun, ProcessRunStatus, RunPhase, StepStatus

NOW = at("12:00:30")
PARENT = "close-s1"


def named(name: str, **spec: Any) -> Process:
    """A Process with a Job template."""
    body = {"metadata": {"name": name, "namespace": "erp"}, "spec": {"jobTemplate": template(), **spec}}
    return Process.model_validate(body)


def grouped(*steps: str, **spec: Any) -> Process:
    """The Process `close-day` with a step for each Process named."""
    listed = [{"name": f"step-{name}", "process": {"name": name}} for name in steps]
    return process(jobTemplate=None, steps=listed, **spec)


LARGE = ".*(.?.?.?){74}b"
TOO_LONG = "must have at most 256 characters"
TOO_LARGE = "spec.parameters: all patterns together, with those of steps, are too large"


def patterns(number: int, pattern: str) -> list[Object]:
    """Declarations with the same pattern."""
    return [{"name": f"N{index}", "pattern": pattern} for index in range(number)]


def uses(**spec: Any) -> Any:
    """A request for `close-day`."""
    return request(process={"name": "close-day"}, **spec)


def values(spec: Object) -> dict[str, str]:
    """The plain environment variables of the first container of a Job."""
    env = spec["template"]["spec"]["containers"][0]["env"]
    return {entry["name"]: entry["value"] for entry in env if "value" in entry}


# ---- what a Process with steps may be


@dataclass(frozen=True)
class Examined:
    """A Process with the Processes of its steps, and the objection to it."""

    id: str
    of: Process
    others: list[Process] = field(default_factory=list)
    reason: str | None = None
    message: str | None = None


EXAMINED: Final = [
    Examined("a step with a template", of=grouped("load"), others=[named("load")]),
    Examined(
        "a step whose Process is missing",
        of=grouped("load", "report"),
        others=[named("load")],
        reason="ProcessNotFound",
        message='spec.steps[1].process.name: step "step-report": there is no Process "report"; waiting for it',
    ),
    Examined(
        "a step that has steps",
        of=grouped("load"),
        others=[named("load", jobTemplate=None, steps=[{"name": "a", "process": {"name": "b"}}])],
        reason="Unsupported",
        message='spec.steps[0].process.name: step "step-load": Process load has steps itself; allowed: one with a jobTemplate',
    ),
    Examined(
        "a step whose Process has a policy",
        of=grouped("load"),
        others=[named("load", concurrencyPolicy="Forbid")],
        reason="Unsupported",
        message='spec.steps[0].process.name: step "step-load": Process load has concurrencyPolicy Forbid; '
        "allowed for the Process of a step: Allow",
    ),
    Examined(
        "a step whose template has no shape",
        of=grouped("load"),
        others=[named("load", jobTemplate={"spec": {"template": {"spec": {"containers": ["main"]}}}})],
        reason="TemplateRejected",
        message='spec.steps[0].process.name: step "step-load": Process load: '
        "spec.jobTemplate.spec.template.spec.containers[0]: must be an object, not a string",
    ),
    Examined(
        "a pattern that takes too long to compile, which the API server accepts",
        of=process(parameters=[{"name": "A"}, {"name": "B", "pattern": "\\pL{1000}"}]),
        reason="Unsupported",
        message="spec.parameters[1].pattern: RE2 cannot read it: pattern too large - compile failed",
    ),
    Examined(
        "a step with a default that is not allowed",
        of=grouped("load"),
        others=[named("load", parameters=[{"name": "A", "enum": ["x"], "default": "y"}])],
        reason="ParameterInvalid",
        message='spec.steps[0].process.name: step "step-load": Process load: spec.parameters[0].default: must be one of "x"',
    ),
    *(
        Examined(
            f"a default that {words}",
            of=process(parameters=[{"name": "A", "pattern": pattern, "default": default}]),
            reason="ParameterInvalid",
            message=f"spec.parameters[0].default: {problem}",
        )
        for pattern, default, problem, words in (
            ("20[0-9]{2}", "1999", "must match the pattern 20[0-9]{2} as a whole", "does not match"),
            ("a|b", "xb", "must match the pattern a|b as a whole", "matches with its end only"),
            ("a", "a\n", "must match the pattern a as a whole", "has a line break more"),
            (r"\d", "\u0661", r"must match the pattern \d as a whole", "is a digit of another script"),
            ("", "a", "must match the pattern  as a whole", "is longer than nothing"),
            ("a*", "a" * 257, f"{TOO_LONG}, because the parameter has a pattern", "is too long for a pattern"),
        )
    ),
    Examined("64 large patterns", of=process(parameters=patterns(64, LARGE)), reason="Unsupported", message=TOO_LARGE),
    Examined(
        "large patterns of steps, each of which is small enough alone",
        of=grouped("load", "load", parameters=patterns(6, LARGE)),
        others=[named("load", parameters=patterns(6, LARGE))],
        reason="Unsupported",
        message=TOO_LARGE,
    ),
    Examined(
        "many small patterns",
        of=grouped("load", parameters=patterns(64, "20[0-9]{2}")),
        others=[named("load", parameters=patterns(64, "[A-Z]{1,20}"))],
    ),
]


@pytest.mark.parametrize("case", EXAMINED, ids=lambda case: case.id)
def test_objection_to_a_process(case: Examined) -> None:
    found = objection(case.of, {other.metadata.name: other for other in case.others})
    assert (found.reason, found.message) == (case.reason, case.message) if found is not None else case.reason is None


def test_a_process_that_waits_for_the_process_of_a_step_is_not_stalled() -> None:
    status = process_status(grouped("load"), {}, NOW)
    assert {c.type: (str(c.status), c.reason) for c in status.conditions} == {
        "Ready": ("False", "ProcessNotFound"),
        "Stalled": ("False", "ProcessNotFound"),
        "Reconciling": ("True", "ProcessNotFound"),
    }


# ---- parameters

A, B = {"name": "A", "default": "of the step"}, {"name": "B", "required": True}


@dataclass(frozen=True)
class Passed:
    """Parameters of a Process with steps, of its step and of the request, and the values that the step gets."""

    id: str
    step: list[Object]
    expected: dict[str, str]
    own: list[Object] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)


PASSED: Final = [
    Passed("the step's default", step=[A], expected={"A": "of the step"}),
    Passed(
        "the default of what has the steps",
        own=[{"name": "A", "default": "own"}],
        step=[A],
        expected={"A": "own"},
    ),
    Passed(
        "the request's value",
        own=[{"name": "A", "default": "own"}],
        step=[A],
        given={"A": "given"},
        expected={"A": "given"},
    ),
    Passed("dollars, escaped for the kubelet", step=[A], given={"A": "$$(B)"}, expected={"A": "$$$$(B)"}),
    Passed(
        "only what the step declares",
        own=[{"name": "C"}],
        step=[A],
        given={"C": "x"},
        expected={"A": "of the step"},
    ),
    Passed("a default serves a required one", own=[{"name": "B", "default": "own"}], step=[B], expected={"B": "own"}),
]


@pytest.mark.parametrize("case", PASSED, ids=lambda case: case.id)
def test_parameters_of_a_step(case: Passed) -> None:
    parameters = [{"name": name, "value": value} for name, value in case.given.items()]
    (found,) = step_templates(
        uses(parameters=parameters), grouped("load", parameters=case.own), {"load": named("load", parameters=case.step)}
    )
    assert values(dict(found.template.spec)) == case.expected


@dataclass(frozen=True)
class Rejected:
    """Parameters of a request that its Process or its step does not allow."""

    id: str
    reason: str
    message: str
    own: list[Object] = field(default_factory=list)
    step: list[Object] = field(default_factory=list)
    given: list[str] = field(default_factory=list)


REJECTED: Final = [
    Rejected(
        "one that a step requires",
        reason="ParameterMissing",
        message='Process close-day: spec.steps[0] (step "step-load"): Process load requires B',
        step=[B],
    ),
    Rejected(
        "one that all need",
        reason="ParameterMissing",
        message="spec.parameters: Process close-day requires B",
        own=[B],
    ),
    Rejected(
        "a default of what has the steps that a step does not allow",
        reason="ParameterInvalid",
        message='Process close-day: spec.steps[0] (step "step-load"): Process load: A must be one of "x"',
        own=[{"name": "A", "default": "own"}],
        step=[{"name": "A", "enum": ["x"]}],
    ),
    Rejected(
        "one that what has the steps does not allow",
        reason="ParameterInvalid",
        message="spec.parameters[0].value: A must match the pattern [a-z] as a whole",
        own=[{"name": "A", "pattern": "[a-z]"}],
        given=["A"],
    ),
    Rejected(
        "one that a step does not allow",
        reason="ParameterInvalid",
        message='Process close-day: spec.steps[0] (step "step-load"): Process load: C must match the pattern [a-z] as a whole',
        own=[A],
        step=[{"name": "C", "pattern": "[a-z]"}],
        given=["C"],
    ),
    Rejected(
        "an undeclared one",
        reason="ParameterUnknown",
        message='spec.parameters[0].name: neither Process close-day nor one of its steps declares a parameter "C"; '
        "declared: A, B",
        own=[A],
        step=[B],
        given=["C"],
    ),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.id)
def test_parameters_rejected(case: Rejected) -> None:
    parameters = [{"name": name, "value": "1"} for name in case.given]
    with pytest.raises(TemplateError) as caught:
        step_templates(
            uses(parameters=parameters),
            grouped("load", parameters=case.own),
            {"load": named("load", parameters=case.step)},
        )
    assert (caught.value.reason, caught.value.message) == (case.reason, case.message)


# ---- acceptance of a request

STEPS = {"load": named("load"), "report": named("report", parameters=[{"name": "A", "default": "1"}])}
GROUP = grouped("load", "report")


def test_the_server_is_asked_about_the_job_of_every_step() -> None:
    acceptance = accept(snapshot(uses(), process=GROUP, step_processes=STEPS), NOW)
    assert isinstance(acceptance.lookup, DryRunJob)
    assert [values(dict(job["spec"])).get("A") for job in acceptance.lookup.manifests] == [None, "1"]
    said = DryRun(acceptance.lookup.template_hash)
    accepted = accept(snapshot(uses(), process=GROUP, step_processes=STEPS, dry_run=said), NOW)
    assert (accepted.is_accepted, [step.name for step in accepted.steps]) == (True, ["step-load", "step-report"])


def test_the_name_of_a_step_has_to_leave_room_for_the_index() -> None:
    body = template()
    body["spec"] |= {"completionMode": "Indexed", "completions": 12}
    step = {"name": "a" * 18, "process": {"name": "load"}}
    of = request({"schedule": {"cron": "0 2 * * *"}}, metadata={"name": "b" * 33}, process={"name": "close-day"})
    known = snapshot(
        of, process=process(jobTemplate=None, steps=[step]), step_processes={"load": named("load", jobTemplate=body)}
    )
    assert accept(known, NOW).message == (
        "Process close-day: spec.steps[0].name: must have at most 17 characters, because Process close-day: "
        f'spec.steps[0] (step "{"a" * 18}"): Process load: spec.jobTemplate.spec is an Indexed Job of 12 completions: '
        "its pods are named after the run and the index, in 63 characters without a dot"
    )


def test_a_rejection_names_the_step() -> None:
    ask = accept(snapshot(uses(), process=GROUP, step_processes=STEPS), NOW).lookup
    assert isinstance(ask, DryRunJob)
    said = DryRun(ask.template_hash, "TemplateRejected", "its own words", job=1)
    acceptance = accept(snapshot(uses(), process=GROUP, step_processes=STEPS, dry_run=said), NOW)
    assert acceptance.message == (
        'Process close-day: spec.steps[1] (step "step-report"): Process report: spec.jobTemplate: '
        "the API server rejects the Job: its own words"
    )


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        pytest.param(None, Engine.OPERATOR, id="unset"),
        pytest.param("Auto", Engine.OPERATOR, id="Auto"),
        pytest.param("Operator", Engine.OPERATOR, id="Operator"),
        pytest.param(
            "CronJob",
            "spec.engine: CronJob is not possible: spec.process: a CronJob makes one Job, and this Process has steps",
            id="CronJob",
        ),
    ],
)
def test_engine_of_steps(engine: str | None, expected: object) -> None:
    of = request({"schedule": {"cron": "0 2 * * *"}}, process={"name": "close-day"}, engine=engine)
    acceptance = accept(snapshot(of, process=GROUP, step_processes=STEPS), NOW)
    assert (acceptance.engine.engine if acceptance.engine is not None else acceptance.message) == expected


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
        pytest.param([ONE, TWO], {"end": FAILED_TWO}, "over Failed", id="... and its making was not written down"),
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
            parent(FAILED_TWO, pending("one"), stop=False), {}, ["make one with its Job"], id="... and it continues"
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
