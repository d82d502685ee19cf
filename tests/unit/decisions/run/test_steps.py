"""Processes with steps: objections, parameters of the steps, and acceptance. Neighbour: `test_step_runs.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import process, request, snapshot, template
from tests.builders.step_processes import NOW, grouped, named, uses

from process_operator.decisions.acceptance.acceptance import accept
from process_operator.decisions.acceptance.process import objection, process_status
from process_operator.decisions.inputs.observations import DryRun
from process_operator.decisions.plan.actions import (
    DryRunJob,
)
from process_operator.decisions.template.shape import TemplateError
from process_operator.decisions.template.step import step_templates
from process_operator.resources.engine import Engine
from process_operator.resources.process import Process

LARGE = ".*(.?.?.?){74}b"
TOO_LONG = "must have at most 256 characters"
TOO_LARGE = "spec.parameters: all patterns together, with those of steps, are too large"


def patterns(number: int, pattern: str) -> list[Object]:
    """Declarations with the same pattern."""
    return [{"name": f"N{index}", "pattern": pattern} for index in range(number)]


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
