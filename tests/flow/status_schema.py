"""The limits of the schema of a status, as the API server checks them at every write: lengths, numbers and enums.

`memory_api.py` checks every status that an operator writes, so every scenario fails if one text is too long.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from process_operator.resources.kinds import Kind
from process_operator.resources.schema import KINDS, Schema, crds


def problems(kind: Kind, status: Any) -> list[str]:
    """The fields of a status that the API server would not store, each with the reason."""
    return _problems(_schemas()[kind.plural], status, "status")


@cache
def _schemas() -> dict[str, Schema]:
    """The schema of the status of each kind, by the plural of the kind."""
    return {
        model.definition.kind.plural: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        for model, crd in zip(KINDS, crds(), strict=True)
    }


def _problems(schema: Schema, value: Any, path: str) -> list[str]:
    match value:
        case dict():
            found = [f"{path}.{name}: Required value" for name in schema.get("required", ()) if name not in value]
            properties = schema.get("properties", {})
            for name, item in value.items():
                inner = properties.get(name, schema.get("additionalProperties"))
                if isinstance(inner, dict):
                    found += _problems(inner, item, f"{path}.{name}")
            return found
        case list():
            found = [f"{path}: Too many: {len(value)}"] if len(value) > schema.get("maxItems", len(value)) else []
            for index, item in enumerate(value):
                found += _problems(schema["items"], item, f"{path}[{index}]")
            return found
        case str():
            # Go counts runes and Python code points, which are the same.
            is_long = len(value) > schema.get("maxLength", len(value))
            is_short = len(value) < schema.get("minLength", 0)
            is_known = value in schema.get("enum", (value,))
            texts = ((is_long, "Too long"), (is_short, "Too short"), (not is_known, "Unsupported value"))
            return [f"{path}: {text}" for is_wrong, text in texts if is_wrong]
        case bool() | None:
            return []
        case _:
            is_less, is_more = value < schema.get("minimum", value), value > schema.get("maximum", value)
            return [f"{path}: Invalid value: {value}"] if is_less or is_more else []
