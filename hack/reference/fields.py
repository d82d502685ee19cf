"""Pages of the four kinds: every field with its type, default, limits and rules, from the CRDs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from reference.markdown import NOTE, cell, table

_LIMITS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} entries",
}
"""Words for the limits of OpenAPI; a limit that is missing here raises KeyError through `_UNSAID`."""
_UNSAID: Final = {
    "type",
    "description",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "default",
    "enum",
    "format",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
}
"""Keys of a schema that the page shows in another way than as a limit."""


def kind_page(crd: str) -> tuple[str, str]:
    """File name and page of one kind, from the YAML text of its CRD."""
    spec = yaml.safe_load(crd)["spec"]
    (version,) = spec["versions"]
    names, schema = spec["names"], version["schema"]["openAPIV3Schema"]
    selectable = ", ".join(f"`{item['jsonPath'].removeprefix('.')}`" for item in version.get("selectableFields", ()))
    parts = [
        NOTE,
        f"# {names['kind']}\n",
        f"{schema['description']}\n",
        f"`{spec['group']}/{version['name']}`, resource `{names['plural']}`, short name `{names['shortNames'][0]}`.",
    ]
    if selectable:
        parts.append(f"Field selectors: {selectable}.")
    parts.append("")
    for part in ("spec", "status"):
        if part in schema["properties"]:
            parts += [f"## {part}\n", table(("field", "meaning"), _rows(part, schema["properties"][part], schema))]
    if rules := list(_rules(schema)):
        parts += ["## Rules of the whole object\n", *(f"- {rule}" for rule in rules), ""]
    return f"{names['singular']}.md", "\n".join(parts).rstrip() + "\n"


def _rows(path: str, schema: dict[str, Any], parent: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Rows of a field and of all fields below it; an item of a list is `[]`, a value of a map `.*`."""
    yield f"`{path}`", "<br>".join(cell(line) for line in _facts(path, schema, parent))
    for name, child in schema.get("properties", {}).items():
        yield from _rows(f"{path}.{name}", child, schema)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(child := schema.get(key), dict):
            yield from _rows(path + suffix, child, schema)


def _facts(path: str, schema: dict[str, Any], parent: dict[str, Any]) -> Iterator[str]:
    """Sentences about one field: meaning, type, default, limits, rules."""
    if description := schema.get("description"):
        yield description
    facts = [_type(schema)]
    if path.rpartition(".")[2] in parent.get("required", ()):
        facts.append("required")
    if "default" in schema:
        facts.append(f"default `{json.dumps(schema['default'])}`")
    if "enum" in schema:
        facts.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"]))
    facts += [_LIMITS[key].format(schema[key]) for key in schema if key not in _UNSAID]
    if keys := schema.get("x-kubernetes-list-map-keys"):
        facts.append("unique by " + ", ".join(f"`{key}`" for key in keys))
    elif schema.get("x-kubernetes-list-type") == "set":
        facts.append("without duplicates")
    yield "Type: " + "; ".join(facts) + "."
    yield from (f"Rule: {rule}." for rule in _rules(schema))


def _type(schema: dict[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    name = str(schema.get("type", "any"))
    return f"{name} ({schema['format']})" if "format" in schema else name


def _rules(schema: dict[str, Any]) -> Iterator[str]:
    """CEL rules in words: the messages of the API server, each with the field that it names."""
    for rule in schema.get("x-kubernetes-validations", ()):
        field = rule.get("fieldPath", "")
        yield f"{rule['message']} (`{field.removeprefix('.')}`)" if field else rule["message"]
