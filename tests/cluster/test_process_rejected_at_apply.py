"""Processes that the API server itself rejects. kubectl applies them, as a user does.

The rules stand beside the models in `process_operator/resources`; here a real API server reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cluster.spec_patches import Patch, assert_kubectl_rejects, manifest, parameter, step

if TYPE_CHECKING:
    from tests.cluster.kubectl import Kubectl

BAD_PROCESSES = [
    pytest.param({"steps": [step()]}, "spec", "exactly one of jobTemplate and steps", id="a template and steps"),
    pytest.param({"jobTemplate": None}, "spec", "exactly one of jobTemplate and steps", id="no template, no steps"),
    pytest.param({"jobTemplate": None, "steps": []}, "spec.steps", "at least 1 items", id="a list of no steps"),
    pytest.param(
        {"jobTemplate": None, "steps": [step(), step()]}, "spec.steps[1]", "Duplicate value", id="two steps of one name"
    ),
    pytest.param(
        {"jobTemplate": None, "steps": [step("First_Step")]},
        "spec.steps[0].name",
        "must be lower-case letters, digits and -",
        id="a step in capitals",
    ),
    pytest.param(
        {"jobTemplate": None, "steps": [step("a" * 21)]},
        "spec.steps[0].name",
        "may not be more than 20",  # prose: words of the API server
        id="a long step",
    ),
    pytest.param(
        {"stopOnFailure": False}, "spec.stopOnFailure", "may only be set with steps", id="stopOnFailure without steps"
    ),
    pytest.param(
        {"concurrencyPolicy": "Sometimes"},
        "spec.concurrencyPolicy",
        'supported values: "Allow", "Forbid", "Queue"',
        id="a policy that does not exist",
    ),
    pytest.param(
        {"concurrencyPolicy": "Replace"},
        "spec.concurrencyPolicy",
        'supported values: "Allow", "Forbid", "Queue"',
        id="Replace over the runs of all requests",
    ),
    pytest.param(
        parameter(name="LEDGER", required=True, default="main"),
        "spec.parameters[0].default",
        "a required parameter cannot have a default",
        id="a required parameter with a default",
    ),
    pytest.param(
        parameter(name="PROCESS_RUN"), "spec.parameters[0].name", "must not begin with PROCESS_", id="a reserved name"
    ),
    *(
        pytest.param(
            parameter(name="LEDGER", pattern=pattern),
            "spec.parameters[0].pattern",
            "must be a regular expression in the syntax of RE2",
            id=f"a pattern with {words}",
        )
        for pattern, words in (
            ("(", "an open group"),
            ("a)|(b", "groups the wrong way round"),
            ("(?=a)", "a look-ahead"),
            (r"(a)\1", "a back reference"),
            ("a{1001}", "a thousand and one repetitions"),
        )
    ),
    pytest.param(
        parameter(name="LEDGER", pattern="a" * 81), "spec.parameters[0].pattern", "more than 80", id="a long pattern"
    ),
    pytest.param(
        parameter(name="LEDGER", pattern="a*", default="a" * 257),
        "spec.parameters[0].default",
        "must have at most 256 characters, because the parameter has a pattern",
        id="a default that is too long for a pattern",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["main", "tax"], default="Main"),
        "spec.parameters[0].default",
        "must be one of the values of enum",
        id="a default that is not in the enum",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["main"], pattern="main"),
        "spec.parameters[0].pattern",
        "enum and pattern cannot both be set",
        id="an enum and a pattern",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=[]), "spec.parameters[0].enum", "at least 1 items", id="an enum of nothing"
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["a", "a"]),
        "spec.parameters[0].enum[1]",
        "Duplicate value",
        id="an enum with one twice",
    ),
    pytest.param(
        parameter(name="LEDGER", enum=["x" * 257]),
        "spec.parameters[0].enum[0]",
        "more than 256",
        id="a long value of an enum",
    ),
    pytest.param(
        parameter(name="MY-NAME"),
        "spec.parameters[0].name",
        "must be the name of an environment variable",
        id="a name with a dash",
    ),
    pytest.param(
        {"parameters": [{"name": f"P{n}"} for n in range(65)]},
        "spec.parameters",
        "at most 64 items",
        id="65 parameters",
    ),
]


@pytest.mark.parametrize(("patch", "field", "words"), BAD_PROCESSES)
def test_a_process_is_rejected_for(
    cluster: Kubectl, shared_namespace: str, patch: Patch, field: str, words: str
) -> None:
    assert_kubectl_rejects(cluster, shared_namespace, manifest("Process", patch), field=field, words=words)
