"""The committed CRDs are those of the models, and keep the rules that the API server and `kubectl explain` live by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from process_operator.resources.schema import crd_files, crds

if TYPE_CHECKING:
    from collections.abc import Iterator

CRDS = Path(__file__).parents[3] / "crds"
Node = tuple[str, dict[str, Any]]


def nodes(schema: dict[str, Any], path: str) -> Iterator[Node]:
    """Every schema below and with this one, by its path."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for below in ("items", "additionalProperties"):
        if below in schema:
            yield from nodes(schema[below], f"{path}[]")


def version(crd: dict[str, Any]) -> dict[str, Any]:
    (only,) = crd["spec"]["versions"]
    assert isinstance(only, dict)
    return only


ALL: list[Node] = [
    node for crd in crds() for node in nodes(version(crd)["schema"]["openAPIV3Schema"], crd["spec"]["names"]["kind"])
]


def by_path(node: Node) -> str:
    return node[0]


def of_type(name: str) -> list[Node]:
    return [node for node in ALL if node[1].get("type") == name]


@pytest.mark.parametrize("folder", [CRDS, CRDS.parent / "charts" / "process-operator" / "files" / "crds"])
def test_the_committed_files_are_those_of_the_models(folder: Path) -> None:
    committed = {path.name: path.read_text() for path in folder.iterdir()}
    assert committed == crd_files(), "run `make crds`"


def test_the_files_say_what_the_dicts_say() -> None:
    assert [yaml.safe_load(text) for text in crd_files().values()] == crds()


def test_a_change_of_the_returned_schema_changes_no_other_copy() -> None:
    before = crd_files()
    for crd in crds():
        for _, schema in nodes(version(crd)["schema"]["openAPIV3Schema"], ""):
            schema["description"] = "mine"
    assert crd_files() == before


# The API server describes metadata itself, and a CRD must not.
@pytest.mark.parametrize("node", [node for node in ALL if not node[0].endswith(("[]", ".metadata"))], ids=by_path)
def test_every_field_is_explained_by_a_sentence(node: Node) -> None:
    assert re.fullmatch(r"[A-Z`].*\.", node[1].get("description", ""))


@pytest.mark.parametrize("node", of_type("array"), ids=by_path)
def test_every_list_is_bounded_and_says_how_it_merges(node: Node) -> None:
    _, schema = node
    assert schema["maxItems"] > 0
    assert schema["x-kubernetes-list-type"] in ("map", "set", "atomic")
    keys = schema.get("x-kubernetes-list-map-keys", [])
    assert bool(keys) == (schema["x-kubernetes-list-type"] == "map")
    assert set(keys) <= set(schema["items"].get("required", []))


@pytest.mark.parametrize("node", of_type("string"), ids=by_path)
def test_every_string_is_bounded_so_that_rules_can_be_priced(node: Node) -> None:
    path, schema = node
    assert "maxLength" in schema or "enum" in schema or path.split(".")[1] in ("apiVersion", "kind")


@pytest.mark.parametrize("node", of_type("integer"), ids=by_path)
def test_every_integer_has_a_size(node: Node) -> None:
    assert node[1]["format"] in ("int32", "int64")


@pytest.mark.parametrize("node", ALL, ids=by_path)
def test_the_schema_is_structural(node: Node) -> None:
    _, schema = node
    assert ("type" in schema) != schema.get("x-kubernetes-int-or-string", False)
    assert not {"$ref", "$defs", "anyOf", "allOf", "oneOf", "title", "const"} & schema.keys()


@pytest.mark.parametrize("node", [node for node in ALL if "additionalProperties" in node[1]], ids=by_path)
def test_every_map_is_bounded_and_has_no_fields(node: Node) -> None:
    _, schema = node
    assert schema["maxProperties"] > 0
    assert schema["type"] == "object"
    assert "properties" not in schema


@pytest.mark.parametrize("node", ALL, ids=by_path)
def test_nothing_in_it_is_dropped_when_it_is_stored(node: Node) -> None:
    # Else kubectl and Helm, which both apply the CRDs, would conflict about them.
    assert [key for key, value in node[1].items() if value in ({}, []) and key != "default"] == []


@pytest.mark.parametrize("node", [node for node in ALL if "x-kubernetes-validations" in node[1]], ids=by_path)
def test_every_rule_has_a_message_and_points_at_a_field_that_exists(node: Node) -> None:
    path, schema = node
    for rule in schema["x-kubernetes-validations"]:
        assert rule["message"]
        assert f"{path}{rule.get('fieldPath', '')}" in {name for name, _ in ALL}


