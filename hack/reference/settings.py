"""Page of the settings: the environment variables of the operator and of the Process Monitor, from the models."""

from __future__ import annotations

from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from reference.markdown import NOTE, cell, table

_WORDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "min_length": "length at least"}


def settings_page(operator: type[BaseSettings], monitor: type[BaseSettings]) -> str:
    """The page, from the two models."""
    return "\n".join(
        [
            NOTE,
            "# Settings\n",
            "The programs read environment variables when they start. The chart sets them.\n",
            "## process-operator run\n",
            f"{operator.__doc__}\n",
            _variables(operator),
            "## process-operator monitor\n",
            f"{monitor.__doc__}\n",
            _variables(monitor).rstrip("\n"),
            "",
        ]
    )


def _variables(model: type[BaseSettings]) -> str:
    prefix = model.model_config.get("env_prefix", "")
    rows = (
        (f"`{prefix}{name.upper()}`", _default(field), cell(f"{field.description}{_limits(field)}"))
        for name, field in model.model_fields.items()
    )
    return table(("variable", "default", "meaning"), rows)


def _default(field: FieldInfo) -> str:
    """The default as a user writes it; nothing for an empty one."""
    if field.is_required():
        return "required"
    value: Any = field.default
    if value in (None, "", ()):
        return ""
    text = value.value if isinstance(value, Enum) else str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`"


def _limits(field: FieldInfo) -> str:
    found = [
        f"{words} {getattr(item, name):g}"
        for item in field.metadata
        for name, words in _WORDS.items()
        if getattr(item, name, None) is not None
    ]
    return f" Limits: {', '.join(found)}." if found else ""
