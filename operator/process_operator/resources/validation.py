"""Validation of manifests as in the API server: applies the schemas of the CRDs and evaluates their CEL rules.

It uses the schema that `schema.py` generates, so that no rule is written twice. The order is that of the API server:
unknown fields (strict), nulls dropped, defaults set, types and limits, and then the rules, if all of those are met.
`object_meta.py` checks the metadata.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cel

from process_operator.resources.object_meta import metadata_errors
from process_operator.resources.regular_expression import matches_part
from process_operator.resources.schema import crds

if TYPE_CHECKING:
    from process_operator.resources.schema import Schema

_BY_TYPE: Final[dict[str, type | tuple[type, ...]]] = {
    "object": Mapping,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}
_WORDS: Final = {type(None): "null", bool: "boolean", str: "string", int: "integer", float: "number", list: "array"}
_INTEGERS: Final = {"int32": 2**31, "int64": 2**63}


class FieldError(NamedTuple):
    """The error of a field (`spec.timing.schedule.daily.at`), in the words of the API server."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def object_errors(manifest: Mapping[str, Any]) -> list[FieldError]:
    """Give the errors for which the API server would reject the creation of a manifest; empty if it would accept it.

    The manifest is a JSON object of one of the four kinds. Raises KeyError for another kind.
    """
    schema = _schemas()[manifest["kind"]]
    errors = [FieldError(field, message) for field, message in metadata_errors(manifest.get("metadata"))]
    filled = _filled(manifest, schema, "", errors)
    if not errors:
        _apply_rules(filled, schema, "", errors)
    return errors


@cache
def _schemas() -> dict[str, Schema]:
    """Give the schema of each kind by its name."""
    made = {}
    for crd in crds():
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        # The API server owns these fields. A CRD can only add constraints for the name.
        schema["properties"]["metadata"]["x-kubernetes-preserve-unknown-fields"] = True
        made[crd["spec"]["names"]["kind"]] = schema
    return made


# ---- Types and limits


def _filled(value: Any, schema: Schema, path: str, errors: list[FieldError]) -> Any:
    """Give the value with defaults and without nulls, as rules see it. Errors are added to `errors`."""
    if (problem := _type_error(value, schema)) is not None:
        errors.append(FieldError(path, problem))
        return value
    errors += [FieldError(path, problem) for problem in _limit_errors(value, schema)]
    if isinstance(value, Mapping):
        return _filled_object(value, schema, path, errors)
    if isinstance(value, list):
        items = schema.get("items", {})
        filled = [_filled(item, items, f"{path}[{index}]", errors) for index, item in enumerate(value)]
        errors += [FieldError(f"{path}[{index}]", problem) for index, problem in _duplicates(filled, schema)]
        return filled
    return value


def _filled_object(value: Mapping[str, Any], schema: Schema, path: str, errors: list[FieldError]) -> dict[str, Any]:
    properties: dict[str, Schema] = schema.get("properties", {})
    filled: dict[str, Any] = {}
    for name, item in value.items():
        field = f"{path}.{name}" if path else name
        if name not in properties and "additionalProperties" in schema:
            filled[name] = _filled(item, schema["additionalProperties"], field, errors)
        elif name not in properties:
            if not schema.get("x-kubernetes-preserve-unknown-fields"):
                errors.append(FieldError(field, f"unknown field; known here: {', '.join(properties)}"))
            filled[name] = item
        elif item is not None:
            filled[name] = _filled(item, properties[name], field, errors)
    for name, below in properties.items():
        if name not in filled and "default" in below:
            filled[name] = _filled(below["default"], below, f"{path}.{name}", errors)
    errors += [
        FieldError(f"{path}.{name}" if path else name, "Required value")
        for name in schema.get("required", ())
        if name not in filled
    ]
    return filled