def test_defaults_are_those_of_the_contract() -> None:
    assert {path: schema["default"] for path, schema in ALL if "default" in schema} == {
        "Process.spec.concurrencyPolicy": "Allow",
        "ProcessRequest.spec.timing.schedule.timeZone": "Etc/UTC",
        "ProcessRequest.spec.timing.schedule.weekly.every": 1,
        "ProcessRequest.spec.timing.schedule.monthly.every": 1,
        "ProcessRequest.spec.suspend": False,
        "ProcessRequest.spec.onSuspend": "KeepRunning",
        "ProcessRequest.spec.concurrencyPolicy": "Allow",
        "ProcessRequest.spec.catchUp": "Latest",
        "ProcessRequest.spec.history": {},
        "ProcessRequest.spec.history.successful": 3,
        "ProcessRequest.spec.history.failed": 3,
        "ProcessRequest.spec.history.other": 3,
        "ProcessRequest.spec.log": {},
        "ProcessRequest.spec.log.capture": "Always",
        "ProcessRequest.spec.log.tailBytes": 8192,
        "ProcessRun.spec.trigger": "Manual",
        "ProcessRun.spec.cancel": False,
        "Process.status": {"observedGeneration": -1},
        "Process.status.observedGeneration": -1,
        "ProcessRequest.status": {"observedGeneration": -1},
        "ProcessRequest.status.observedGeneration": -1,
        "ProcessRun.status": {"observedGeneration": -1, "phase": "Pending"},
        "ProcessRun.status.observedGeneration": -1,
        "ProcessRun.status.phase": "Pending",
        "ProcessBackfill.spec.maxActiveRuns": 1,
        "ProcessBackfill.spec.cancel": False,
        "ProcessBackfill.spec.rerun": "Never",
        "ProcessBackfill.status": {"observedGeneration": -1, "phase": "Pending"},
        "ProcessBackfill.status.observedGeneration": -1,
        "ProcessBackfill.status.phase": "Pending",
    }


@pytest.mark.parametrize("node", [node for node in ALL if "[]" in node[0]], ids=by_path)
def test_no_default_stands_in_an_item_of_a_list(node: Node) -> None:
    """`kubectl apply` compares a list as a whole, and would say "configured" forever."""
    assert "default" not in node[1]


def test_names_are_those_that_people_type() -> None:
    names = {crd["spec"]["names"]["plural"]: crd["spec"]["names"]["shortNames"] for crd in crds()}
    assert names == {
        "processes": ["proc"],
        "processrequests": ["preq"],
        "processruns": ["prun"],
        "processbackfills": ["pbf"],
    }
    for crd in crds():
        assert crd["spec"]["names"]["categories"] == ["process-operator"]
        assert crd["spec"]["scope"] == "Namespaced"
        assert version(crd)["subresources"] == {"status": {}}


@dataclass(frozen=True)
class Columns:
    """Columns of `kubectl get`, those of `-o wide`, and the fields of field selectors."""

    id: str
    kind: str
    narrow: str
    wide: str = ""
    selectable: str = ""


COLUMNS: Final = [
    Columns("processes", kind="Process", narrow="Description Ready Age"),
    Columns(
        "requests",
        kind="ProcessRequest",
        narrow="Process Schedule Status Last Result Next Age",
        wide="Engine Suspend Reason Description",
        selectable=".spec.process.name .status.phase",
    ),
    Columns(
        "runs",
        kind="ProcessRun",
        narrow="Request Scheduled Status Start Duration Age",
        wide="Process Trigger Started End Exit Reason Job Parent By",
        selectable=".status.phase .spec.request.name .spec.parent.name",
    ),
    Columns(
        "backfills",
        kind="ProcessBackfill",
        narrow="Request Status Done Failed Age",
        wide="From To Active Reason",
        selectable=".status.phase .spec.request.name",
    ),
]


@pytest.mark.parametrize("case", COLUMNS, ids=lambda case: case.id)
def test_kubectl_get_shows_and_selects_by(case: Columns) -> None:
    (crd,) = [crd for crd in crds() if crd["spec"]["names"]["kind"] == case.kind]
    columns = version(crd)["additionalPrinterColumns"]
    assert [column["name"] for column in columns if "priority" not in column] == case.narrow.split()
    assert [column["name"] for column in columns if column.get("priority") == 1] == case.wide.split()
    assert [field["jsonPath"] for field in version(crd).get("selectableFields", [])] == case.selectable.split()
