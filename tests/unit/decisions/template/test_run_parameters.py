"""Parameters of a single run: which are allowed, and what they change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from tests.builders.objects import Object
from tests.builders.snapshots import process, request, template

from process_operator.decisions.template.job_template import build_template, parameter_values
from process_operator.decisions.template.run_parameters import check_run_parameters, with_parameters
from process_operator.decisions.template.shape import TemplateError
from process_operator.resources.process import Process

LEDGER, YEAR = {"name": "LEDGER", "default": "main"}, {"name": "YEAR", "required": True}
DECLARES = process(parameters=[LEDGER, YEAR])
STEPS = process(jobTemplate=None, steps=[{"name": "load", "process": {"name": "load"}}], parameters=[LEDGER])
LOAD = {"load": process(parameters=[{"name": "MODE"}])}
OF_2026 = {"name": "YEAR", "value": "2026"}


def uses(*parameters: Object) -> Any:
    return request(process={"name": "close-day"}, parameters=list(parameters))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(None, {"LEDGER": "main", "YEAR": "2026"}, id="none"),
        pytest.param({}, {"LEDGER": "main", "YEAR": "2026"}, id="an empty map"),
        pytest.param({"YEAR": "2025"}, {"LEDGER": "main", "YEAR": "2025"}, id="in place of the request's"),
        pytest.param({"LEDGER": "tax"}, {"LEDGER": "tax", "YEAR": "2026"}, id="in place of a default"),
        pytest.param({"LEDGER": ""}, {"LEDGER": "", "YEAR": "2026"}, id="an empty value"),
    ],
)
def test_values_of_a_run_precede_those_of_the_request(given: dict[str, str] | None, expected: dict[str, str]) -> None:
    of = uses(OF_2026)
    assert parameter_values(with_parameters(of, given), DECLARES) == expected
    assert [each.value for each in of.spec.parameters] == ["2026"], "the request itself is unchanged"


def test_a_value_is_text_for_the_kubelet_also_when_it_is_the_run_s() -> None:
    of = with_parameters(uses(OF_2026), {"LEDGER": "$(SECRET)$$"})
    secret = {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}
    made = build_template(of, process(parameters=[LEDGER, YEAR], jobTemplate=template(env=[secret])))
    env = made.spec["template"]["spec"]["containers"][0]["env"]
    assert env[1:] == [
        {"name": "LEDGER", "value": "$$(SECRET)$$$$"},
        {"name": "YEAR", "value": "2026"},
        secret,
    ]


@pytest.mark.parametrize(
    ("given", "of", "steps"),
    [
        pytest.param({"LEDGER": "a", "YEAR": "b"}, DECLARES, {}, id="names that the Process declares"),
        pytest.param({"LEDGER": "a", "MODE": "b"}, STEPS, LOAD, id="names that the Process or a step declares"),
        pytest.param({"YEAR": "b"}, None, {}, id="names that the request with its own template sets"),
    ],
)
def test_allowed(given: dict[str, str], of: Process | None, steps: dict[str, Process]) -> None:
    owner = request(parameters=[OF_2026]) if of is None else uses(*([OF_2026] if of is DECLARES else []))
    check_run_parameters(given, owner, of, steps)


@dataclass(frozen=True)
class Rejected:
    """Values of a run that are not allowed, and why."""

    id: str
    given: dict[str, str]
    of: Process | None
    reason: str
    message: str
    steps: dict[str, Process] = field(default_factory=dict)


REJECTED: Final = [
    Rejected(
        "a name that the Process does not declare",
        given={"LEGDER": "a"},
        of=DECLARES,
        reason="ParameterUnknown",
        message='spec.parameters: Process close-day declares no parameter "LEGDER"; allowed: LEDGER, YEAR',
    ),
    Rejected(
        "a name that no step declares either",
        given={"YEAR": "a"},
        of=STEPS,
        reason="ParameterUnknown",
        message='spec.parameters: Process close-day and its steps declare no parameter "YEAR"; allowed: LEDGER, MODE',
        steps=LOAD,
    ),
    Rejected(
        "a variable of the template that is no parameter of the request",
        given={"PATH": "/tmp", "LD_PRELOAD": "x.so"},
        of=None,
        reason="ParameterUnknown",
        message='spec.parameters: ProcessRequest close has its own jobTemplate and sets no parameter "PATH", "LD_PRELOAD"; '
        "allowed: YEAR",
    ),
    Rejected(
        "long names, of which the message has a part",
        given={name * 5000: "x" for name in "abcde"},
        of=process(),
        reason="ParameterUnknown",
        message="spec.parameters: Process close-day declares no parameter "
        f'"{"a" * 63}", "{"b" * 63}", "{"c" * 63}"; allowed: none',
    ),
    Rejected(
        "a value that cannot be an environment variable",
        given={"YEAR": "20\0"},
        of=DECLARES,
        reason="ParameterInvalid",
        message="spec.parameters.YEAR: an environment variable cannot hold a NUL character",
    ),
    Rejected(
        "a value that does not match the pattern",
        given={"YEAR": "1999"},
        of=process(parameters=[LEDGER, {"name": "YEAR", "pattern": "20[0-9]{2}"}]),
        reason="ParameterInvalid",
        message="spec.parameters.YEAR: must match the pattern 20[0-9]{2} as a whole",
    ),
    Rejected(
        "a value that a step does not allow",
        given={"MODE": "slow"},
        of=STEPS,
        reason="ParameterInvalid",
        message='spec.parameters.MODE: must be one of "full", "fast"',
        steps={"load": process(parameters=[{"name": "MODE", "enum": ["full", "fast"]}])},
    ),
    Rejected(
        "many names, of which the message has twenty",
        given={"LEGDER": "a"},
        of=process(parameters=[{"name": f"P{number:02}"} for number in range(64)]),
        reason="ParameterUnknown",
        message='spec.parameters: Process close-day declares no parameter "LEGDER"; allowed: '
        + ", ".join(f"P{number:02}" for number in range(20))
        + " and 44 more",
    ),
    Rejected(
        "long values, of which the message has parts",
        given={"MODE": "slow"},
        of=process(parameters=[YEAR, {"name": "MODE", "enum": [f"{n:02}{'v' * 254}" for n in range(17)]}]),
        reason="ParameterInvalid",
        message="spec.parameters.MODE: must be one of "
        + ", ".join(f'"{n:02}{"v" * 59}..."' for n in range(16))
        + " and 1 more",
    ),
    Rejected(
        "a required parameter that neither the run nor its request sets",
        given={"LEDGER": "a"},
        of=process(parameters=[LEDGER, YEAR, {"name": "UNIT", "required": True}]),
        reason="ParameterMissing",
        message="spec.parameters: Process close-day requires UNIT",
    ),
]


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.id)
def test_rejected(case: Rejected) -> None:
    owner = request(parameters=[OF_2026]) if case.of is None else uses(*([] if case.of is STEPS else [OF_2026]))
    with pytest.raises(TemplateError) as caught:
        check_run_parameters(case.given, owner, case.of, case.steps)
    assert (caught.value.reason, caught.value.message) == (case.reason, case.message)
