"""Without an API server, the same is rejected and accepted as with one: its own tables, and their fields and words.

The tables are those of the cluster tests, where a real API server and a real operator read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.cluster import (
    bad_inputs,
    test_accepted_at_apply,
    test_process_rejected_at_apply,
    test_request_rejected_at_apply,
    test_run_rejected_at_apply,
)
from tests.cluster.manifests import immediately, request
from tests.cluster.spec_patches import SHORTEST, Patch, manifest, merged

from process_operator.preview.manifest_set import manifest_set
from process_operator.preview.preview import Period, preview
from process_operator.resources.model import parse_instant
from process_operator.resources.schema import crds
from process_operator.resources.validation import object_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = Period(parse_instant("2026-11-22T20:00:00Z"), count=1)


def said(body: Patch) -> list[tuple[str, str]]:
    return [(error.field, error.message) for error in object_errors(body)]


def assert_rejected(kind: str, patch: Patch, field: str, words: str) -> None:
    errors = said(manifest(kind, patch))
    assert [message for where, message in errors if where == field and words in message], errors


@pytest.mark.parametrize(("patch", "field", "words"), test_process_rejected_at_apply.BAD_PROCESSES)
def test_a_process_is_rejected_for(patch: Patch, field: str, words: str) -> None:
    assert_rejected("Process", patch, field, words)


@pytest.mark.parametrize(("patch", "field", "words"), test_request_rejected_at_apply.BAD_REQUESTS)
def test_a_request_is_rejected_for(patch: Patch, field: str, words: str) -> None:
    assert_rejected("ProcessRequest", patch, field, words)


@pytest.mark.parametrize(("patch", "field", "words"), test_run_rejected_at_apply.BAD_RUNS)
def test_a_run_is_rejected_for(patch: Patch, field: str, words: str) -> None:
    assert_rejected("ProcessRun", patch, field, words)


@pytest.mark.parametrize(("kind", "patch"), test_accepted_at_apply.GOOD)
def test_taken(kind: str, patch: Patch) -> None:
    assert said(manifest(kind, patch)) == []


@pytest.mark.parametrize("length", [63, 64, 253])
@pytest.mark.parametrize("kind", list(SHORTEST))
def test_a_name_has_at_most_63_characters(kind: str, length: int) -> None:
    wanted = [] if length == 63 else [("metadata.name", "metadata.name must be no more than 63 characters")]
    assert said(merged(manifest(kind, {}), {"metadata": {"name": "n" * length}})) == wanted


# The messages of the API server about metadata and the whole object were seen on 1.36.
AROUND_THE_SPEC = [
    pytest.param({"metadata": None}, "metadata", "Required value", id="no metadata"),
    pytest.param({"metadata": {"name": None}}, "metadata.name", "name or generateName is required", id="no name"),
    pytest.param(
        {"metadata": {"name": None, "generateName": "a-"}}, "metadata.name", "generateName", id="a name to be made up"
    ),
    pytest.param({"metadata": {"name": "Close"}}, "metadata.name", "lower case", id="a name in capitals"),
    pytest.param({"metadata": {"name": "close_day"}}, "metadata.name", "lower case", id="a name with an underscore"),
    pytest.param({"metadata": {"name": 5}}, "metadata.name", "of type string", id="a number for a name"),
    pytest.param({"metadata": {"nmae": "a"}}, "metadata.nmae", "unknown field", id="a field misspelt"),
    pytest.param({"metadata": {"namespace": "a.b"}}, "metadata.namespace", "lower case", id="a namespace with a dot"),
    pytest.param({"metadata": {"labels": {"a": 5}}}, "metadata.labels.a", "of type string", id="a number for a label"),
    pytest.param({"metadata": {"labels": {"a": "b c"}}}, "metadata.labels.a", "letters", id="a label with a blank"),
    pytest.param({"metadata": {"labels": {"a b": "c"}}}, "metadata.labels", "'a b'", id="a label's key with a blank"),
    pytest.param({"metadata": {"annotations": ["a"]}}, "metadata.annotations", "of type object", id="a list of them"),
    pytest.param({"spec": None}, "spec", "Required value", id="no spec"),
    pytest.param({"spec": "text"}, "spec", 'must be of type object: "string"', id="a text for a spec"),
    pytest.param({"extra": 1}, "extra", "unknown field", id="a field beside the spec"),
]


@pytest.mark.parametrize(("patch", "field", "words"), AROUND_THE_SPEC)
def test_around_the_spec_is_rejected(patch: Patch, field: str, words: str) -> None:
    body = manifest("ProcessRequest", {})
    errors = said(merged(body, patch) if patch != {"metadata": None} else {**body, "metadata": None})
    assert [message for where, message in errors if where == field and words in message], errors


FINE_METADATA = [
    pytest.param({"labels": {"app.kubernetes.io/name": "erp", "empty": ""}}, id="labels"),
    pytest.param({"annotations": {"note": "two words\nand a line"}}, id="annotations of any text"),
    pytest.param({"creationTimestamp": None, "managedFields": [], "uid": "x"}, id="fields that a cluster adds"),
]


@pytest.mark.parametrize("metadata", FINE_METADATA)
def test_metadata_is_taken(metadata: Patch) -> None:
    body = manifest("ProcessRequest", {})
    assert said({**body, "metadata": {**body["metadata"], **metadata}}) == []


BREAKS = [
    pytest.param({"timing": {"schedule": {"daily": {"at": "02:30\n"}}}}, id="a time of day with a line break"),
    pytest.param({"timing": {"runLater": {"startTime": "2027-02-30T00:00:00Z"}}}, id="30 February"),
    pytest.param({"timing": {"schedule": {"secondly": {"every": True}}}}, id="a boolean for a number"),
    pytest.param({"timing": {"schedule": {"secondly": {"every": 1.5}}}}, id="a fraction for a whole number"),
    pytest.param({"timing": {"schedule": {"monthly": {"at": "02:30", "day": True}}}}, id="a boolean for a day"),
    pytest.param({"timing": [{"runImmediately": {}}]}, id="a list for an object"),
    pytest.param({"parameters": {"name": "A", "value": "b"}}, id="an object for a list"),
    pytest.param({"parameters": [None]}, id="a null in a list"),
    pytest.param({"startingDeadlineSeconds": 2**63}, id="a number beyond 64 bits"),
]


@pytest.mark.parametrize("patch", BREAKS)
def test_nothing_slips_past_or_breaks(patch: Patch) -> None:
    assert said({**manifest("ProcessRequest", {}), "spec": {**SHORTEST["ProcessRequest"], **patch}})


def patterns(schema: dict[str, Any], path: str) -> Iterator[str]:
    if "pattern" in schema or ("format" in schema and schema["type"] == "string"):
        yield path
    below = {**schema.get("properties", {}), **({"[]": schema["items"]} if "items" in schema else {})}
    for name, child in below.items():
        yield from patterns(child, f"{path}.{name}")


def test_no_form_of_a_text_is_shown_as_a_pattern() -> None:
    """The API server would print the pattern itself; a rule prints a sentence."""
    schemas = {crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds()}
    assert [path for kind, schema in schemas.items() for path in patterns(schema, kind)] == []


# ---- Objects that the operator rejects. The API server checks a Job's own fields, by a dry run: here they pass.

BY_DRY_RUN = {"an unknown field", "no image", "an image that is a number", "a label with a blank"}
PROCESSES = [
    {**body, "spec": {name: value for name, value in body["spec"].items() if value is not None}}
    for body in bad_inputs.PROCESSES
]


def error_of(patch: Patch) -> str | None:
    body = request("r-1", **{"timing": immediately(), **patch})
    found = manifest_set([*PROCESSES, body], namespace="default")
    assert found.problems == []
    (given,) = found.requests
    assert given.request is not None, given.error
    return preview(given.request, given.process, NOW, step_processes=given.step_processes).error


@pytest.mark.parametrize(("patch", "reason", "words"), [row for row in bad_inputs.REJECTED if row.id not in BY_DRY_RUN])
def test_rejected_as_by_the_operator(patch: Patch, reason: str, words: str) -> None:
    error = error_of(patch)
    assert error is not None and words in error, (reason, error)


@pytest.mark.parametrize(("patch", "reason", "words"), [row for row in bad_inputs.REJECTED if row.id in BY_DRY_RUN])
def test_only_a_cluster_can_say(patch: Patch, reason: str, words: str) -> None:
    assert error_of(patch) is None, (reason, words)


@pytest.mark.parametrize("patch", bad_inputs.TAKEN)
def test_taken_as_by_the_operator(patch: Patch) -> None:
    assert error_of(patch) is None