def _type_error(value: Any, schema: Schema) -> str | None:
    if schema.get("x-kubernetes-int-or-string"):
        allowed = "integer,string"
        fits = isinstance(value, int | str) and not isinstance(value, bool)
    elif "type" in schema:
        allowed = schema["type"]
        fits = isinstance(value, _BY_TYPE[allowed]) and (allowed == "boolean" or not isinstance(value, bool))
    else:
        return None
    return None if fits else f'must be of type {allowed}: "{_WORDS.get(type(value), "object")}"'


def _limit_errors(value: Any, schema: Schema) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{_shown(value)} is not allowed: supported values: {', '.join(map(_shown, schema['enum']))}"
    elif isinstance(value, str):
        yield from _string_errors(value, schema)
    elif isinstance(value, int):
        yield from _integer_errors(value, schema)
    elif isinstance(value, Mapping):
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"must have at most {schema['maxProperties']} items, not {len(value)}"
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"should have at least {schema['minItems']} items"
        if len(value) > schema.get("maxItems", len(value)):
            yield f"must have at most {schema['maxItems']} items, not {len(value)}"


def _string_errors(value: str, schema: Schema) -> Iterator[str]:
    if len(value) > schema.get("maxLength", len(value)):
        yield f"may not be more than {schema['maxLength']} bytes"  # prose: in the API server's words
        return
    if len(value) < schema.get("minLength", 0):
        yield f"should be at least {schema['minLength']} chars long"


def _integer_errors(value: int, schema: Schema) -> Iterator[str]:
    limit = _INTEGERS[schema.get("format", "int64")]
    if value < schema.get("minimum", -limit):
        yield f"{value} should be greater than or equal to {schema.get('minimum', -limit)}"
    if value > schema.get("maximum", limit - 1):
        yield f"{value} should be less than or equal to {schema.get('maximum', limit - 1)}"


def _duplicates(items: list[Any], schema: Schema) -> Iterator[tuple[int, str]]:
    """Give the duplicates in a set or map list, by their position."""
    kind = schema.get("x-kubernetes-list-type")
    if kind not in ("set", "map"):
        return
    keys = schema.get("x-kubernetes-list-map-keys", ())
    seen = set()
    for index, item in enumerate(items):
        of_map = kind == "map" and isinstance(item, Mapping)
        identity = json.dumps({key: item.get(key) for key in keys} if of_map else item, sort_keys=True, default=str)
        if identity in seen:
            yield index, f"Duplicate value: {identity}"
        seen.add(identity)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ---- Rules


def _apply_rules(value: Any, schema: Schema, path: str, errors: list[FieldError]) -> None:
    """Evaluate the rules at and below a value."""
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        for name, item in value.items():
            if (below := properties.get(name, schema.get("additionalProperties"))) is not None:
                _apply_rules(item, below, f"{path}.{name}" if path else name, errors)
    elif isinstance(value, list):
        items = schema.get("items", {})
        for index, item in enumerate(value):
            _apply_rules(item, items, f"{path}[{index}]", errors)
    # Rules about a change (with oldSelf) do not apply to a new object.
    errors += [
        FieldError(f"{path}{rule.get('fieldPath', '')}".lstrip("."), rule["message"])
        for rule in schema.get("x-kubernetes-validations", ())
        if "oldSelf" not in rule["rule"] and not _holds(rule["rule"], value)
    ]


def _holds(rule: str, value: Any) -> bool:
    context = cel.Context(variables={"self": value}, functions=_STRINGS)
    try:
        return bool(_program(rule).execute(context))
    except RuntimeError:
        return False  # as in the API server, to which a rule without an answer is an error of the object


def _substring(text: str, *bounds: int) -> str:
    return text[slice(*bounds) if len(bounds) > 1 else slice(bounds[0], None)]


# Functions of the extended strings library, which Kubernetes adds to CEL.
_STRINGS: Final[dict[str, Callable[..., Any]]] = {
    "lowerAscii": str.lower,
    "substring": _substring,
    "matchesAsRE2": lambda text, pattern: matches_part(pattern, text),
}


@cache
def _program(rule: str) -> cel.Program:
    # `matches` of this library has another syntax than RE2, and a built-in function cannot be replaced.
    return cel.compile(rule.replace(".matches(", ".matchesAsRE2("))
