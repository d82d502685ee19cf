"""CRD generator: builds the files of `crds/`, byte for byte, from the models of the four kinds.

Pydantic describes the models as JSON Schema. A CRD needs a structural OpenAPI v3 schema: no references, no titles, no
unions with null. `_structural` makes that conversion. Everything else comes from the models. `__main__.py` writes the
files.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import yaml

from process_operator.resources.kind import NOT_OBSERVED
from process_operator.resources.names import GROUP, VERSION
from process_operator.resources.process import Process
from process_operator.resources.process_backfill import ProcessBackfill
from process_operator.resources.process_request import ProcessRequest
from process_operator.resources.process_run import ProcessRun

if TYPE_CHECKING:
    from process_operator.resources.kind import Column, Definition, Resource

Schema = dict[str, Any]

KINDS: Final[tuple[type[Resource], ...]] = (Process, ProcessRequest, ProcessRun, ProcessBackfill)

_HEADER: Final = "# Generated from operator/process_operator/resources by `process-operator crds`; do not edit.\n"
_COPIED: Final = (
    "format",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)
_TYPE_META: Final[Schema] = {
    "apiVersion": {"type": "string", "description": f"Version of the API: {GROUP}/{VERSION}."},
    "kind": {"type": "string", "description": "Kind of the object."},
    # The API server owns the metadata. A CRD can only declare the name in it, which a rule needs.
    "metadata": {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 253, "description": "Name of the object."}},
    },
}


def crds() -> list[Schema]:
    """Give the CustomResourceDefinitions, one for each kind. Each call returns new objects, which the caller can change."""
    return [_crd(model) for model in KINDS]


def crd_files() -> dict[str, str]:
    """Give the CustomResourceDefinitions as YAML: the text of each file by its name."""
    return {f"{GROUP}_{crd['spec']['names']['plural']}.yaml": _HEADER + _to_yaml(crd) for crd in crds()}


def _crd(model: type[Resource]) -> Schema:
    definition, kind = model.definition, model.definition.kind
    version: Schema = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in definition.columns],
    }
    if definition.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in definition.selectable]
    version["schema"] = {"openAPIV3Schema": _root(model)}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": [definition.short_name],
                # Not `processes`, which is a plural already: `kubectl delete processes --all` would delete the requests too.
                "categories": ["process-operator"],
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def _column(column: Column) -> Schema:
    entry: Schema = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return entry | {"priority": 1} if column.wide else entry


def _root(model: type[Resource]) -> Schema:
    """Give the schema of a whole object."""
    described = model.model_json_schema(mode="validation", by_alias=True)
    types = described["$defs"]
    spec = _structural(described["properties"]["spec"], types, defaults=True)
    status = _structural(described["properties"]["status"], types, defaults=False)
    _set_status_default(status, model.definition)
    return {
        "type": "object",
        "description": _one_line(described["description"]),
        "required": ["spec"],
        "x-kubernetes-validations": described["x-kubernetes-validations"],
        "properties": deepcopy(_TYPE_META) | {"spec": spec, "status": status},
    }


def _set_status_default(status: Schema, definition: Definition) -> None:
    """Set the defaults of a status, which new objects show at once, without a write of the operator."""
    default: Schema = {"observedGeneration": NOT_OBSERVED, **definition.status_default}
    status["default"] = default
    for name, value in default.items():
        status["properties"][name]["default"] = value


def _structural(node: Schema, types: dict[str, Schema], *, defaults: bool) -> Schema:
    """Convert one node of pydantic's JSON Schema to a structural schema. `types` are the models by name."""
    node = _resolve(node, types)
    schema: Schema = {"type": node["type"]} if "type" in node else {}
    if "description" in node:
        schema["description"] = _one_line(node["description"])
    if defaults and node.get("default") not in (None, []):
        # The default of an object is {}, because its fields have defaults of their own.
        schema["default"] = {} if node["type"] == "object" else node["default"]
    schema |= {key: node[key] for key in _COPIED if key in node}
    if node.get("properties"):
        # The API server drops an empty map. A program that applies the CRD would then see a difference, and conflict.
        schema["properties"] = {
            name: _structural(item, types, defaults=defaults) for name, item in node["properties"].items()
        }
    if isinstance(node.get("additionalProperties"), dict):
        schema["additionalProperties"] = _structural(node["additionalProperties"], types, defaults=False)
    if "items" in node:
        # A list is applied as a whole, so that `kubectl apply` would report a default in an item as a change every time.
        schema["items"] = _structural(node["items"], types, defaults=False)
    return schema


def _resolve(node: Schema, types: dict[str, Schema]) -> Schema:
    """Replace a reference, or a union with null, by its target. Keys beside it have precedence."""
    if "anyOf" in node:
        (choice,) = [option for option in node["anyOf"] if option.get("type") != "null"]
        return _resolve(choice | {key: value for key, value in node.items() if key != "anyOf"}, types)
    if "$ref" in node:
        target = types[node["$ref"].removeprefix("#/$defs/")]
        return _resolve(target | {key: value for key, value in node.items() if key != "$ref"}, types)
    return node


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, with lists indented under their key."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _to_yaml(value: Schema) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)
