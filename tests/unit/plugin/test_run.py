"""Parameters of `run --process`."""

from __future__ import annotations

from typing import Any

import pytest

from process_operator.client.inputs import InputError
from process_operator.plugin import run
from process_operator.plugin.errors import CommandError, Exit
from process_operator.resources.validation import object_errors

PROCESS: dict[str, Any] = {
    "metadata": {"name": "close"},
    "spec": {"parameters": [{"name": "LEDGER", "required": True}, {"name": "FORMAT", "default": "pdf"}]},
}


def test_values_are_kept_as_they_are_written() -> None:
    assert run.parameter_values(["A=1", "B=x=y", "C="]) == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "x=y"},
        {"name": "C", "value": ""},
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(["LEDGER"], "write NAME=VALUE", id="no value"),
        pytest.param(["=7"], "write NAME=VALUE", id="no name"),
        pytest.param(["A=1", "A=2"], "A is given twice", id="twice"),
    ],
)
def test_bad_values(given: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        run.parameter_values(given)
    assert caught.value.status == Exit.USAGE


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(["FORMAT=csv"], "requires LEDGER: add -p LEDGER=VALUE", id="a required one is missing"),
        pytest.param(["LEDGER=7", "X=1"], "has no parameter X; it declares: LEDGER, FORMAT", id="an unknown one"),
    ],
)
def test_values_that_do_not_fit_the_process(given: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run._check_parameters(PROCESS, run.parameter_values(given))


def test_request_of_a_process_is_one_that_the_api_server_accepts() -> None:
    values = run.parameter_values(["LEDGER=7"])
    run._check_parameters(PROCESS, values)
    body = run._immediate_request("p" * 63, values, "erp")
    assert object_errors(body) == []
    assert body["spec"]["ttlSecondsAfterFinished"] == 3600


@pytest.mark.parametrize(
    ("message", "words"),
    [
        pytest.param(
            'spec.parameters: Process c declares no parameter "X"',
            '--param: Process c declares no parameter "X"',
            id="all",
        ),
        pytest.param("spec.parameters.YEAR: must match", "--param YEAR: must match", id="one of a run"),
        pytest.param("spec.parameters[2].value: YEAR must match", "--param: YEAR must match", id="one of a request"),
        pytest.param("Process c: spec.steps[0]: requires B", "Process c: spec.steps[0]: requires B", id="a step"),
    ],
)
def test_a_user_wrote_options_and_no_fields(message: str, words: str) -> None:
    with pytest.raises(CommandError) as caught, run._in_options():
        raise InputError("ParameterInvalid", message, ())
    assert (str(caught.value), caught.value.status) == (words, Exit.USAGE)
